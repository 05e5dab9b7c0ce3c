"""What the conformance suite stands on: a host, the kinds in its table, and servers of each over one transport.

The suite knows no kind by name. It asks the host for its kinds (ListServerKinds) and makes each Case of a test module once
for each; what to expect of one is said by its traits. The host is that of CONFORMANCE_HOST, the transport that of
CONFORMANCE_TRANSPORT (conformance.bzl).
"""

import itertools
import os
import shutil
import tempfile
import unittest

import access_scenarios
import certificates
import harness
from harness import admin
from scenario import SHARE_MEMORY, NotApplicable

TRANSPORT = os.environ.get("CONFORMANCE_TRANSPORT", "tcp")

SERVICES = ("BANK", "CALCULATOR", "CALLBACK", "COMPUTE", "CONFIGURED", "ECHO", "FIXTURE", "HIGHCONCURRENCY", "MY", "PATIENT",
            "RELAY", "SECURE", "TEST")
# What scenarios call the servers that they connect to: service and protocol configuration.
SERVERS = {
    **{service.lower(): (service, {}) for service in SERVICES},
    **{server_id: ("FIXTURE", config) for server_id, config in access_scenarios.CONFIGS.items()},
    "relay-setting": ("RELAY", {"allow_setattr": True}),
}


class Kind:
    """A row of the host's table."""

    def __init__(self, row):
        self.name, traits = row["name"], row.get("traits", {})
        self.traits = traits
        self.serves_inline, self.one_connection, self.separate_process, self.cooperative = (
            traits.get(name, False) for name in ("serves_inline", "one_connection", "separate_process", "cooperative"))
        self.option_fields = tuple(traits.get("option_fields", ()))
        # Whether a connection has a server of it for itself, until it has ended.
        self.alone = self.serves_inline or self.one_connection


class Ground:
    """One host and what the tests of a module need around it."""

    def __init__(self):
        # A unix socket's path may have 107 bytes; TEST_TMPDIR alone is longer.
        self.directory = tempfile.mkdtemp(prefix="rpychost-", dir="/tmp")
        self.authority = certificates.Authority(self.directory, "good")
        self.keyfile, self.certfile = self.authority.issue("server")
        self.paths = (os.path.join(self.directory, f"{n}.sock") for n in itertools.count())
        self.host = harness.Host("--admin_address=127.0.0.1:0", "--drain_timeout=1s", name="conformance_host")
        self.kinds = [Kind(row) for row in admin(self.host, "ServerService/ListServerKinds")["server_kinds"]]

    def end(self):
        try:
            harness.ends_well(self.host)
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def place(self):
        """The fields of a ServerSpec that say where to listen."""
        if TRANSPORT == "unix":
            return {"socket_path": next(self.paths)}
        secure = {"tls": {"keyfile": self.keyfile, "certfile": self.certfile}} if TRANSPORT == "tls" else {}
        return {"hostname": "127.0.0.1", **secure}


ground = None


def has_something_to_see(kind, test):
    return not (kind.separate_process and test.id().rpartition(".test_")[2] in SHARE_MEMORY)


def for_each_kind(module):
    """What a test module (its globals) calls load_tests: its cases, each once for each kind that it applies to."""

    def load_tests(loader, *_):
        global ground
        try:
            ground = Ground()
        except unittest.SkipTest as e:
            return unittest.TestSuite([unittest.FunctionTestCase(unittest.skip(str(e))(lambda: None))])
        module["tearDownModule"] = lambda: ground.end()
        tests = unittest.TestSuite()
        for case in [c for c in list(module.values()) if isinstance(c, type) and issubclass(c, Case)]:
            for kind in filter(case.applies_to, ground.kinds):
                one = type(f"{case.__name__}_{kind.name}", (case,), {"kind": kind, "__module__": module["__name__"]})
                tests.addTests(test for test in loader.loadTestsFromTestCase(one) if has_something_to_see(kind, test))
        return tests

    return load_tests


# What clients of old versions do with services is seen over TCP; the rest does not depend on the version. With RPYC_MATRIX,
# "5.1.0 5.2.3", it is these versions everywhere (tools/matrix).
NEWEST = ("5.3.1", "6.0.2")
EVERY = ("4.1.0", "4.1.5", "5.0.1", *NEWEST) if TRANSPORT == "tcp" else NEWEST


def versions(every=False):
    """Of the clients; those whose environment exists. An old ssl_connect must be told which TLS, in tls_test.py."""
    asked = os.environ.get("RPYC_MATRIX", "").split() or (EVERY if every else NEWEST)
    return harness.client_versions(asked)


