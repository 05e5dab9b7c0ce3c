"""Eight threads on one connection of the C++ client, each in calls that call back, which call again: none may stand still.

The peers are our host and real ThreadedServers. RPYC_DEADLOCK_SECONDS says for how long, each.
"""

import os
import subprocess
import unittest

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT = os.environ.get("DEADLOCK_CLIENT", "bazel-bin/tests/symmetry/deadlock_client")
SECONDS = os.environ.get("RPYC_DEADLOCK_SECONDS", "3")
THREADS = 8


class NoThreadStandsStill(unittest.TestCase):
    def go_on(self, port, *flags):
        client = harness.Process([CLIENT, f"--port={port}", f"--threads={THREADS}", f"--seconds={SECONDS}", *flags])
        self.addCleanup(client.kill)
        lines = []
        while (text := client.line(deadline_s=float(SECONDS) + 10 * harness.DEADLINE_S)) is not None:
            lines.append(text)
        self.assertEqual(client.wait(), 0, client.story())
        # Such a line is "thread 3: 1234 calls".
        self.assertEqual(len([line for line in lines if line.startswith("thread ")]), THREADS, client.story())

    def against_our_host(self, *flags):
        host = harness.Host("--admin_address=127.0.0.1:0", "--server=threaded:CALLBACK@127.0.0.1:0")
        self.addCleanup(host.kill)
        self.go_on(host.servers["callback"].rpartition(":")[2], *flags)
        self.assertEqual(host.stop(), 0, host.story())

    def against_rpyc(self, version, *flags):
        server = harness.Process([harness.venv_python(version), "-u", os.path.join(HERE, "callback_server.py")],
                                 stdin=subprocess.PIPE)
        self.addCleanup(server.kill)
        port = server.line().rpartition(" ")[2]
        self.go_on(port, f"--dialect={harness.dialect_of(version)}", *flags)
        server.child.stdin.close()
        self.assertEqual(server.wait(), 0, server.story())

    def test_our_host(self):
        self.against_our_host()

    def test_our_host_served_in_the_background(self):
        self.against_our_host("--background")

    def test_rpyc_5_3_1(self):
        self.against_rpyc("5.3.1")

    def test_rpyc_5_3_1_served_in_the_background(self):
        self.against_rpyc("5.3.1", "--background")

    def test_rpyc_6_0_2(self):
        self.against_rpyc("6.0.2")

    def test_rpyc_6_0_2_served_in_the_background(self):
        self.against_rpyc("6.0.2", "--background")
