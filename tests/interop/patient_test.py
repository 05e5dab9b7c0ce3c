"""Methods that take long: their client may go on writing, or go away."""

import unittest

import harness

# Longer than the 3 s after which a stock client gives up a write that makes no progress.
SLEEP_S = 6

host = None


def setUpModule():
    global host
    host = harness.Host("--admin_address=127.0.0.1:0", "--server=threaded:PATIENT@127.0.0.1:0", name="fixture_host")


def tearDownModule():
    harness.ends_well(host)


class PatientTest(unittest.TestCase):

    def clients(self):
        clients = [harness.Client(version, host.servers) for version in harness.VERSIONS]
        for client in clients:
            self.addCleanup(client.kill)
        return clients

    def test_a_client_uploads_while_a_method_sleeps(self):
        clients = self.clients()
        for client in clients:
            client.begin("uploads_while_a_method_sleeps", seconds=SLEEP_S)
        for client in clients:
            client.finish()

    def cancelled_after(self, client, scenario):
        waiting, cancelled = client.run("counts")
        self.assertEqual(0, waiting)
        client.run(scenario)
        harness.eventually("the method sees that it is cancelled", lambda: client.run("counts") == [0, cancelled + 1])

    def test_a_method_sees_that_its_client_has_closed(self):
        for client in self.clients():
            with self.subTest(client.version):
                self.cancelled_after(client, "closes_in_the_middle")

    def test_a_method_sees_that_its_client_has_vanished(self):
        for client in self.clients():
            with self.subTest(client.version):
                self.cancelled_after(client, "vanishes_in_the_middle")
