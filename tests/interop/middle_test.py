"""RPyC over RPyC: a client, a host, and an origin that the host reaches as a client."""

import unittest

import harness

host = None


def setUpModule():
    global host
    host = harness.start_fixture_host({"middle-setting": {"allow_setattr": True}}, service="MIDDLE")


def tearDownModule():
    harness.ends_well(host)


class Middle(unittest.TestCase):
    """Versions of the origin and of the client, paired."""

    def pairs(self):
        """The origin, the client, and the port of the origin."""
        for origin, user in harness.ring(harness.client_versions()):
            with self.subTest(origin=origin, user=user):
                server, client = harness.Client(origin, {}), harness.Client(user, host.servers)
                self.addCleanup(server.kill)
                self.addCleanup(client.kill)
                yield server, client, server.run("opens")

    def run_all(self, client, port, *names, **arguments):
        for name in names:
            try:
                client.run(name, port=port, **arguments)
            except AssertionError as e:
                raise AssertionError(f"{name}: {e}{host.story()}") from None

    def test_rpyc_over_rpyc(self):
        for _, client, port in self.pairs():
            self.run_all(client, port, "chains_through_the_middle_as_rpycs_own_test_does")

    def test_objects_and_functions(self):
        for _, client, port in self.pairs():
            self.run_all(client, port, "identity_is_preserved_through_both", "uses_an_object_of_the_origin",
                         "attributes_are_set_through_both", "functions_are_called_through_both",
                         "what_the_origin_forgets_dies")

    def test_exceptions(self):
        for _, client, port in self.pairs():
            self.run_all(client, port, "exceptions_of_the_origin", "exceptions_of_the_client")

    def test_connecting(self):
        for server, client, port in self.pairs():
            self.run_all(client, port, "is_told_the_dialect", speaks=harness.dialect_of(server.version))
            self.run_all(client, port, "the_origin_hangs_up")
            server.run("goes")
            self.run_all(client, port, "there_is_no_origin")
