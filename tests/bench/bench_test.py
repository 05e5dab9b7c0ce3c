"""tools/bench keeps working: one short round gives a figure in every cell and leaves no process behind; JSON, chart and page
are what was measured. No figure is judged."""

import argparse
import contextlib
import copy
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from xml.etree import ElementTree

import bench
import chart
import page
import report
from plan import Kind, Plan

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench.py")
DOCS = os.path.join(os.path.dirname(BENCH), "..", "..", "docs")
BRIEF = ("--rounds=1", "--seconds=0.02", "--idle_connections=20", "--open_connections=50", "--cooperative_connections=60")
DEADLINE_S = 600
NUMBER = r"[\d.,e+]+"


def start(*arguments):
    """Runs it in its own session, so that whatever it starts can be found."""
    return subprocess.Popen([sys.executable, BENCH, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            start_new_session=True)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def in_session(leader):
    """Returns the processes of that session which have not ended."""
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

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = lambda name: os.path.join(directory.name, name)

    def test_every_target_gets_figures_and_a_verdict(self):
        # With one kind, which has nearly all targets; the other kinds are in the next test.
        code, out, errors = self.bench(*BRIEF, "--kinds=gevent", f"--json={self.path('json')}", f"--chart={self.path('svg')}")
        self.assertEqual(code, 0, out + errors)
        rows = [line for line in out.splitlines() if re.search(r"[<>]= [\d,.]+$", line)]
        for row in rows:
            figures = rf"(-|{NUMBER}) +({NUMBER}) +(-|{NUMBER}) +{NUMBER}\.\.{NUMBER}  [<>]= {NUMBER}$"
            self.assertRegex(row, figures)
        targets = {row.split()[0] for row in rows}
        self.assertLessEqual({"T1", "T2", "T6", "T7", "T9", "T10", "T13", "T14", "T17", "T18", "T19", "T20"}, targets)
        for target in targets:
            self.assertRegex(out, rf"(?m)^{target}: (met$|not judged|.*missed by [\d.,e+-]+ %)")
        for target, why in (("T8", "no Python environment"), ("T21", "no Python environment"), ("T11", "no grpcurl")):
            if target not in targets:
                self.assertIn(f"{target} skipped: {why}", out)

        results = json.loads(read(self.path("json")))
        self.assertEqual(len(results["rows"]), len(rows))
        self.assertEqual({row["target"] for row in results["rows"]}, targets)
        for row in results["rows"]:
            if row["what"].startswith("median of"):
                self.assertEqual(row["target"], "T21")
            for run in filter(None, (row["host_run"], row["limit_run"])):
                self.assertIn(row["figure"], results["rounds"][0][run], row)
        for name, figures in results["rounds"][0].items():
            self.assertEqual(figures.get("errors", 0), 0, name)
        self.assertRegex(results["host"]["version"], r"\d+\.\d+")
        self.assertGreaterEqual(results["machine"]["cores"], 1)
        self.assertEqual(results["options"]["idle_connections"], 20)
        drawn = "".join(ElementTree.parse(self.path("svg")).getroot().itertext())
        for name in ("bare socket", "Thrift threaded", "Cap'n Proto", "gRPC sync", "gRPC callback"):
            self.assertIn(name, drawn)

    def test_every_kind_gets_figures(self):
        code, out, errors = self.bench("T1", "T4", "T5", *BRIEF, f"--json={self.path('json')}")
        self.assertEqual(code, 0, out + errors)
        results = json.loads(read(self.path("json")))
        self.assertEqual({row["target"] for row in results["rows"]}, {"T1", "T4", "T5"})
        self.assertEqual({row["kind"] for row in results["rows"] if row["target"] == "T1"},
                         {"threaded", "thread_pool", "gevent", "forking"})
        for name, figures in results["rounds"][0].items():
            self.assertEqual(figures.get("errors", 0), 0, name)

    def test_one_target_and_what_has_moved_since(self):
        code, out, errors = self.bench("t20", *BRIEF, f"--json={self.path('json')}")
        self.assertEqual(code, 0, out + errors)
        self.assertRegex(out, r"(?m)^T20: ")
        self.assertNotIn("T1:", out)
        before = json.loads(read(self.path("json")))
        [row] = before["rows"]
        row.update(outcome=1e-9, range=[1e-9, 1e-9], met=True)
        with open(self.path("before"), "w") as file:
            json.dump(before, file)
        code, out, errors = self.bench("T20", *BRIEF, f"--against={self.path('before')}")
        self.assertEqual(code, 0, out + errors)
        self.assertRegex(out, r"(?m)^T20 +C\+\+ client.*: 1e-09 -> [\d.]+, WORSE")
        self.assertRegex(out, r"(?m)^1 of 1 moved")

    def test_nothing_to_compare_with(self):
        code, out, errors = self.bench("T20", *BRIEF, f"--against={self.path('none')}")
        self.assertEqual((code, out), (1, ""), errors)
        self.assertIn(self.path("none"), errors)

    def test_arguments_that_make_no_sense(self):
        for arguments in (["T99"], ["--rounds=0"], ["--cooperative_connections=0"], ["--rounds=x"],
                          ["--kinds=threaded", "--no_such"]):
            with self.subTest(arguments=arguments):
                code, out, errors = self.bench(*arguments)
                self.assertEqual((code, out), (2, ""), errors)
        self.assertEqual(self.bench("--help")[0], 0)

    def test_a_kind_there_is_not(self):
        code, _, errors = self.bench("T10", "--kinds=no_such", *BRIEF)
        self.assertEqual(code, 1)
        self.assertIn("no_such", errors)

    def test_a_signal_ends_what_was_started(self):
        process = start("T1", "--seconds=100", "--busy")
        try:
            self.assertRegex(process.stderr.readline(), r"5 rounds of \d+ measurements to go, about \d+ min")
            self.assertRegex(process.stderr.readline(), "round 1/5: .*/add/limit")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)
        self.assertEqual(in_session(process.pid), [])


