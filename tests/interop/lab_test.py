"""The example of a laboratory: its Python client, and its control loop with listeners that stop and die."""

import signal
import unittest

import harness

CLIENT = "examples/lab_client.py"
SAYS = [
    "x: IDLE, goes from -100 to 100", "y: IDLE, goes from -100 to 100", "phi: IDLE, turns from -100 to 100",
    "x goes from -5 to 5 now", "what x.limits gives is a copy, and says so", "lab.LimitError: x and 77",
    "x has told where it was on its way", "a waveform of 1000000 volts"
]
LISTENER = """
import sys, rpyc
conn = rpyc.connect("127.0.0.1", int(sys.argv[1]))
conn.root.listen(lambda axis, position: print(axis, flush=True))
conn.serve_all()
"""


class Lab(unittest.TestCase):
    def setUp(self):
        self.host = harness.Host("--admin_address=127.0.0.1:0", "--server=threaded:LAB@127.0.0.1:0", name="lab_host")
        self.addCleanup(self.host.kill)
        self.port = self.host.servers["lab"].rpartition(":")[2]

    def start(self, version, *command):
        client = harness.Process([harness.venv_python(version), "-u", *command, self.port])
        self.addCleanup(client.kill)
        return client

    def test_each_client(self):
        for version in harness.VERSIONS:
            with self.subTest(version):
                self.host.kill()
                self.setUp()  # the axes are where they were at first
                client = self.start(version, CLIENT)
                self.assertEqual(0, client.wait(), client.story() + self.host.story())
                self.assertEqual(SAYS, client.lines)

    def test_the_control_loop_waits_for_no_listener(self):
        asker = harness.Process([harness.venv_python(harness.VERSIONS[-1]), "-u", "-c", ASKER, self.port], stdin=-1)
        self.addCleanup(asker.kill)

        def ask(what):
            asker.child.stdin.write(what + "\n")
            asker.child.stdin.flush()
            return int(asker.line())

        well, stopped, killed = (self.start(version, "-c", LISTENER) for version in harness.VERSIONS)
        for client in (well, stopped, killed):
            self.assertEqual(client.line(), "x", client.story())
        self.assertEqual(ask("listeners"), 3)
        stopped.child.send_signal(signal.SIGSTOP)
        killed.child.kill()
        harness.eventually("the killed one is gone", lambda: ask("listeners") == 2)
        until = ask("periods") + 100
        harness.eventually("the loop goes on", lambda: ask("periods") > until)
        for _ in range(3 * 100):  # as many as it heard meanwhile, and more
            self.assertIn(well.line(), ("x", "y", "phi"))
        self.assertEqual(ask("listeners"), 2, "one that has stopped is one still")
        stopped.child.send_signal(signal.SIGCONT)
        while stopped.line() != "phi":  # and goes on
            pass
        self.assertEqual(sum("has gone" in line for line in self.host.stderr), 1, self.host.story())
        self.assertEqual(self.host.stop(), 0, self.host.story())


ASKER = """
import sys, rpyc
root = rpyc.connect("127.0.0.1", int(sys.argv[1])).root
for line in sys.stdin:
    print(getattr(root, line.strip())())
"""

