"""Measures the host against what the machine can do, in interleaved rounds of one run, and prints ratios: tools/bench.

A figure of one machine says nothing on another, and one of a minute ago little; a ratio of two figures taken a second
apart does. The limits are `limit_server`: raw bytes, and canned RPyC, which has frames but no objects.
"""

import argparse
import dataclasses
import json
import os
import signal
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON_VERSIONS = ("4.1.5", "5.3.1", "6.0.2")
SETUP_DEADLINE_S = 60  # of what surrounds a measurement: guards against a hang
KIB, MIB = 1 << 10, 1 << 20


class Failure(Exception):
    pass


# --- what is measured ------------------------------------------------------------------------------

@dataclasses.dataclass
class Run:
    """One measurement: a fresh server, one client, and where the two run."""
    server: tuple  # command
    client: tuple  # command, to which the server's port and pid are added
    same_core: bool = True


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
    only_kind: str = None  # the bound is for servers of another kind: shown, not judged
    time_of: bool = False  # the figure is a rate, and what counts is the time of one

    def value(self, figures):
        number = figures[self.figure]
        return 1e6 / number if self.time_of else number

    def met(self, outcome):
        return outcome <= self.bound if self.at_most else outcome >= self.bound

    def missed_by(self, outcome):
        return abs(outcome / self.bound - 1)


