"""Measures the host against what the machine can do, in interleaved rounds of one run, and prints ratios: tools/bench.

A figure of one machine says nothing on another, and one of a minute ago little; a ratio of two figures taken a second
apart does. The limits are `limit_server`: raw bytes, and canned RPyC, which has frames but no objects.
"""

import argparse
import dataclasses
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "interop"))
import certificates  # noqa: E402

PYTHON_VERSIONS = ("4.1.5", "5.3.1", "6.0.2")
SETUP_DEADLINE_S = 300  # of what surrounds a measurement: guards against a hang
KIB, MIB = 1 << 10, 1 << 20


class Failure(Exception):
    pass


# --- what is measured ------------------------------------------------------------------------------

class Kind:
    """A row of the host's table, by whose traits it is known what it is measured against."""

    def __init__(self, row):
        self.name, traits = row["name"], row.get("traits", {})
        self.one_connection = traits.get("one_connection", False)
        self.cooperative = traits.get("cooperative", False)
        self.separate_process = traits.get("separate_process", False)
        self.pool = "nbthreads" in traits.get("option_fields", ())
        self.threads = not (self.one_connection or self.cooperative or self.separate_process or self.pool)
        # How the limits serve, and who of RPyC's own is its like.
        self.limit = ("--fork", ) if self.separate_process else () if self.threads else ("--epoll", )
        self.python = ("ThreadPoolServer" if self.pool else "ForkingServer" if self.separate_process else
                       "ThreadedServer" if self.threads else None)


@dataclasses.dataclass
class Run:
    """One measurement: a fresh server, one client, and where the two run."""
    server: tuple  # command
    client: tuple  # command, to which the server's port and pid are added
    same_core: bool = True
    spec: dict = None  # of the server that a host is asked to start by its control plane; None: its flags say it


@dataclasses.dataclass
class Row:
    """One line of the table: a figure of run `host`, divided by that of run `limit` unless it counts by itself."""
    target: str
    what: str
    host: str
    limit: str  # None: there is none to compare with
    figure: str
    at_most: bool
    bound: float
    absolute: bool = False  # the host's figure itself is what counts
    judged: bool = True  # the bound is for servers of this kind; else it is only shown
    time_of: bool = False  # the figure is a rate, and what counts is the time of one

    def value(self, figures):
        number = figures[self.figure]
        return 1e6 / number if self.time_of else number

    def met(self, outcome):
        return outcome <= self.bound if self.at_most else outcome >= self.bound

    def missed_by(self, outcome):
        return abs(outcome / self.bound - 1)


