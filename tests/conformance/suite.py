"""The base of the conformance suite: a host, the kinds in its table, and servers of each over one transport.

The suite knows no kind by name. It asks the host for its kinds (ListServerKinds) and makes each Case of a test module once
for each kind; the kind's traits say what to expect. The host is that of CONFORMANCE_HOST, the transport that of
CONFORMANCE_TRANSPORT (conformance.bzl).

Kinds, transports and versions of the clients are paired, not multiplied: every scenario meets every transport, every kind meets
every transport, and every old version of the clients meets every scenario and every kind. With CONFORMANCE_EVERYTHING or
RPYC_MATRIX set, every test runs with every kind and every version over every transport.
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

TRANSPORTS = ("tcp", "unix", "tls")
TRANSPORT = os.environ.get("CONFORMANCE_TRANSPORT", "tcp")
EVERYTHING = bool(os.environ.get("CONFORMANCE_EVERYTHING") or os.environ.get("RPYC_MATRIX"))

SERVICES = ("BANK", "CALCULATOR", "CALLBACK", "COMPUTE", "CONFIGURED", "ECHO", "FIXTURE", "HIGHCONCURRENCY", "MY", "PATIENT",
            "RELAY", "SECURE", "TEST")
# The servers that scenarios connect to: the service and the protocol configuration, by the name that scenarios use.
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
        # Whether a server of the kind serves one connection at a time.
        self.one_at_a_time = self.serves_inline or self.one_connection


class TestBed:
    """One host, and the files that the tests of a module need beside it."""

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

    def where_to_listen(self):
        """The fields of a ServerSpec that say where a server listens."""
        if TRANSPORT == "unix":
            return {"socket_path": next(self.paths)}
        secure = {"tls": {"keyfile": self.keyfile, "certfile": self.certfile}} if TRANSPORT == "tls" else {}
        return {"hostname": "127.0.0.1", **secure}


test_bed = None


def applies(kind, name):
    """Whether the test of that name can see anything with servers of that kind."""
    return not (kind.separate_process and name.removeprefix("test_") in SHARE_MEMORY)


def pair(case, kinds):
    """By kind, the names of the tests that run with it and their numbers; and those whose turn it is, of which each has one kind.

    The tests take the kinds in turn. Over each transport the turn begins with another kind.
    """
    chosen, in_turn = {kind: {} for kind in kinds}, {kind: set() for kind in kinds}
    for number, name in enumerate(unittest.TestLoader().getTestCaseNames(case), TRANSPORTS.index(TRANSPORT)):
        fit = [kind for kind in kinds if applies(kind, name)]
        if not fit:
            continue
        turn = fit[number % len(fit)]
        in_turn[turn].add(name)
        for kind in fit if EVERYTHING or case.runs_with_each_kind(name) else [turn]:
            chosen[kind][name] = number
    return chosen, in_turn


def for_each_kind(module):
    """What a test module (its globals) calls load_tests: its cases, each once for each kind that it applies to."""

    def load_tests(loader, *_):
        global test_bed
        try:
            test_bed = TestBed()
        except unittest.SkipTest as e:
            return unittest.TestSuite([unittest.FunctionTestCase(unittest.skip(str(e))(lambda: None))])
        module["tearDownModule"] = lambda: test_bed.end()
        tests = unittest.TestSuite()
        for case in dict.fromkeys(c for c in list(module.values()) if isinstance(c, type) and issubclass(c, Case)):
            kinds = list(filter(case.applies_to, test_bed.kinds))
            chosen, in_turn = pair(case, kinds)
            for kind in kinds:
                one = type(f"{case.__name__}_{kind.name}", (case,),
                           {"kind": kind, "numbers": chosen[kind], "in_turn": in_turn[kind], "__module__": module["__name__"]})
                tests.addTests(one(name) for name in loader.getTestCaseNames(one) if name in chosen[kind])
        return tests

    return load_tests


# One version of each dialect, and the older ones. What clients of older versions do with services is seen over TCP; the rest
# does not depend on the version. With RPYC_MATRIX, "5.1.0 5.2.3", it is these versions everywhere (tools/matrix). An old
# ssl_connect must be told which TLS, in tls_test.py.
NEWEST = ("5.3.1", "6.0.2")
EVERY = ("4.1.0", "4.1.5", "5.0.1", *NEWEST)


def versions(every=False):
    """The versions of the clients whose environment exists."""
    asked = os.environ.get("RPYC_MATRIX", "").split() or (EVERY if every and TRANSPORT == "tcp" else NEWEST)
    return harness.client_versions(asked)


class Case(unittest.TestCase):
    """Tests that hold for every kind. Servers and clients are the class's, as long as its tests run."""

    kind, numbers, in_turn = None, {}, ()

    @staticmethod
    def applies_to(kind):
        """Whether the case can show anything with servers of that kind."""
        return True

    @staticmethod
    def runs_with_each_kind(name):
        """Whether the test of that name runs with every kind over this transport, or with one. Unix sockets are served by
        the code that serves TCP."""
        return TRANSPORT != "unix"

    @classmethod
    def setUpClass(cls):
        cls.host, cls.addresses, cls.clients = test_bed.host, {}, {}
        cls.addClassCleanup(lambda: [client.kill() for client in cls.clients.values()])

    # --- servers ---

    @classmethod
    def start(cls, service="FIXTURE", **spec):
        """Starts a server of the kind over the transport and returns its resource. It is closed at the latest when the class has run."""
        server = admin(cls.host, "ServerService/StartServer",
                       spec={"kind": cls.kind.name, "service": service, **test_bed.where_to_listen(), **spec})
        if not cls.kind.one_connection:  # it closes by itself
            cls.addClassCleanup(cls.close_if_open, server["name"])
        return server

    @classmethod
    def start_at(cls, service="FIXTURE", **spec):
        """Starts a server and returns its address."""
        return harness.address_of(cls.start(service, **spec))

    @classmethod
    def close_if_open(cls, name):
        try:
            admin(cls.host, "ServerService/CloseServer", name=name)
        except harness.GrpcError as e:
            if e.reason not in ("INVALID_SERVER_STATE", "SERVER_NOT_FOUND"):
                raise

    def close(self, server, drain_timeout="0s"):
        """Closes the server and returns its final resource."""
        return admin(self.host, "ServerService/CloseServer", name=server["name"], drain_timeout=drain_timeout)

    def close_in_background(self, server, drain_timeout):
        """Starts to close the server and returns the grpcurl that waits for the answer, which answer_of returns."""
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
        """The address of that server for a scenario: one server for all connections, or a new one for each connection if the kind
        serves one at a time."""
        service, config = SERVERS[server_id]
        # Scenarios have 50 calls of each client wait for a further one: as many threads are needed where they are counted.
        room = {"nbthreads": 200} if "nbthreads" in cls.kind.option_fields else {}
        if cls.kind.one_at_a_time:
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
        """A client that trusts the host's authority; `tls` adds to what it tells ssl_connect."""
        client = harness.Client(version, dict.fromkeys(SERVERS), tls={"ca_certs": test_bed.authority.certfile, **tls},
                                traits=cls.kind.traits, start=cls.address)
        cls.addClassCleanup(client.kill)
        return client

    def versions(self, old_ones_too=False):
        """The versions that a test runs with: the newest; if asked for, all of them where it is this kind's turn."""
        return versions(every=old_ones_too and (EVERYTHING or self._testMethodName in self.in_turn))

    def each_client(self, old_ones_too=False):
        """The class's clients, one after the other; what fails in one says its version."""
        return (self.client(version) for version in self.versions(old_ones_too))

    def one_version(self, old_ones_too=False):
        """One of the versions: for each kind, and for the next test, another one."""
        choice = versions(old_ones_too)
        return choice[(test_bed.kinds.index(self.kind) + self.numbers[self._testMethodName]) % len(choice)]

    def one_client(self, old_ones_too=False):
        return self.client(self.one_version(old_ones_too))

    def run_in(self, client, scenario, **arguments):
        try:
            return client.run(scenario, **arguments)
        except AssertionError as e:
            raise AssertionError(f"{scenario}: {e}{self.host.story()}") from None

    def together(self, scenario, of=None, **arguments):
        """Runs it in a client of each of these versions, all at the same time. A version to which it does not apply is no test."""
        clients = [self.client(version) for version in of or self.versions()]
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