class Plan:
    """Every run by name, and the rows that use them, for one server kind. Targets: README.md."""

    def __init__(self, options, binaries, pythons):
        self.kind, self.runs, self.rows, self.skipped = options.kind, {}, [], {}
        self.binaries, self.seconds = binaries, options.seconds
        self.of_kind = () if options.kind == "threaded" else ("--epoll",)  # how the limits serve
        self.calls()
        self.bulk()
        self.churn()
        self.cpp_client()
        self.idle(options.idle_connections)
        self.python_clients(pythons)

    def host(self):
        return (self.binaries["DEMO_HOST"], "--admin_address=127.0.0.1:0", f"--server={self.kind}:ECHO@127.0.0.1:0")

    def limit(self, *arguments):
        return (self.binaries["LIMIT_SERVER"], *arguments)

    def load(self, *arguments):
        return (self.binaries["LOAD"], f"--seconds={self.seconds}", f"--warmup_seconds={self.seconds / 4}", *arguments)

    def pair(self, name, limit, load, limit_load=None, same_core=True):
        """Adds a run of a limit and one of the host, which follow each other."""
        assert f"{name}/host" not in self.runs, name
        self.runs[f"{name}/limit"] = Run(limit, limit_load or load, same_core)
        self.runs[f"{name}/host"] = Run(self.host(), load, same_core)

    def row(self, target, what, name, figure, at_most=False, bound=0.0, **more):
        limit = f"{name}/limit"
        self.rows.append(Row(target, what, f"{name}/host", limit if limit in self.runs else None, figure, at_most, bound,
                             **more))

    def calls(self):
        # The sizes of an `add` call of RPyC 6 and its reply.
        raw = "--raw=75:22"
        self.pair("add", self.limit(raw, *self.of_kind), self.load("--blocking"), self.load("--blocking", raw))
        self.row("T1", "add, 1 connection, same core: us, of raw", "add", "calls_per_s", at_most=True, bound=1.15,
                 time_of=True)
        self.row("T1", "server CPU, us a call", "add", "server_cpu_us", at_most=True, bound=10.5, absolute=True)
        self.row("T2", "p99, us, of raw", "add", "p99_us", at_most=True, bound=1.3)
        self.row("T2", "p99.9, us, of raw", "add", "p999_us", at_most=True, bound=1.5)

        many = "--connections=100"
        self.pair("many", self.limit(raw, *self.of_kind), self.load(many), self.load(many, raw), same_core=False)
        self.row("T4", "100 connections, a core each: calls/s, of raw", "many", "calls_per_s", bound=0.85,
                 only_kind="threaded")
        self.row("T4", "server CPU, us a call, of raw", "many", "server_cpu_us", at_most=True, bound=1.15,
                 only_kind="threaded")

        for connections, bound in ((1, 0.6), (100, 0.4)):
            load = self.load(f"--connections={connections}", "--depth=16")
            self.pair(f"deep{connections}", self.limit("--epoll"), load, same_core=False)
            self.row("T6", f"depth 16, {connections} connection{'s'[:connections > 1]}: calls/s, of canned epoll",
                     f"deep{connections}", "calls_per_s", bound=bound, only_kind="gevent")

    def bulk(self):
        for size, name, bound in ((64 * KIB, "64 KiB", 0.85), (MIB, "1 MiB", 0.85), (16 * MIB, "16 MiB", 0.75)):
            raw = f"--raw={size}:{size}"
            self.pair(f"echo{size}", self.limit(raw, *self.of_kind),
                      self.load("--blocking", "--operation=echo", f"--echo_bytes={size}"), self.load("--blocking", raw))
            self.row("T7", f"echo {name}, same core: MB/s, of raw", f"echo{size}", "mb_per_s", bound=bound)
        text = ("--blocking", "--operation=echo", f"--echo_bytes={MIB}", "--text", "--deflate")
        self.pair("text", self.limit(*self.of_kind), self.load(*text), same_core=False)
        self.row("T9", "deflated text, 1 MiB: calls/s, of canned", "text", "calls_per_s", bound=0.8)

    def churn(self):
        self.pair("churn", self.limit(*self.of_kind), self.load("--churn"))
        self.row("T10", "connect, call, close, same core: conn/s, of canned", "churn", "connections_per_s", bound=0.8)

    def cpp_client(self):
        # The same bytes to the same server, by a loop of send and recv and by the client.
        raw = self.load("--blocking", "--operation=root.add")
        self.pair("client", self.limit(*self.of_kind), raw)
        self.runs["client/host"] = Run(self.limit(*self.of_kind), (self.binaries["CLIENT_LOAD"], *raw[1:3]))
        self.row("T20", "C++ client, root.add(1, 2), same core: us, of raw", "client", "calls_per_s", at_most=True,
                 bound=1.25, time_of=True)

    def idle(self, connections):
        self.pair("idle", self.limit(*self.of_kind), self.load("--hold", f"--connections={connections}"), same_core=False)
        self.row("T13", f"idle connection, {connections} of them: RSS, KiB", "idle", "rss_kib", at_most=True, bound=12,
                 absolute=True, only_kind="threaded")

    def python_clients(self, pythons):
        if not pythons:
            self.skipped["T8"] = self.skipped["T16"] = "no Python environment with rpyc: RPYC_VENVS"
            return
        client = lambda python, what: (python, os.path.join(HERE, "client.py"), what, str(self.seconds))
        for version, python in pythons.items():
            self.runs[f"python{version}/host"] = Run(self.host(), client(python, "echo64k"), same_core=False)
            self.row("T8", f"rpyc {version}: echo 64 KiB of random bytes, p50, us", f"python{version}", "p50_us",
                     at_most=True, bound=2500, absolute=True)
        version, python = list(pythons.items())[-1]
        for what, name in (("root.add", "conn.root.add(1, 2)"), ("add", "f(1, 2)")):
            self.pair(f"python-{what}", self.limit(*self.of_kind), client(python, what))
            self.row("T16", f"rpyc {version}: {name}, same core: calls/s, of canned", f"python-{what}", "calls_per_s",
                     bound=0.95)

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


def port_of(server, command):
    """Waits for the line that tells the port; a server that has told it is ready."""
    for line in server.stdout:
        words = line.split()
        if line.startswith("listening on ") or (line.startswith("rpycd: server ") and "listening on" in line):
            return int(words[-1].rpartition(":")[2])
    raise Failure(f"{' '.join(command)}: {server.stderr.read().strip() or 'ended before it listened'}")


def measure(run, placement, children, seconds):
    server = children.start(run.server, preexec_fn=placement.pin(placement.first))
    try:
        port = port_of(server, run.server)
        cores = placement.first if run.same_core else placement.second
        client = children.start([*run.client, f"--port={port}", f"--server_pid={server.pid}"],
                                preexec_fn=placement.pin(cores))
        try:
            out, errors = client.communicate(timeout=SETUP_DEADLINE_S + 2 * seconds)
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
    return (f"{row.target:4} {row.what:54} {median(row.limit):>9} {median(row.host):>9} "
            f"{'-' if row.absolute else short(statistics.median(ratios)):>6} {short(min(ratios)) + '..' + short(max(ratios)):>15}  "
            f"{'<=' if row.at_most else '>='} {short(row.bound)}")


