"""No read waits for a delayed acknowledgement: stock clients of every kind of server, over TCP and TLS, and the C++ client of
RPyC's own servers.

Python's clients and servers keep Nagle's algorithm. When one has written something that is not answered, its next message waits
until the first is acknowledged, and the kernel delays that by 40 ms, unless the other side writes, or says that it is to be
done at once. The kernel counts the acknowledgements that it delayed until a timer sent them: no clock is looked at here.
"""

import json
import os
import re
import shutil
import tempfile
import unittest

import certificates
import delayed_acks
import harness
import patterns
from harness import admin

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT = os.environ.get("EVERYDAY_CLIENT", "bazel-bin/tests/everyday/everyday_client")
VERSIONS = ("4.1.5", "5.3.1", "6.0.2")
# ThreadPoolServer is missing: it needs a tenth of a second to see a request, which its kernel has acknowledged long before.
SERVERS = ("ThreadedServer", "ForkingServer", "GeventServer", "OneShotServer")
REPEAT = 10  # how often each is done, several times over until one of them has few
ALLOWED = 1  # a busy machine delays one now and then; a peer that stalls does so each time


class TestedServers:
    """Holds one host, its kinds, and certificates."""

    def __init__(self):
        if not delayed_acks.alone():
            raise unittest.SkipTest("no network namespace of one's own, and the kernel counts for a whole one")
        self.directory = tempfile.mkdtemp(prefix="rpychost-", dir="/tmp")
        self.pem = certificates.Authority(self.directory, "good").issue("server")
        self.host = harness.Host("--admin_address=127.0.0.1:0", name="everyday_host")
        self.kinds = admin(self.host, "ServerService/ListServerKinds")["server_kinds"]

    def end(self):
        try:
            harness.ends_well(self.host)
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)


class Case(unittest.TestCase):
    tested = None

    def stalls(self, client, names):
        """Returns what each pattern has counted, by name; all of those named have run."""
        counted = {}
        while (line := client.line()) is not None:
            counted.update([json.loads(line).values()])
        self.assertEqual(client.wait(), 0, client.story())
        if names:
            self.assertEqual(list(counted), names)
        self.assertGreater(len(counted), 5)
        return {name: delayed for name, delayed in counted.items() if delayed > ALLOWED}


class StockClient(Case):
    """Tests stock clients of one kind of server, over one transport."""

    kind, traits, secure = None, {}, False

    def stock_client(self, version):
        python = harness.venv_python(version)
        spec = {"tls": dict(zip(("keyfile", "certfile"), self.tested.pem))} if self.secure else {}
        server = harness.start_server(self.tested.host, kind=self.kind, service="EVERYDAY", **spec)
        names = patterns.names(connecting=not self.traits.get("one_connection"), discovering=False)
        client = harness.Process([python, "-u", os.path.join(HERE, "stall_client.py"), harness.address_of(server),
                                  str(REPEAT), *names], env=harness.CLIENT_ENVIRONMENT)
        self.addCleanup(client.kill)
        self.assertEqual(self.stalls(client, names), {})


class CppClient(Case):
    """Tests the C++ client of one of RPyC's own servers."""

    server, secure = None, False

    def cpp_client(self, version):
        python = harness.venv_python(version)
        if self.server == "GeventServer" and harness.subprocess.run([python, "-c", "import gevent"]).returncode != 0:
            self.skipTest(f"no gevent for rpyc {version}")
        server = harness.Process([python, os.path.join(HERE, "python_server.py"), self.server,
                                  *(self.tested.pem if self.secure else ())])
        self.addCleanup(server.kill)
        while not (found := re.fullmatch(r"listening on (\d+)", server.line() or "nothing")):
            self.assertTrue(server.lines and server.lines[-1].startswith("registry"), server.story())
        client = harness.Process([CLIENT, f"--address={'tls:' if self.secure else ''}127.0.0.1:{found[1]}",
                                  f"--dialect={harness.dialect_of(version)}", f"--repeat={REPEAT}"])
        self.addCleanup(client.kill)
        self.assertEqual(self.stalls(client, None), {})


def load_tests(loader, *_):
    try:
        tested = TestedServers()
    except unittest.SkipTest as e:
        return unittest.TestSuite([unittest.FunctionTestCase(unittest.skip(str(e))(lambda: None))])
    Case.tested = tested
    globals()["tearDownModule"] = tested.end
    tests = unittest.TestSuite()

    def add(base, name, run, **members):
        for secure in (False, True):
            case = type(f"{base.__name__}_{name}_{'tls' if secure else 'tcp'}", (base, ), {
                "__module__": __name__, "secure": secure, **members,
                **{f"test_{version.replace('.', '_')}": lambda self, version=version: run(self, version)
                   for version in VERSIONS}})
            tests.addTests(loader.loadTestsFromTestCase(case))

    for row in tested.kinds:
        add(StockClient, row["name"], StockClient.stock_client, kind=row["name"], traits=row.get("traits", {}))
    for server in SERVERS:
        add(CppClient, server, CppClient.cpp_client, server=server)
    return tests