class Plan:
    """Every run by name, and the rows that use them, for each kind of server. Targets: README.md."""

    def __init__(self, options, setting, kinds):
        self.options, self.kinds, self.runs, self.rows, self.skipped = options, kinds, {}, [], {}
        self.binaries, self.pythons, self.pem, self.seconds = setting.binaries, setting.pythons, setting.pem, options.seconds
        if not setting.grpcurl:
            self.skipped["T11"] = "no grpcurl, by which servers with TLS are started: GRPCURL"
        if not self.pythons:
            self.skipped["T8"] = self.skipped["T15"] = self.skipped["T16"] = "no Python environment with rpyc: RPYC_VENVS"
        for self.kind in kinds:
            self.calls()
            self.bulk()
            self.churn()
            if setting.grpcurl:
                self.tls()
            self.idle(options.idle_connections)
            self.open(options.open_connections)
            self.python_servers()
            self.python_clients()
        self.kind = None
        self.cpp_client()
        self.rows.sort(key=lambda row: int(row.target[1:]))  # stable: kinds stay in order

    # --- what runs are made of ---

    def host(self, tls=False):
        """Command and spec of a host of the kind."""
        # A fork costs by how much is mapped: few shared libraries.
        host = self.binaries["DEMO_HOST_STATIC" if self.kind.separate_process else "DEMO_HOST"]
        command = (host, "--admin_address=127.0.0.1:0")
        if not tls:
            return (*command, f"--server={self.kind.name}:ECHO@127.0.0.1:0"), None
        return command, {"kind": self.kind.name, "service": "ECHO", "tls": dict(zip(("keyfile", "certfile"), self.pem))}

    def limit(self, *arguments, kind=None):
        return (self.binaries["LIMIT_SERVER"], *(kind or self.kind).limit, *arguments)

    def tls_limit(self, *arguments):
        return self.limit(*arguments, f"--keyfile={self.pem[0]}", f"--certfile={self.pem[1]}")

    def python(self, version, *tls):
        return (self.pythons[version], os.path.join(HERE, "python_server.py"), self.kind.python, *tls)

    def load(self, *arguments):
        return (self.binaries["LOAD"], f"--seconds={self.seconds}", f"--warmup_seconds={self.seconds / 4}", *arguments)

    def pair(self, name, limit, load, limit_load=None, same_core=True, tls=False):
        """Adds a run of a limit and one of the host, which follow each other."""
        name = f"{self.kind.name}/{name}"
        assert f"{name}/host" not in self.runs, name
        self.runs[f"{name}/limit"] = Run(limit, limit_load or load, same_core)
        command, spec = self.host(tls)
        self.runs[f"{name}/host"] = Run(command, load, same_core, spec)

    def row(self, target, what, name, figure, at_most=False, bound=0.0, limit="limit", **more):
        """A row of the kind; `limit` is another run of that name, or a run's whole name."""
        name = f"{self.kind.name}/{name}"
        limit = limit if "/" in limit else f"{name}/{limit}"
        self.rows.append(Row(target, f"{self.kind.name}: {what}", f"{name}/host", limit if limit in self.runs else None,
                             figure, at_most, bound, **more))

    # --- the targets ---

    def calls(self):
        # The sizes of an `add` call of RPyC 6 and its reply.
        raw, kind = "--raw=75:22", self.kind
        self.pair("add", self.limit(raw), self.load("--blocking"), self.load("--blocking", raw))
        sync = dict(name="add", figure="calls_per_s", at_most=True, time_of=True)
        self.row("T1", "add, 1 connection, same core: us, of raw", bound=1.15, judged=not kind.pool, **sync)
        self.row("T1", "server CPU, us a call", "add", "server_cpu_us", at_most=True, bound=10.5, absolute=True,
                 judged=not kind.pool)
        self.row("T2", "p99, us, of raw", "add", "p99_us", at_most=True, bound=1.3)
        self.row("T2", "p99.9, us, of raw", "add", "p999_us", at_most=True, bound=1.5)

        many = "--connections=100"
        self.pair("many", self.limit(raw), self.load(many), self.load(many, raw), same_core=False)
        rate = dict(what="100 connections, a core each: calls/s, of raw", name="many", figure="calls_per_s")
        if kind.threads:
            self.row("T4", bound=0.85, **rate)
            self.row("T4", "server CPU, us a call, of raw", "many", "server_cpu_us", at_most=True, bound=1.15)
        elif kind.pool:
            self.row("T5", bound=0.75, **rate)
            self.row("T5", "add, 1 connection, same core: us, of raw", bound=1.25, **sync)
            for other in self.kinds:
                if other.threads:
                    self.row("T5", f"p50, us, of {other.name}", "add", "p50_us", at_most=True, bound=1.2,
                             limit=f"{other.name}/add/host")
        elif kind.cooperative:
            self.row("T3", bound=0.9, **rate)

        for connections, bound in ((1, 0.6), (100, 0.4)):
            load = self.load(f"--connections={connections}", "--depth=16")
            self.pair(f"deep{connections}", (self.binaries["LIMIT_SERVER"], "--epoll"), load, same_core=False)
            self.row("T6", f"depth 16, {connections} connection{'s'[:connections > 1]}: calls/s, of canned epoll",
                     f"deep{connections}", "calls_per_s", bound=bound, judged=kind.cooperative)

    def bulk(self):
        for size, name, bound in ((64 * KIB, "64 KiB", 0.85), (MIB, "1 MiB", 0.85), (16 * MIB, "16 MiB", 0.75)):
            raw = f"--raw={size}:{size}"
            self.pair(f"echo{size}", self.limit(raw), self.load("--blocking", "--operation=echo", f"--echo_bytes={size}"),
                      self.load("--blocking", raw))
            self.row("T7", f"echo {name}, same core: MB/s, of raw", f"echo{size}", "mb_per_s", bound=bound)
        text = ("--blocking", "--operation=echo", f"--echo_bytes={MIB}", "--text", "--deflate")
        self.pair("text", self.limit(), self.load(*text), same_core=False)
        self.row("T9", "deflated text, 1 MiB: calls/s, of canned", "text", "calls_per_s", bound=0.8)

    def churn(self):
        self.pair("churn", self.limit(), self.load("--churn"))
        self.row("T10", "connect, call, close, same core: conn/s, of canned", "churn", "connections_per_s", bound=0.8)

    def tls(self):
        limit = self.tls_limit()
        self.pair("tls-add", limit, self.load("--tls", "--blocking"), tls=True)
        self.row("T11", "TLS, add, same core: us, of canned TLS", "tls-add", "calls_per_s", at_most=True, bound=1.15,
                 time_of=True)
        self.pair("tls-churn", limit, self.load("--tls", "--churn"), tls=True)
        self.row("T11", "TLS, connect, call, close: conn/s, of canned TLS", "tls-churn", "connections_per_s", bound=0.85)
        for size, name in ((64 * KIB, "64 KiB"), (MIB, "1 MiB"), (16 * MIB, "16 MiB")):
            self.pair(f"tls-echo{size}", limit, self.load("--tls", "--blocking", "--operation=echo", f"--echo_bytes={size}"),
                      tls=True)
            self.row("T11", f"TLS, echo {name}, same core: MB/s, of canned TLS", f"tls-echo{size}", "mb_per_s", bound=0.85)

        count = self.options.idle_connections
        self.pair("tls-idle", limit, self.load("--tls", "--hold", f"--connections={count}"), same_core=False, tls=True)
        bound, figure = (320, "pss_kib") if self.kind.separate_process else (40 if self.kind.threads else 16, "rss_kib")
        self.row("T13", f"idle TLS connection, {count} of them: {figure[:3].upper()}, KiB", "tls-idle", figure, at_most=True,
                 bound=bound, absolute=True)

    def idle(self, connections):
        self.pair("idle", self.limit(), self.load("--hold", f"--connections={connections}"), same_core=False)
        what = f"idle connection, {connections} of them"
        if self.kind.separate_process:
            self.row("T13", f"{what}: PSS, KiB", "idle", "pss_kib", at_most=True, bound=90, absolute=True)
        elif self.kind.threads:
            self.row("T13", f"{what}: RSS, KiB", "idle", "rss_kib", at_most=True, bound=12, absolute=True)
        else:
            self.row("T12", f"{what}: RSS, KiB", "idle", "rss_kib", at_most=True, bound=1, absolute=True)

    def open(self, connections):
        if self.kind.separate_process:
            return
        self.pair("open", self.limit(), self.load("--hold", f"--connections={connections}"), same_core=False)
        self.row("T14", f"{connections} connections open: that answer", "open", "answered", bound=connections, absolute=True)
        # Beside a host whose connection is alone.
        command, _ = self.host()
        self.runs[f"{self.kind.name}/beside/limit"] = Run(command, self.load("--blocking"))
        self.runs[f"{self.kind.name}/beside/host"] = Run(command, self.load("--blocking", f"--idle={connections}"))
        self.row("T14", f"p50 beside {connections} idle, us, of p50 alone", "beside", "p50_us", at_most=True, bound=1.1)

    def python_servers(self):
        """What RPyC's own server of the like does with the same load."""
        if not self.kind.python:
            return
        # A ThreadPoolServer takes a tenth of a second for a request: fewer connections, or they take minutes to set up.
        pool = self.kind.pool
        many = 10 if pool else 100
        loads = (("add", True, (), ("--blocking", )), (f"many{many}", False, (), (f"--connections={many}", )),
                 ("churn", True, (), ("--churn", )), ("tls-churn", True, self.pem, ("--tls", "--churn")),
                 ("idle", False, (), ("--hold", "--connections=20" if pool else "--connections=100")))
        for version in (v for v in self.pythons if not v.startswith("4.")):
            server = f"{self.kind.python} {version}"
            for name, same_core, pem, load in loads:
                if pem and "T11" in self.skipped:
                    continue
                run = f"python{version}-{name}"
                self.pair(run, self.python(version, *pem), self.load(*load), same_core=same_core, tls=bool(pem),
                          limit_load=self.load(*load, f"--dialect={version[0]}"))
            self.row("T15", f"add, same core: calls/s, of {server}", f"python{version}-add", "calls_per_s",
                     bound=300 if pool else 1.7)
            self.row("T15", f"{many} connections: calls/s, of {server}", f"python{version}-many{many}", "calls_per_s",
                     bound=300 if pool else 7)
            self.row("T15", f"churn: conn/s, of {server}", f"python{version}-churn", "connections_per_s",
                     bound=8 if self.kind.separate_process else 2.4)
            if "T11" not in self.skipped:
                self.row("T15", f"TLS churn: conn/s, of {server}", f"python{version}-tls-churn", "connections_per_s",
                         bound=25)
            if self.kind.separate_process:
                self.row("T15", f"idle connection: PSS, of {server}", f"python{version}-idle", "pss_kib", at_most=True,
                         bound=0.05)
            else:
                self.row("T15", f"idle connection: RSS, of {server}", f"python{version}-idle", "rss_kib", at_most=True,
                         bound=0.5)

    def python_clients(self):
        if not self.pythons:
            return
        client = lambda python, what: (python, os.path.join(HERE, "client.py"), what, str(self.seconds))
        for version, python in self.pythons.items():
            self.runs[f"{self.kind.name}/client{version}/host"] = Run(self.host()[0], client(python, "echo64k"),
                                                                      same_core=False)
            self.row("T8", f"rpyc {version}: echo 64 KiB of random bytes, p50, us", f"client{version}", "p50_us",
                     at_most=True, bound=2500, absolute=True)
        version, python = list(self.pythons.items())[-1]
        for what, name in (("root.add", "conn.root.add(1, 2)"), ("add", "f(1, 2)")):
            self.pair(f"client-{what}", self.limit(), client(python, what))
            self.row("T16", f"rpyc {version}: {name}, same core: calls/s, of canned", f"client-{what}", "calls_per_s",
                     bound=0.95)

    def cpp_client(self):
        # The same bytes to the same server, by a loop of send and recv and by the client.
        raw = self.load("--blocking", "--operation=root.add")
        server = (self.binaries["LIMIT_SERVER"], )
        self.runs["client/limit"] = Run(server, raw)
        self.runs["client/host"] = Run(server, (self.binaries["CLIENT_LOAD"], *raw[1:3]))
        self.rows.append(Row("T20", "C++ client, root.add(1, 2), same core: us, of raw", "client/host", "client/limit",
                             "calls_per_s", True, 1.25, time_of=True))

    def targets(self):
        """Those there are, in order, each once."""
        return sorted({row.target for row in self.rows} | set(self.skipped), key=lambda name: int(name[1:]))


