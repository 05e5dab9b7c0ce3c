"""Starts the product as its users do, by a process, its flags, its stdout lines and its signals, and real clients beside it.

Deadlines here protect against a hang. Nothing sleeps to synchronise and no port is fixed.
"""

import atexit
import collections
import json
import os
import queue
import re
import signal
import subprocess
import threading
import time
import unittest

from scenario import NotApplicable
from wire import DEADLINE_S, dial

HERE = os.path.dirname(os.path.abspath(__file__))
VERSIONS = ("4.1.5", "5.3.1", "6.0.2")
VERSIONS += tuple(v for v in os.environ.get("RPYC_VERSIONS", "").split() if v not in VERSIONS)

DIALECTS = (5, 6)

# rpyc.ssl_connect reads the system's certificates for each connection, which takes 40 ms. No test needs them.
CLIENT_ENVIRONMENT = {**os.environ, "SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}


def dialect_of(version):
    return 6 if version.startswith("6") else 5


def venv_python(version):
    root = os.environ.get("RPYC_VENVS")
    if not root:
        raise unittest.SkipTest("RPYC_VENVS is not set")
    path = os.path.join(root, f"rpyc-{version}", "bin", "python")
    if not os.access(path, os.X_OK):
        raise unittest.SkipTest(f"no {path}")
    return path


def binary(name):
    """The command that starts one of the hosts; the environment names the file (BUILD.bazel does)."""
    folder = {"conformance_host": "tests/conformance", "discovery_client": "tests/registry",
              "everyday_host": "tests/everyday", "fixture_host": "tests/fixture",
              "loops_host": "tests/fixture", "rpyc_registry": "registry", "rpycd": "server",
              "types_host": "tests/types"}.get(name, "examples")
    return [os.environ.get(name.upper(), f"bazel-bin/{folder}/{name}")]


def eventually(what, condition, deadline_s=DEADLINE_S):
    """Asks until `condition()` is true. It does not sleep, for each question takes time (a process, a round trip)."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never came true: {what}")


class Process:
    """A child whose stdout is read line by line with a deadline, and which never outlives the test."""

    def __init__(self, command, **popen):
        self.command = command
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      encoding="utf-8", errors="replace", **popen)
        self.pid = self.child.pid
        self.lines = []
        self._stderr = collections.deque(maxlen=2000)
        self._stdout = queue.Queue()
        self.heard = threading.Event()  # set when stderr has a line or has ended
        self._readers = [threading.Thread(target=self._read, args=(self.child.stdout, self._stdout.put), daemon=True),
                         threading.Thread(target=self._read, args=(self.child.stderr, self._complaint), daemon=True)]
        for reader in self._readers:
            reader.start()
        atexit.register(self.kill)

    def _read(self, stream, put):
        for text in stream:
            put(text.rstrip("\n"))
        put(None)

    def _complaint(self, text):
        self._stderr.append(text)
        self.heard.set()

    @property
    def stderr(self):
        """The lines so far; all of them once the process has ended."""
        return [text for text in list(self._stderr) if text is not None]

    def story(self):
        return (f"\ncommand: {' '.join(self.command)}\nexit: {self.child.poll()}\nstdout: {self.lines}\nstderr:\n  "
                + "\n  ".join(self.stderr[-60:]))

    def line(self, deadline_s=DEADLINE_S):
        """Returns the next line of stdout; None at its end."""
        try:
            text = self._stdout.get(timeout=deadline_s)
        except queue.Empty:
            raise AssertionError("nothing on stdout" + self.story()) from None
        if text is None:
            self._stdout.put(None)
        else:
            self.lines.append(text)
        return text

    def wait(self):
        """Returns the exit code, when every line has been read."""
        while self.line() is not None:
            pass
        try:
            code = self.child.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError("does not end" + self.story()) from None
        for reader in self._readers:
            reader.join(DEADLINE_S)
        return code

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        atexit.unregister(self.kill)


class Host(Process):
    """A running host. `servers` maps an id (calculator) to its address (127.0.0.1:41234)."""

    ADMIN = re.compile(r"rpycd: admin listening on (\S+)")
    REGISTRY = re.compile(r"rpycd: registry listening on (\S+) \(udp, tcp\)")
    SERVER = re.compile(r"rpycd: server servers/(\S+) \((\w+), (\w+)\) listening on (\S+)")

    def __init__(self, *flags, name="demo_host", under=(), **popen):
        super().__init__([*under, *binary(name), *flags], **popen)
        self.admin, self.registry, self.servers = None, None, {}
        while (text := self.line()) != "rpycd: ready":
            if text is None:
                self.child.wait()
                raise AssertionError("ended before it was ready" + self.story())
            if found := self.ADMIN.fullmatch(text):
                self.admin = found[1]
            elif found := self.REGISTRY.fullmatch(text):
                self.registry = found[1]
            elif found := self.SERVER.fullmatch(text):
                self.servers[found[1]] = found[4]
            else:
                self.kill()
                raise AssertionError(f"a line that no contract knows: {text!r}" + self.story())

    def stop(self, signum=signal.SIGTERM):
        self.child.send_signal(signum)
        return self.wait()

    def status(self, field):
        """The number in that line of /proc/PID/status: KiB, or a count."""
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(rf"^{field}:\s+(\d+)", file.read(), re.M)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


ALL_SERVICES = tuple(f"--server=threaded:{name}@127.0.0.1:0" for name in ("CALCULATOR", "ECHO", "MY"))


def start_fixture_host(configs, service="FIXTURE"):
    """Starts a host with a server of that service, and one more with each of `configs`, a dict of protocol configurations by
    server id."""
    flags = ["--admin_address=127.0.0.1:0", f"--server=threaded:{service}@127.0.0.1:0"]
    host = Host(*flags, name="fixture_host")
    try:
        for server_id, config in configs.items():
            server = start_server(host, server_id, service=service, protocol_config=config)
            host.servers[server_id] = address_of(server)
    except unittest.SkipTest:
        pass  # There is no grpcurl: scenarios that need those servers are skipped.
    return host


def start_host(*flags):
    """Starts the host that most tests use: every service of the demo, and the control plane."""
    return Host("--admin_address=127.0.0.1:0", *ALL_SERVICES, *flags)


def ends_well(host):
    """For tearDownModule: SIGTERM ends the host with status 0, whatever the tests did to it."""
    code = host.stop()
    assert code == 0, f"SIGTERM: exit {code}" + host.story()


def client_versions(versions=VERSIONS):
    """Those of `versions` whose environment exists."""
    found = []
    for version in versions:
        try:
            venv_python(version)
            found.append(version)
        except unittest.SkipTest:
            pass
    return found


def ring(versions):
    """Pairs of versions: each version is once the first and once the second of a pair, and the last one is also paired with
    itself. Every pair of dialects is among them."""
    return [*zip(versions, (*versions[1:], versions[0])), (versions[-1], versions[-1])]


class Client(Process):
    """A process with a real rpyc of one version, which runs scenarios by name, one at a time.

    `servers` maps server ids to addresses. Where it maps one to None, `start(id)` gives the address for each connection
    anew: of a server that takes only one, say. `baseline` tells the scenarios that the servers are RPyC's own.
    """

    def __init__(self, version, servers, tls=None, traits=None, start=None, baseline=False):
        self.version, self.start = version, start
        settings = {"servers": servers, "baseline": baseline, "tls": tls or {}, "traits": traits or {}}
        super().__init__([venv_python(version), "-u", os.path.join(HERE, "scenario.py"), json.dumps(settings)],
                         stdin=subprocess.PIPE, env=CLIENT_ENVIRONMENT)

    def write(self, order):
        self.child.stdin.write(json.dumps(order) + "\n")
        self.child.stdin.flush()

    def begin(self, scenario, **arguments):
        self.write({"scenario": scenario, "arguments": arguments})

    def finish(self):
        while (text := self.line()) is not None:
            got = json.loads(text)
            if "server" not in got:
                break
            self.write(self.start(got["server"]))
        else:
            self.child.wait(DEADLINE_S)
            raise AssertionError("the client process died" + self.story())
        if "not_applicable" in got:
            raise NotApplicable(got["not_applicable"])
        if "skip" in got:
            raise unittest.SkipTest(got["skip"])
        if "error" in got:
            raise AssertionError(f"under rpyc {self.version}:\n{got['error']}")
        return got["result"]

    def run(self, scenario, **arguments):
        self.begin(scenario, **arguments)
        return self.finish()


class Clients:
    """Clients by version, of the same servers: each is started when it is first needed, and again if it died."""

    def __init__(self, servers, **more):
        self.servers, self.more, self.running = servers, more, {}

    def __getitem__(self, version):
        client = self.running.get(version)
        if client is None or client.child.poll() is not None:  # a scenario hung and took its process with it
            client = self.running[version] = Client(version, self.servers, **self.more)
        return client

    def kill(self):
        for client in self.running.values():
            client.kill()


def add_scenario_cases(module, names, start_hosts):
    """Gives a test module (its globals) a TestCase for each version, with a test for each scenario, and the setUpModule and
    tearDownModule that they need. `start_hosts` returns the hosts whose servers the scenarios use."""
    hosts, clients = [], None

    def set_up():
        nonlocal clients
        hosts.extend(start_hosts())
        clients = Clients({server_id: address for host in hosts for server_id, address in host.servers.items()})

    def tear_down():
        clients.kill()
        for host in hosts:
            ends_well(host)

    def run(version, name):
        try:
            clients[version].run(name)
        except AssertionError as e:
            raise AssertionError("".join([str(e), *(host.story() for host in hosts)])) from None

    module["setUpModule"], module["tearDownModule"] = set_up, tear_down
    for version in VERSIONS:
        case = f"Rpyc{version.replace('.', '_')}"
        module[case] = type(case, (unittest.TestCase,), {
            "__module__": module["__name__"],  # whose setUpModule runs first
            **{f"test_{name}": lambda self, version=version, name=name: run(version, name) for name in names}
        })


# --- grpcurl -------------------------------------------------------------------------------------

class GrpcError(Exception):
    """A status and the fields of its ErrorInfo."""

    def __init__(self, status):
        super().__init__(json.dumps(status))
        self.code, self.message = status.get("code", 0), status.get("message", "")
        infos = [d for d in status.get("details", []) if d.get("@type", "").endswith("google.rpc.ErrorInfo")]
        self.infos = len(infos)
        info = infos[0] if infos else {}
        self.reason, self.domain, self.metadata = info.get("reason"), info.get("domain"), info.get("metadata", {})


CODES = {
    name: number
    for number, name in enumerate(
        "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED "
        "FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED".split(
        ))
}


def grpcurl_tool():
    tool = os.environ.get("GRPCURL")
    if not tool or not os.access(tool, os.X_OK):
        raise unittest.SkipTest("GRPCURL does not name an executable")
    return tool


def grpcurl(address, *arguments, data=None):
    """Runs the real grpcurl, which finds everything by reflection and gets no proto file; returns its stdout."""
    command = [grpcurl_tool(), "-plaintext", "-format-error", "-max-time", str(DEADLINE_S)]
    command += ["-d", json.dumps(data)] if data is not None else []
    # unix:PATH is passed on as it is: grpcurl 1.9.3 takes gRPC's own notation, and its -unix flag dials TCP.
    done = subprocess.run(command + [address, *arguments], capture_output=True, text=True, timeout=2 * DEADLINE_S)
    if done.returncode == 0:
        return done.stdout
    try:
        status = json.loads(done.stderr)
    except ValueError:
        raise AssertionError(f"grpcurl {arguments}: exit {done.returncode}: {done.stdout}{done.stderr}") from None
    raise GrpcError(status)


class HealthWatch(Process):
    """A grpcurl that watches the health of the host (""), or of one of its servers."""

    def __init__(self, host, service):
        super().__init__([grpcurl_tool(), "-plaintext", "-max-time", str(DEADLINE_S), "-d", json.dumps({"service": service}),
                          host.admin, "grpc.health.v1.Health/Watch"])

    def status(self):
        """Returns the next status; None at the end."""
        while (text := self.line()) is not None:  # JSON over several lines
            if found := re.search(r'"status": "(\w+)"', text):
                return found[1]
        return None

    def wait_for(self, status):
        """Reads until it comes; short-lived states may come before it."""
        while (got := self.status()) != status:
            if got is None:
                raise AssertionError(f"ended before {status}" + self.story())


def snake(tree):
    """Turns the lowerCamelCase keys of protojson into the field names of the proto files."""
    if isinstance(tree, dict):
        return {re.sub("[A-Z]", lambda m: "_" + m[0].lower(), key): snake(item) for key, item in tree.items()}
    return [snake(item) for item in tree] if isinstance(tree, list) else tree


def admin(host, method, /, **request):
    """Calls rpyc.admin.v1.METHOD ("ServerService/GetServer"); returns the answer as a dict, in which defaults are left out."""
    return snake(json.loads(grpcurl(host.admin, "rpyc.admin.v1." + method, data=request)))


def connections_open(host, server_id):
    return int(admin(host, "ServerService/GetServer", name=f"servers/{server_id}").get("connections_open", 0))


def start_server(host, server_id="", **spec):
    """Starts a threaded CALCULATOR on any free port, unless `spec` says otherwise."""
    request = {"spec": {"kind": "threaded", "service": "CALCULATOR", "hostname": "127.0.0.1", **spec}}
    if server_id:
        request["server_id"] = server_id
    return admin(host, "ServerService/StartServer", **request)


def address_of(server):
    """The server's address as clients write it; for TLS as the clients of these tests do, "tls:127.0.0.1:18861"."""
    if "socket_path" in server:
        return f"unix:{server['socket_path']}"
    return f"{'tls:' if 'tls' in server['spec'] else ''}{server['hostname']}:{server['port']}"
