"""What clients do with services, over every kind and transport: the scenarios of tests/interop that need only an address."""

import itertools

import access_scenarios
import async_scenarios
import binding_scenarios
import call_scenarios
import callback_scenarios
import container_scenarios
import error_scenarios
import harness
import life_scenarios
import object_scenarios
import proxy_scenarios
import scenarios
import serving_scenarios
import sharing_scenarios
import suite

MODULES = (scenarios, access_scenarios, async_scenarios, binding_scenarios, call_scenarios, callback_scenarios, container_scenarios,
           error_scenarios, life_scenarios, object_scenarios, proxy_scenarios, serving_scenarios)
# Scenarios that fill buffers, that wait, or that end connections: these can depend on the kind and the transport together. All
# others see values, which the same code reads and writes over every transport.
TIMING = frozenset((*async_scenarios.ALL, *serving_scenarios.ALL, "a_request_over_a_limit_is_told_so", "big_calls_in_a_row",
                    "big_calls_outstanding", "close_returns_at_once", "close_with_calls_outstanding", "dropped_without_close",
                    "many_connections_that_wait"))


class Scenarios(suite.Case):

    @staticmethod
    def runs_with_each_kind(name):
        return suite.TRANSPORT == "tcp" or suite.TRANSPORT == "tls" and name.removeprefix("test_") in TIMING


class Sharing(suite.Case):
    """Objects of one connection as arguments of another."""

    @staticmethod
    def applies_to(kind):
        return not kind.one_connection

    @staticmethod
    def runs_with_each_kind(name):
        return suite.TRANSPORT == "tcp"


def run(case, name):
    """Runs the scenario with all versions where it is the kind's turn; elsewhere with one of them, if it shows only values."""
    alone = not suite.EVERYTHING and case._testMethodName not in case.in_turn and name not in TIMING
    case.together(name, of=[case.one_version()] if alone else case.versions(old_ones_too=True))


for _case, _modules in {Scenarios: MODULES, Sharing: (sharing_scenarios,)}.items():
    for _module in _modules:
        for _name in _module.ALL:
            setattr(_case, f"test_{_name}", lambda self, name=_name: run(self, name))


class Chain(suite.Case):
    """RPyC over RPyC: one client owns, another of another version uses."""

    # RPyC 4.1.0 passes a proxy to no server but its owner.
    VERSIONS = ("4.1.5", *suite.NEWEST)

    @staticmethod
    def applies_to(kind):
        return not kind.separate_process

    def each_pair(self):
        """An owner, a user, and a name for what they share."""
        pairs = list(itertools.permutations(suite.versions(), 2))
        if suite.TRANSPORT == "tcp" and self._testMethodName in self.in_turn:
            pairs += set(harness.ring(harness.client_versions(self.VERSIONS))).difference(pairs)
        for owner, user in pairs:
            yield self.new_client(owner), self.new_client(user), f"{self.id()} {owner} {user}"

    def test_an_object_of_one_client_in_the_hands_of_another(self):
        for owner, user, key in self.each_pair():
            self.run_in(owner, "leaves_a_thing", key=key)
            for step in ("uses_it", "may_have_no_more_than_the_host_allows", "sees_its_errors", "its_classes",
                         "passes_its_own_along", "lets_go"):
                self.run_in(user, step, key=key)
            self.assertEqual(["enter", "exit", "enter", "failed"], self.run_in(owner, "its_log", key=key))
            self.run_in(owner, "has_its_thing_back", key=key)
            self.run_in(owner, "its_thing_dies_when_nobody_holds_it", key=key)

    def test_its_owner_goes(self):
        for owner, user, key in self.each_pair():
            self.run_in(owner, "leaves_a_thing", key=key)
            self.run_in(owner, "leaves_altogether", key=key)
            self.run_in(user, "finds_it_gone", key=key)

    def test_rpyc_over_rpyc(self):
        for owner, user, key in self.each_pair():
            self.run_in(owner, "leaves_a_service", key=key)
            self.run_in(user, "chains_as_rpycs_own_test_does", key=key)


load_tests = suite.for_each_kind(globals())