class Case(unittest.TestCase):
    """Tests that hold for every kind. Servers and clients are the class's, as long as its tests run."""

    kind = None

    @staticmethod
    def applies_to(kind):
        """Whether there is anything to see. Without it a kind would show tests that cannot pass."""
        return True

    @classmethod
    def setUpClass(cls):
        cls.host, cls.addresses, cls.clients = ground.host, {}, {}
        cls.addClassCleanup(lambda: [client.kill() for client in cls.clients.values()])

    # --- servers ---

    @classmethod
    def start(cls, service="FIXTURE", **spec):
        """Starts a server of the kind over the transport; its resource. Closed at the latest when the class has run."""
        server = admin(cls.host, "ServerService/StartServer",
                       spec={"kind": cls.kind.name, "service": service, **ground.place(), **spec})
        if not cls.kind.one_connection:  # it closes by itself
            cls.addClassCleanup(cls.close_if_open, server["name"])
        return server

    @classmethod
    def start_at(cls, service="FIXTURE", **spec):
        """As start; only the address."""
        return harness.address_of(cls.start(service, **spec))

    @classmethod
    def close_if_open(cls, name):
        try:
            admin(cls.host, "ServerService/CloseServer", name=name)
        except harness.GrpcError as e:
            if e.reason not in ("INVALID_SERVER_STATE", "SERVER_NOT_FOUND"):
                raise

    def close(self, server, drain_timeout="0s"):
        """The final resource."""
        return admin(self.host, "ServerService/CloseServer", name=server["name"], drain_timeout=drain_timeout)

    def close_in_background(self, server, drain_timeout):
        """The grpcurl that waits for the answer; answer_of gives it."""
        process = harness.Process([harness.grpcurl_tool(), "-plaintext", "-max-time", str(harness.DEADLINE_S), "-d",
                                   f'{{"name": "{server["name"]}", "drain_timeout": "{drain_timeout}"}}', self.host.admin,
                                   "rpyc.admin.v1.ServerService/CloseServer"])
        self.addCleanup(process.kill)
        return process

    def answer_of(self, process):
        self.assertEqual(process.wait(), 0, process.story() + self.host.story())
        return harness.snake(harness.json.loads("\n".join(process.lines)))

    def get(self, server):
        return admin(self.host, "ServerService/GetServer", name=server["name"])

    def count(self, server, field):
        return int(self.get(server).get(field, 0))

    # --- clients ---

    @classmethod
    def address(cls, server_id):
        """Where a scenario finds that server: one for all connections, or one for each if it serves but one at a time."""
        service, config = SERVERS[server_id]
        # Scenarios have 50 calls of each client wait for a further one: as many threads are needed where they are counted.
        room = {"nbthreads": 200} if "nbthreads" in cls.kind.option_fields else {}
        if cls.kind.alone:
            return cls.start_at(service, protocol_config=config, **room)
        if server_id not in cls.addresses:
            cls.addresses[server_id] = cls.start_at(service, protocol_config=config, **room)
        return cls.addresses[server_id]

    @classmethod
    def client(cls, version):
        """The class's client of that version; a new one if that died."""
        client = cls.clients.get(version)
        if client is None or client.child.poll() is not None:
            client = cls.clients[version] = cls.new_client(version)
        return client

    @classmethod
    def new_client(cls, version, **tls):
        """A client that trusts the host's authority, and knows what `tls` says of it besides."""
        client = harness.Client(version, dict.fromkeys(SERVERS), tls={"ca_certs": ground.authority.certfile, **tls},
                                traits=cls.kind.traits, start=cls.address)
        cls.addClassCleanup(client.kill)
        return client

    def each_client(self):
        """The class's clients, one after the other; what fails in one says its version."""
        return (self.client(version) for version in versions())

    def run_in(self, client, scenario, **arguments):
        try:
            return client.run(scenario, **arguments)
        except AssertionError as e:
            raise AssertionError(f"{scenario}: {e}{self.host.story()}") from None

    def together(self, scenario, every=False, **arguments):
        """Runs it in a client of each version, all at the same time. A version to which it does not apply is no test."""
        clients = [self.client(version) for version in versions(every)]
        for client in clients:
            client.begin(scenario, **arguments)
        reasons = []
        for client in clients:
            with self.subTest(rpyc=client.version):
                try:
                    client.finish()
                except NotApplicable as e:
                    reasons.append(str(e))
                except AssertionError as e:
                    raise AssertionError(f"{e}{self.host.story()}") from None
        if len(reasons) == len(clients):
            self.skipTest("; ".join(reasons) or "no client")
