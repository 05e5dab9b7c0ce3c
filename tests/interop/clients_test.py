"""Every scenario under every real rpyc version, all of them connected to one host at the same time."""

import unittest

import harness
import scenarios

EXAMPLES = ("BANK", "COMPUTE", "CONFIGURED", "HIGHCONCURRENCY", "SECURE", "TEST")

host = None
clients = {}  # version -> harness.Client


def setUpModule():
    global host
    host = harness.start_host(*(f"--server=threaded:{name}@127.0.0.1:0" for name in EXAMPLES))
    for version in harness.client_versions():
        revive(version)


def tearDownModule():
    for client in clients.values():
        client.kill()
    harness.ends_well(host)


def revive(version):
    """A client process that holds one connection open through all the tests beside it."""
    clients[version] = harness.Client(version, host.servers)
    clients[version].run("hold", service="calculator")


def one(version, name):
    if clients[version].child.poll() is not None:  # a scenario hung and took its process with it
        revive(version)
    try:
        clients[version].run(name)
    except AssertionError as e:
        raise AssertionError(f"{e}{host.story()}") from None


harness.add_scenario_cases(globals(), scenarios.ALL, one)


class Together(unittest.TestCase):
    def setUp(self):
        if harness.BASELINE:
            self.skipTest("a Python server speaks one dialect")
        for version in harness.VERSIONS:
            harness.venv_python(version)

    def test_interleaved_call_by_call(self):
        for i in range(30):
            for version in harness.VERSIONS:
                clients[version].run("use_held", first=i, count=1)

    def test_at_the_same_time(self):
        for version in harness.VERSIONS:
            clients[version].begin("use_held", first=0, count=200)
        for version in harness.VERSIONS:
            with self.subTest(version):  # every answer is read, whatever became of the others
                clients[version].finish()

    def test_every_held_connection_is_counted(self):
        harness.eventually("the three held connections and no other",
                           lambda: harness.connections_open(host, "calculator") == len(harness.VERSIONS))


class TwoHundredConnections(unittest.TestCase):
    def crowd(self, version):
        if harness.BASELINE:
            self.skipTest("a Python server has no control plane")
        client = clients[version] if version in clients else self.skipTest(f"no rpyc {version}")
        before, descriptors = harness.connections_open(host, "calculator"), host.descriptors()
        client.run("open_many", service="calculator", count=200)
        self.assertEqual(harness.connections_open(host, "calculator"), before + 200)
        client.run("close_many")
        harness.eventually("all 200 are gone", lambda: harness.connections_open(host, "calculator") == before)
        harness.eventually("their descriptors too", lambda: host.descriptors() <= descriptors + 4)


for _version in harness.VERSIONS:
    setattr(TwoHundredConnections, f"test_rpyc_{_version.replace('.', '_')}", lambda self, v=_version: self.crowd(v))
