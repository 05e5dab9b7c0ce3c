"""Every scenario under every real rpyc version, all of them connected to one host at the same time."""

import unittest

import harness
import scenarios

host = None
clients = {}  # version -> harness.Client


def setUpModule():
    global host
    host = harness.start_host()
    for version in versions():
        revive(version)


def tearDownModule():
    for client in clients.values():
        client.kill()
    harness.ends_well(host)


def versions():
    """Those whose environment exists."""
    found = []
    for version in (harness.BASELINE,) if harness.BASELINE else harness.VERSIONS:
        try:
            harness.venv_python(version)
            found.append(version)
        except unittest.SkipTest:
            pass
    return found


def revive(version):
    """A client process that holds one connection open through all the tests beside it."""
    clients[version] = harness.Client(version, host.servers)
    clients[version].run("hold", service="calculator")


class ScenarioCase(unittest.TestCase):
    version = None

    def setUp(self):
        if harness.BASELINE not in (None, self.version):
            self.skipTest("another version is the baseline")
        harness.venv_python(self.version)
        if clients[self.version].child.poll() is not None:  # a scenario hung and took its process with it
            revive(self.version)

    def one(self, name):
        try:
            clients[self.version].run(name)
        except AssertionError as e:
            raise AssertionError(f"{e}{host.story()}") from None


def _cases():
    for version in harness.VERSIONS:
        body = {
            "version": version,
            **{
                f"test_{name}": lambda self, name=name: self.one(name)
                for name in scenarios.ALL
            }
        }
        case = f"Rpyc{version.replace('.', '_')}"
        globals()[case] = type(case, (ScenarioCase,), body)


_cases()
del ScenarioCase


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
