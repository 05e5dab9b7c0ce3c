"""What a call of the C++ client costs the kernel: one send and one receive, counted by strace. No clock is looked at."""

import collections
import os
import re
import shutil
import tempfile
import unittest

import harness

LIMIT_SERVER = os.environ.get("LIMIT_SERVER", "bazel-bin/tests/bench/limit_server")
CLIENT_LOAD = os.environ.get("CLIENT_LOAD", "bazel-bin/tests/bench/client_load")
FEW, MANY = 200, 1200

RECEIVES = {"recvfrom", "recvmsg", "read", "readv"}
SENDS = {"sendto", "sendmsg", "write", "writev"}


class OneSendOneReceive(unittest.TestCase):
    def setUp(self):
        self.server = harness.Process([LIMIT_SERVER])
        self.addCleanup(self.server.kill)
        self.port = self.server.line().rpartition(" ")[2]

    def counts(self, calls, *flags):
        """Returns the system calls of a client that makes this many calls, by name."""
        strace = shutil.which("strace", path="/usr/bin:/bin:/usr/local/bin")
        if not strace:
            raise unittest.SkipTest("no strace")
        with tempfile.NamedTemporaryFile(prefix="rpychost-strace-", dir="/tmp", mode="r", errors="replace") as file:
            client = harness.Process([strace, "-f", "-o", file.name, CLIENT_LOAD, f"--port={self.port}", f"--calls={calls}",
                                      *flags])
            self.addCleanup(client.kill)
            code = client.wait()
            if any("ptrace" in line or "PTRACE" in line for line in client.stderr):
                raise unittest.SkipTest("ptrace is refused: " + " ".join(client.stderr))
            self.assertEqual(code, 0, client.story())
            # "123 <... recvfrom resumed>" is the second half of a call that was counted when it began.
            return collections.Counter(found[1] for line in file if (found := re.match(r"\d+\s+(\w+)\(", line)))

    def of_a_call(self, *flags):
        """Returns the cost of one call without connecting and closing: the cost of MANY - FEW calls, divided."""
        more = self.counts(MANY, *flags)
        more.subtract(self.counts(FEW, *flags))
        return {name: count / (MANY - FEW) for name, count in more.items() if count}

    def test_calls(self):
        for dialect in harness.DIALECTS:
            with self.subTest(dialect=dialect):
                costs = self.of_a_call(f"--dialect={dialect}")
                self.assertEqual(sum(costs.get(name, 0) for name in SENDS), 1, costs)
                self.assertEqual(sum(costs.get(name, 0) for name in RECEIVES), 1, costs)
                others = sum(cost for name, cost in costs.items() if name not in SENDS | RECEIVES)
                self.assertLess(others, 0.02, f"neither a send nor a receive: {costs}")  # memory, now and then