class Idle(unittest.TestCase):
    """A machine that is busy judges nothing."""

    def setUp(self):
        self.loads = []
        for name, value in (("load_average", lambda: self.loads.pop(0) if len(self.loads) > 1 else self.loads[0]), ("IDLE_WAIT_S", 0)):
            self.addCleanup(setattr, bench, name, getattr(bench, name))
            setattr(bench, name, value)

    def test_a_busy_machine_is_refused_by_its_load(self):
        self.loads = [3.25]
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaisesRegex(bench.Failure, r"not idle: .* 3\.2.*--busy"):
            bench.wait_until_idle()

    def test_an_idle_one_is_not(self):
        self.loads = [0.99]
        with contextlib.redirect_stderr(io.StringIO()) as said:
            bench.wait_until_idle()
        self.assertEqual(said.getvalue(), "")


class Everyday(unittest.TestCase):
    """T21: a bound for each pattern and for the median, and a floor."""

    PATTERNS = {"a": (100, 50), "b": (90, 100), "c": (97, 100)}  # how often a second, of the host and of RPyC's own server

    def results(self, rounds):
        options = argparse.Namespace(seconds=1)
        plan = Plan(options, None, [Kind({"name": "threaded"})], [])
        for side in ("host", "limit"):
            plan.run(f"threaded/everyday/{side}", None)
        for name in self.PATTERNS:
            for version in ("5.3.1", "6.0.2"):
                plan.row("T21", plan.kinds[0], f"{name} {version}", "everyday", name, bound=1.0, floor=0.95, brief=name)
        plan.medians["T21"] = 1.8
        figures = {f"threaded/everyday/{side}": {name: numbers[at] for name, numbers in self.PATTERNS.items()}
                   for at, side in enumerate(("host", "limit"))}
        return report.document(plan, plan.rows, rounds * [figures], [], {"version": "1", "commit": None},
                               {"cpu": "x", "cores": 2, "kernel": "y"}, {"seconds": 1})

    def test_a_pattern_below_its_floor_is_a_failure_by_name(self):
        results = self.results(bench.ROUNDS)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(bench.verdict(results), bench.BELOW_FLOOR)
        self.assertEqual(out.getvalue().splitlines(), [
            f"FAILED: T21 threaded: b {version}: 0.9, below 0.95" for version in ("5.3.1", "6.0.2")])
        self.PATTERNS = {"a": (100, 50), "c": (97, 100)}
        self.assertEqual(bench.verdict(self.results(bench.ROUNDS)), 0)

    def test_few_rounds_judge_nothing(self):
        self.assertEqual(bench.verdict(self.results(bench.ROUNDS - 1)), 0)

    def test_the_median_has_a_bound_of_its_own(self):
        *_, row = self.results(1)["rows"]
        self.assertEqual((row["name"], row["outcome"], row["met"]), ("threaded: median of 6 ratios", 0.97, False))
        self.assertRegex("\n".join(report.table(self.results(1))), r"threaded: median of 6 ratios +- +0.97 +- +0.97..0.97  >= 1.8")

    def test_the_page_shows_the_worst_of_those_that_have_a_line_in_common(self):
        results = self.results(1)
        results["rows"][0]["outcome"] = 1.23
        lines = [line for line in page.lines(results) if line.startswith("| T21 | a |")]
        self.assertEqual(lines, ["| T21 | a | >= 1 | 1.23 |"])


class Results(unittest.TestCase):
    """The page in docs/, and what is made of a document."""

    def setUp(self):
        self.results = json.loads(read(os.path.join(DOCS, "performance.json")))

    def test_page_and_chart_are_those_of_the_figures(self):
        page_now = read(os.path.join(DOCS, "performance.md"))
        self.assertEqual(page.fill(page_now, self.results), page_now, "by hand? see tests/bench/README.md")
        self.assertEqual(chart.svg(self.results), read(os.path.join(DOCS, "performance.svg")))

    def test_a_document_survives_being_written(self):
        self.assertEqual(json.loads(report.dump(self.results)), self.results)

    def test_only_what_leaves_its_range_has_moved(self):
        now = copy.deepcopy(self.results)
        *_, last = report.moved(now, self.results)
        self.assertRegex(last, r"^0 of \d+ moved")
        row = next(row for row in now["rows"] if not row["at_most"])
        row["outcome"] = row["range"][1] * 2
        row["range"] = [row["range"][1] * 1.5, row["range"][1] * 3]
        told = list(report.moved(now, self.results))
        self.assertRegex(told[-1], r"^1 of \d+ moved")
        self.assertEqual([line for line in told if "better" in line], [line for line in told if row["name"] in line])

    def test_bars_grow_with_the_gain(self):
        row = dict(ratio=0.25, at_most=True)
        self.assertEqual(chart.gain(row), 4)
        self.assertEqual(chart.gain(dict(row, at_most=False)), 0.25)
        scale = chart.Scale([0.5, 4, 100])
        self.assertEqual(sorted([scale.x(4), scale.x(1), scale.x(100)]), [scale.x(1), scale.x(4), scale.x(100)])

    def test_a_page_without_marks_is_left_alone(self):
        with self.assertRaisesRegex(Exception, "no place for the table"):
            page.fill("# A page", self.results)