# --- processes -------------------------------------------------------------------------------------

class Placement:
    """Which cores server and client run on. Placement decides more than the server does: a ping-pong across two cores
    takes four times as long as on one, and unpinned it flips between the two."""

    def __init__(self):
        cores = sorted(os.sched_getaffinity(0))
        self.first, self.second = {cores[0]}, {cores[-1]}
        if len(cores) < 2:
            self.notes = ["only one core: what should have a core each shares it, and means little"]
        else:
            self.notes = []
        try:
            os.sched_setaffinity(0, set(cores))
            self.pins = True
        except OSError as error:
            self.pins = False
            self.notes.append(f"cannot pin to cores ({error}): ratios are noise mostly")

    def pin(self, cores):
        """For Popen: runs in the child before its program."""
        return (lambda: os.sched_setaffinity(0, cores)) if self.pins else None


ENDING = (signal.SIGINT, signal.SIGTERM)


class Children:
    """Started processes; none outlives this program, however it ends."""

    def __init__(self):
        self.running = []

    def start(self, command, preexec_fn=None, **popen):

        def begin():
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            if preexec_fn:
                preexec_fn()

        # A signal between the start and the entry in the list would leave the child running.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=begin,
                                     **popen)
            self.running.append(child)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        return child

    def end(self, child):
        child.terminate()
        try:
            child.communicate(timeout=SETUP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
        self.running.remove(child)

    def end_all(self):
        for child in self.running:
            child.kill()
        for child in self.running:
            child.wait()
        self.running = []


def wait_for_line(server, command, pattern):
    """What the pattern's group finds in a line of stdout; a server that has said where it listens is ready."""
    for line in server.stdout:
        if found := re.search(pattern, line):
            return found[1]
    raise Failure(f"{' '.join(command)}: {server.stderr.read().strip() or 'ended before it listened'}")


def grpcurl(tool, address, method, request):
    done = subprocess.run([tool, "-plaintext", "-d", json.dumps(request), address, f"rpyc.admin.v1.{method}"],
                          capture_output=True, text=True, timeout=SETUP_DEADLINE_S)
    if done.returncode != 0:
        raise Failure(f"{method}: {done.stderr.strip()}")
    return json.loads(done.stdout)


ADMIN = r"^rpycd: admin listening on (\S+)"
LISTENING = r"^(?:rpycd: server .*)?listening on (?:\S+:)?(\d+)$"


def port_of(server, run, tool):
    if run.spec is None:
        return int(wait_for_line(server, run.server, LISTENING))
    admin = wait_for_line(server, run.server, ADMIN)
    return grpcurl(tool, admin, "ServerService/StartServer", {"spec": run.spec})["port"]


def measure(run, placement, children, options, tool):
    server = children.start(run.server, preexec_fn=placement.pin(placement.first))
    try:
        port = port_of(server, run, tool)
        cores = placement.first if run.same_core else placement.second
        client = children.start([*run.client, f"--port={port}", f"--server_pid={server.pid}"],
                                preexec_fn=placement.pin(cores))
        try:
            out, errors = client.communicate(timeout=SETUP_DEADLINE_S + 2 * options.seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{' '.join(run.client)}: did not end") from None
        if client.returncode != 0:
            raise Failure(f"{' '.join(run.client)}: exit {client.returncode}: {errors.strip()}")
        children.running.remove(client)
        return json.loads(out)
    finally:
        children.end(server)


# --- the report ------------------------------------------------------------------------------------

def short(number):
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:,.0f}"


def outcomes(row, rounds):
    """Of each round: the ratio, or the figure itself."""
    limit = lambda figures: 1 if row.absolute else row.value(figures[row.limit])
    return [row.value(figures[row.host]) / limit(figures) for figures in rounds]


def line_of(row, rounds):
    median = lambda run: short(statistics.median(row.value(figures[run]) for figures in rounds)) if run else "-"
    ratios = outcomes(row, rounds)
    return (f"{row.target:4} {row.what:70} {median(row.limit):>9} {median(row.host):>9} "
            f"{'-' if row.absolute else short(statistics.median(ratios)):>6} {short(min(ratios)) + '..' + short(max(ratios)):>15}  "
            f"{'<=' if row.at_most else '>='} {short(row.bound)}")


def verdict_of(target, rows, rounds):
    judged = [row for row in rows if row.judged]
    if not judged:
        return f"{target}: not judged, it is for kinds that were not measured"
    missed = []
    for row in judged:
        outcome = statistics.median(outcomes(row, rounds))
        if not row.met(outcome):
            missed.append(f"{row.what}: missed by {short(100 * row.missed_by(outcome))} %")
    return f"{target}: " + ("; ".join(missed) if missed else "met")


def report(plan, rows, rounds, notes):
    print(f"\nMedians of {len(rounds)} round{'s'[:len(rounds) > 1]}, kinds {', '.join(kind.name for kind in plan.kinds)}. "
          "The ratio is host/limit, of each round; its range is over the rounds.")
    for note in notes:
        print(f"NOTE: {note}")
    print(f"\n{'':4} {'what':70} {'limit':>9} {'host':>9} {'ratio':>6} {'range':>15}  target")
    for row in rows:
        print(line_of(row, rounds))
    print()
    for target in dict.fromkeys(row.target for row in rows):
        print(verdict_of(target, [row for row in rows if row.target == target], rounds))


# --- the program -----------------------------------------------------------------------------------

def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="bench", description="Measures the host against raw sockets, canned RPyC and RPyC's own servers in the same run, "
        "and prints ratios beside the targets of tests/bench/README.md. The exit status says whether it could measure, not "
        "whether targets are met.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="T1, T7, ...; without any, all there are")
    parser.add_argument("--rounds", type=int, default=5, help="default %(default)s; a gate needs 5 or more")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one measurement; default %(default)s")
    parser.add_argument("--kinds", help="server kinds, as threaded,thread_pool; default: all of the host's table but those "
                        "that serve one connection")
    parser.add_argument("--idle_connections", type=int, default=2000, help="for T12 and T13; default %(default)s")
    parser.add_argument("--open_connections", type=int, default=10000, help="for T14; default %(default)s")
    options = parser.parse_args(arguments)
    if min(options.rounds, options.seconds, options.idle_connections, options.open_connections) <= 0:
        parser.error("--rounds, --seconds, --idle_connections and --open_connections must be positive")
    return parser, options


class Setting:
    """The binaries and the Python environments that tools/bench or Bazel name, and certificates of this run."""

    def __init__(self, directory):
        try:
            self.binaries = {
                name: os.path.abspath(os.environ[name])
                for name in ("DEMO_HOST", "DEMO_HOST_STATIC", "LIMIT_SERVER", "LOAD", "CLIENT_LOAD")
            }
        except KeyError as missing:
            raise Failure(f"{missing} does not name a program: start this by tools/bench") from None
        self.pythons = {}
        for version in (os.environ.get("RPYC_VERSIONS") or " ".join(PYTHON_VERSIONS)).split():
            python = os.path.join(os.environ.get("RPYC_VENVS", ""), f"rpyc-{version}", "bin", "python")
            if os.access(python, os.X_OK):
                self.pythons[version] = python
        tool = os.environ.get("GRPCURL")
        self.grpcurl = tool if tool and os.access(tool, os.X_OK) else None
        self.pem = certificates.Authority(directory, "bench").issue("server") if self.grpcurl else ()

    def kinds(self, options, children):
        """Those of the host's table that were asked for."""
        asked = options.kinds.split(",") if options.kinds else None
        if not self.grpcurl:
            # Their traits are not known then: taken for kinds of threads.
            return [Kind({"name": name}) for name in asked or ["threaded"]]
        command = (self.binaries["DEMO_HOST"], "--admin_address=127.0.0.1:0")
        host = children.start(command)
        try:
            listed = grpcurl(self.grpcurl, wait_for_line(host, command, ADMIN), "ServerService/ListServerKinds", {})
        finally:
            children.end(host)
        table = {row["name"]: Kind(row) for row in listed["server_kinds"]}
        for name in asked or ():
            if name not in table:
                raise Failure(f"--kinds: no kind {name}; there are {', '.join(table)}")
        return [kind for kind in table.values() if (kind.name in asked if asked else not kind.one_connection)]


def run_rounds(plan, rows, options, placement, children, tool):
    wanted = {name for row in rows for name in (row.host, row.limit) if name}
    names = [name for name in plan.runs if name in wanted]
    rounds = []
    for number in range(1, options.rounds + 1):
        figures = {}
        # There and back again: what drifts with time hits both sides alike.
        for name in names if number % 2 else reversed(names):
            print(f"round {number}/{options.rounds}: {name}", file=sys.stderr, flush=True)
            figures[name] = measure(plan.runs[name], placement, children, options, tool)
        rounds.append(figures)
    return rounds


def main(arguments):
    parser, options = parse(arguments)
    placement, children = Placement(), Children()
    with tempfile.TemporaryDirectory() as directory:
        try:
            setting = Setting(directory)
            plan = Plan(options, setting, setting.kinds(options, children))
            asked = [target.upper() for target in options.targets] or plan.targets()
            for target in asked:
                if target not in plan.targets():
                    parser.error(f"no target {target}; there are {' '.join(plan.targets())}")
            rows = [row for row in plan.rows if row.target in asked]
            notes = placement.notes + [f"{target} skipped: {why}" for target, why in plan.skipped.items() if target in asked]
            rounds = run_rounds(plan, rows, options, placement, children, setting.grpcurl) if rows else []
        finally:
            children.end_all()
    if rows:
        report(plan, rows, rounds, notes)
    else:
        print("\n".join(notes))
    return 0


def interrupted(signum, _):
    sys.exit(128 + signum)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        sys.exit(1)
