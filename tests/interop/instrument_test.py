"""The example of an instrument that works on one thread only: its Python client, alone and many at the same time."""

import unittest

import harness

CLIENT = "examples/instrument_client.py"
SAYS = [
    "channel 3: 3.75 V", "no channel 8: there is no channel 8", "  1 of 4", "  2 of 4", "  3 of 4", "  4 of 4",
    "sweep: 0.0 1.25 2.5 3.75", "100 sweeps"
]

host = None


def setUpModule():
    global host
    host = harness.Host("--admin_address=", "--server=threaded:INSTRUMENT@127.0.0.1:0", name="instrument_host")


def tearDownModule():
    harness.ends_well(host)


class InstrumentTest(unittest.TestCase):

    def start(self, version):
        port = host.servers["instrument"].rpartition(":")[2]
        client = harness.Process([harness.venv_python(version), "-u", CLIENT, port])
        self.addCleanup(client.kill)
        return client

    def test_each_client(self):
        for version in harness.VERSIONS:
            with self.subTest(version):
                client = self.start(version)
                self.assertEqual(0, client.wait(), client.story())
                self.assertEqual(SAYS, client.lines)

    def test_many_clients_at_the_same_time(self):
        # The driver reports a call on a second thread.
        clients = [self.start(version) for version in harness.VERSIONS for _ in range(3)]
        for client in clients:
            self.assertEqual(0, client.wait(), client.story())
            self.assertEqual(SAYS, client.lines)