def verdict_of(target, rows, rounds, kind):
    judged = [row for row in rows if row.only_kind in (None, kind)]
    if not judged:
        return f"{target}: not judged, it is for the kind {rows[0].only_kind}"
    missed = []
    for row in judged:
        outcome = statistics.median(outcomes(row, rounds))
        if not row.met(outcome):
            missed.append(f"{row.what}: missed by {short(100 * row.missed_by(outcome))} %")
    return f"{target}: " + ("; ".join(missed) if missed else "met")


def report(plan, rows, rounds, notes):
    print(f"\nMedians of {len(rounds)} round{'s'[:len(rounds) > 1]}, server kind {plan.kind}. The ratio is host/limit, of "
          "each round; its range is over the rounds.")
    for note in notes:
        print(f"NOTE: {note}")
    print(f"\n{'':4} {'what':54} {'limit':>9} {'host':>9} {'ratio':>6} {'range':>15}  target")
    for row in rows:
        print(line_of(row, rounds))
    print()
    for target in dict.fromkeys(row.target for row in rows):
        print(verdict_of(target, [row for row in rows if row.target == target], rounds, plan.kind))


# --- the program -----------------------------------------------------------------------------------

def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="bench", description="Measures the host against raw sockets and canned RPyC in the same run, and prints ratios "
        "beside the targets of tests/bench/README.md. The exit status says whether it could measure, not whether targets are met.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="T1, T7, ...; without any, all there are")
    parser.add_argument("--rounds", type=int, default=5, help="default %(default)s; a gate needs 5 or more")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one measurement; default %(default)s")
    parser.add_argument("--kind", default="threaded", help="server kind of the host; default %(default)s")
    parser.add_argument("--idle_connections", type=int, default=2000, help="for T13; default %(default)s")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.seconds <= 0 or options.idle_connections < 1:
        parser.error("--rounds, --seconds and --idle_connections must be positive")
    return parser, options


def environment():
    """The binaries and the Python environments that tools/bench or Bazel name."""
    try:
        binaries = {name: os.path.abspath(os.environ[name]) for name in ("DEMO_HOST", "LIMIT_SERVER", "LOAD", "CLIENT_LOAD")}
    except KeyError as missing:
        raise Failure(f"{missing} does not name a program: start this by tools/bench") from None
    pythons = {}
    for version in (os.environ.get("RPYC_VERSIONS") or " ".join(PYTHON_VERSIONS)).split():
        python = os.path.join(os.environ.get("RPYC_VENVS", ""), f"rpyc-{version}", "bin", "python")
        if os.access(python, os.X_OK):
            pythons[version] = python
    return binaries, pythons


def run_rounds(plan, rows, options, placement, children):
    wanted = {name for row in rows for name in (row.host, row.limit) if name}
    names = [name for name in plan.runs if name in wanted]
    rounds = []
    for number in range(1, options.rounds + 1):
        figures = {}
        # There and back again: what drifts with time hits both sides alike.
        for name in names if number % 2 else reversed(names):
            print(f"round {number}/{options.rounds}: {name}", file=sys.stderr, flush=True)
            figures[name] = measure(plan.runs[name], placement, children, options.seconds)
        rounds.append(figures)
    return rounds


def main(arguments):
    parser, options = parse(arguments)
    plan = Plan(options, *environment())
    asked = [target.upper() for target in options.targets] or plan.targets()
    for target in asked:
        if target not in plan.targets():
            parser.error(f"no target {target}; there are {' '.join(plan.targets())}")
    rows = [row for row in plan.rows if row.target in asked]
    placement, children = Placement(), Children()
    notes = placement.notes + [f"{target} skipped: {why}" for target, why in plan.skipped.items() if target in asked]
    try:
        rounds = run_rounds(plan, rows, options, placement, children) if rows else []
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
