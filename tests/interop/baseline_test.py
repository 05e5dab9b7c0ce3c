"""What the scenarios demand of a host is what RPyC does: they pass with RPyC's own servers too, of each dialect.

Scenarios that are marked `ours` are left out. Those that demand more of a host than of RPyC ask for `t.baseline`.
"""

import unittest

import access_scenarios
import arguments_scenarios
import async_scenarios
import baseline
import call_scenarios
import callback_scenarios
import callbacks_test
import container_scenarios
import error_scenarios
import harness
import middle_test
import life_scenarios
import object_scenarios
import proxy_scenarios
import scenarios
import serving_scenarios
import sharing_scenarios
import wire_test

MODULES = (scenarios, access_scenarios, arguments_scenarios, async_scenarios, call_scenarios, callback_scenarios,
           container_scenarios, error_scenarios, life_scenarios, object_scenarios, proxy_scenarios, serving_scenarios, sharing_scenarios)
SERVICES = ("BANK", "CALCULATOR", "CALLBACK", "COMPUTE", "CONFIGURED", "ECHO", "FIXTURE", "HIGHCONCURRENCY", "MIDDLE", "MY", "RELAY",
            "SECURE", "TEST")
MORE = {
    **{server_id: ("FIXTURE", config) for server_id, config in access_scenarios.CONFIGS.items()},
    "middle-setting": ("MIDDLE", {"allow_setattr": True}),
    "relay-setting": ("RELAY", {"allow_setattr": True}),
}

hosts, clients = {}, {}  # by version


def setUpModule():
    for version in baseline.VERSIONS:
        hosts[version] = baseline.BaselineHost(version, SERVICES, MORE)
        clients[version] = harness.Clients(hosts[version].servers, baseline=True)


def tearDownModule():
    for each in clients.values():
        each.kill()


class Case(unittest.TestCase):
    version = None

    def run_in(self, client, name, **arguments):
        try:
            return client.run(name, **arguments)
        except AssertionError as e:
            raise AssertionError(f"{name}: {e}{hosts[self.version].story()}") from None

    def new_client(self):
        client = harness.Client(self.version, hosts[self.version].servers, baseline=True)
        self.addCleanup(client.kill)
        return client


class Scenarios(Case):
    pass


for _module in MODULES:
    for _name in _module.ALL:
        if not getattr(vars(_module)[_name], "ours", False):
            setattr(Scenarios, f"test_{_name}", lambda self, name=_name: self.run_in(clients[self.version][self.version], name))


class Chain(Case):
    """A server between two clients, one of which uses what the other owns."""

    def test_an_object_of_one_client_in_the_hands_of_another(self):
        owner, user, key = self.new_client(), self.new_client(), self.id()
        self.run_in(owner, "leaves_a_thing", key=key)
        for step in ("uses_it", "may_have_no_more_than_the_host_allows", "sees_its_errors", "its_classes",
                     "passes_its_own_along", "lets_go"):
            self.run_in(user, step, key=key)
        self.run_in(owner, "has_its_thing_back", key=key)

    def test_rpyc_over_rpyc(self):
        owner, user, key = self.new_client(), self.new_client(), self.id()
        self.run_in(owner, "leaves_a_service", key=key)
        self.run_in(user, "chains_as_rpycs_own_test_does", key=key)


class OtherTest:
    """A case of another test file, run with RPyC's own servers. `module` is that file, whose cases use its global `host`."""
    module, version = None, None

    @classmethod
    def setUpClass(cls):
        cls.module.host = hosts[cls.version]
        super().setUpClass()


class Wire(OtherTest):
    module = wire_test


class Callbacks(OtherTest):
    module = callbacks_test

    def versions(self):
        return (self.version,)


class Middle(OtherTest):
    module = middle_test

    def pairs(self):
        server, client = harness.Client(self.version, {}), harness.Client(self.version, hosts[self.version].servers, baseline=True)
        self.addCleanup(server.kill)
        self.addCleanup(client.kill)
        yield server, client, server.run("opens")


OTHERS = {Callbacks: [callbacks_test.CallbacksTest], Middle: [middle_test.Middle],
          Wire: [case for case in vars(wire_test).values() if isinstance(case, type) and getattr(case, "dialect", None)]}
# A Python server speaks one dialect, and it may keep the last reference for a while.
LEFT_OUT = ("test_the_dialect_is_the_first_bytes", "test_borrowed_references_are_given_back")


def load_tests(loader, *_):
    tests = unittest.TestSuite()
    for version in baseline.VERSIONS:
        bases = [(Scenarios,), (Chain,)]
        bases += [(other, case) for other, cases in OTHERS.items() for case in cases
                  if getattr(case, "dialect", harness.dialect_of(version)) == harness.dialect_of(version)]
        for base in bases:
            name = f"{base[-1].__name__}_{version.replace('.', '_')}"
            one = type(name, base, {"version": version, "__module__": __name__})
            tests.addTests(test for test in loader.loadTestsFromTestCase(one) if not test.id().endswith(LEFT_OUT))
    return tests
