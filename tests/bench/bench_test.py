"""tools/bench keeps working: one short round gives a figure in every cell and leaves no process behind. No figure is judged."""

import os
import re
import signal
import subprocess
import sys
import unittest

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench.py")
BRIEF = ("--rounds=1", "--seconds=0.02", "--idle_connections=20", "--open_connections=50")
DEADLINE_S = 600
NUMBER = r"[\d.,e+]+"


def start(*arguments):
    """In a session of its own, so that whatever it starts can be found."""
    return subprocess.Popen([sys.executable, BENCH, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            start_new_session=True)


def in_session(leader):
    """Processes of that session which have not ended."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                state, _, _, session = file.read().rpartition(")")[2].split()[:4]
        except OSError:  # gone meanwhile
            continue
        if int(session) == leader and state != "Z":
            found.append(int(pid))
    return found


class Bench(unittest.TestCase):
    def bench(self, *arguments):
        process = start(*arguments)
        out, errors = process.communicate(timeout=DEADLINE_S)
        self.assertEqual(in_session(process.pid), [])
        return process.returncode, out, errors

    def test_every_target_gets_figures_and_a_verdict(self):
        code, out, errors = self.bench(*BRIEF)
        self.assertEqual(code, 0, out + errors)
        rows = [line for line in out.splitlines() if re.search(r"[<>]= [\d,.]+$", line)]
        for row in rows:
            figures = rf"(-|{NUMBER}) +({NUMBER}) +(-|{NUMBER}) +{NUMBER}\.\.{NUMBER}  [<>]= {NUMBER}$"
            self.assertRegex(row, figures)
        targets = {row.split()[0] for row in rows}
        self.assertLessEqual({"T1", "T2", "T4", "T6", "T7", "T9", "T10", "T13", "T14", "T20"}, targets)
        for target in targets:
            self.assertRegex(out, rf"(?m)^{target}: (met$|not judged|.*missed by [\d.,e+-]+ %)")
        for target, why in (("T8", "no Python environment"), ("T11", "no grpcurl")):
            if target not in targets:
                self.assertIn(f"{target} skipped: {why}", out)

    def test_one_target(self):
        code, out, errors = self.bench("t10", *BRIEF)
        self.assertEqual(code, 0, out + errors)
        self.assertRegex(out, r"(?m)^T10: ")
        self.assertNotIn("T1:", out)

    def test_arguments_that_make_no_sense(self):
        for arguments in (["T99"], ["--rounds=0"], ["--rounds=x"], ["--kinds=threaded", "--no_such"]):
            with self.subTest(arguments=arguments):
                code, out, errors = self.bench(*arguments)
                self.assertEqual((code, out), (2, ""), errors)
        self.assertEqual(self.bench("--help")[0], 0)

    def test_a_kind_there_is_not(self):
        code, _, errors = self.bench("T10", "--kinds=no_such", *BRIEF)
        self.assertEqual(code, 1)
        self.assertIn("no_such", errors)

    def test_a_signal_ends_what_was_started(self):
        process = start("T1", "--seconds=100")
        try:
            self.assertRegex(process.stderr.readline(), "round 1/5: .*/add/limit")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)
        self.assertEqual(in_session(process.pid), [])
