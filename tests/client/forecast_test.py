"""The example pair, a C++ client and its Python server, under every version of rpyc."""

import os
import socket
import unittest

import harness

SERVER = os.path.join(harness.HERE, "..", "..", "examples", "forecast_server.py")
CLIENT = os.environ.get("FORECAST_CLIENT", "bazel-bin/examples/forecast_client")
SAID = """\
1 of 4
2 of 4
3 of 4
4 of 4
y = 1.9 * x + 1.15
slope 1.9, at 10: 20.15
off by -0.15
off by 0.45
off by -0.45
off by 0.15
near 8.75, far 1901.15
ValueError: a line needs two samples, not 0""".splitlines()


class Forecast(unittest.TestCase):
    def test_the_client_says_what_the_server_computes(self):
        for version in harness.VERSIONS:
            with self.subTest(version):
                server = harness.Process([harness.venv_python(version), SERVER])
                self.addCleanup(server.kill)
                client = harness.Process([CLIENT, server.line()])
                self.addCleanup(client.kill)
                self.assertEqual(client.wait(), 0, client.story())
                self.assertEqual(client.lines, SAID)

    def test_without_a_server_the_client_says_whom_it_did_not_reach(self):
        with socket.socket() as bound:  # and not listening
            bound.bind(("127.0.0.1", 0))
            port = bound.getsockname()[1]
            client = harness.Process([CLIENT, str(port)])
            self.addCleanup(client.kill)
            self.assertEqual(client.wait(), 1, client.story())
        self.assertEqual(client.stderr, [f"connect to 127.0.0.1:{port}: Connection refused"])
