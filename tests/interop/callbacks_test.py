"""The example of callbacks: its Python client, run as its readers run it, under every real rpyc version."""

import unittest

import harness

CLIENT = "examples/callbacks_client.py"
SAYS = [
    "call: 7", "map: (0, 1, 4, 9, 16)", "map over a generator: ('SERVER', 'CALLS', 'CLIENT')", "nested: 720",
    "raised: no luck here"
]

host = None


def setUpModule():
    global host
    host = harness.Host("--admin_address=127.0.0.1:0", "--server=threaded:CALLBACK@127.0.0.1:0")


def tearDownModule():
    harness.ends_well(host)


class CallbacksTest(unittest.TestCase):

    def versions(self):
        """Of the clients; baseline_test.py has its own."""
        return harness.VERSIONS

    def test_each_client(self):
        for version in self.versions():
            with self.subTest(version):
                client = harness.Process([harness.venv_python(version), "-u", CLIENT, host.servers["callback"]])
                self.addCleanup(client.kill)
                self.assertEqual(0, client.wait(), client.story() + host.story())
                self.assertEqual(SAYS, client.lines)
