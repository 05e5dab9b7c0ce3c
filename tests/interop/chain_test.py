"""RPyC over RPyC: a host between two clients, one of which uses what the other owns."""

import itertools
import unittest

import harness

host = None


def setUpModule():
    global host
    host = harness.start_fixture_host({"relay-setting": {"allow_setattr": True}}, service="RELAY")


def tearDownModule():
    harness.ends_well(host)


def run(client, name, **arguments):
    try:
        return client.run(name, **arguments)
    except AssertionError as e:
        raise AssertionError(f"{name}: {e}{host.story()}") from None


class Chain(unittest.TestCase):
    """One client owns, the other uses; every pair of versions."""

    def pairs(self):
        versions = harness.client_versions()
        for n, (owner, user) in enumerate(itertools.product(versions, versions)):
            with self.subTest(owner=owner, user=user):
                mine, other = harness.Client(owner, host.servers), harness.Client(user, host.servers)
                self.addCleanup(mine.kill)
                self.addCleanup(other.kill)
                yield mine, other, f"{self.id()} {n}"

    def test_an_object_of_one_client_in_the_hands_of_another(self):
        for mine, other, key in self.pairs():
            run(mine, "leaves_a_thing", key=key)
            for scenario in ("uses_it", "may_have_no_more_than_the_host_allows", "sees_its_errors", "its_classes",
                             "passes_its_own_along", "lets_go"):
                run(other, scenario, key=key)
            self.assertEqual(["enter", "exit", "enter", "failed"], run(mine, "its_log", key=key))
            run(mine, "has_its_thing_back", key=key)
            run(mine, "its_thing_dies_when_nobody_holds_it", key=key)

    def test_its_owner_goes(self):
        for mine, other, key in self.pairs():
            run(mine, "leaves_a_thing", key=key)
            run(mine, "leaves_altogether", key=key)
            run(other, "finds_it_gone", key=key)

    def test_rpyc_over_rpyc(self):
        for mine, other, key in self.pairs():
            run(mine, "leaves_a_service", key=key)
            run(other, "chains_as_rpycs_own_test_does", key=key)
