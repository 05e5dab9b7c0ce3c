"""What is measured: runs by name, and the rows of the table that compare them. What is compared with what, and by which
bound, is told by limits.py, rpyc_servers.py and other_systems.py; the targets are those of README.md."""

import dataclasses
import os
import resource

HERE = os.path.dirname(os.path.abspath(__file__))
KIB, MIB = 1 << 10, 1 << 20
SPARE_DESCRIPTORS = 500  # what a server, or a client, has open beside its connections


class Kind:
    """Holds a row of the host's table; its traits say what it is measured against."""

    def __init__(self, row):
        self.name, traits = row["name"], row.get("traits", {})
        self.one_connection = traits.get("one_connection", False)
        self.cooperative = traits.get("cooperative", False)
        self.separate_process = traits.get("separate_process", False)
        self.pool = "nbthreads" in traits.get("option_fields", ())
        self.threads = not (self.one_connection or self.cooperative or self.separate_process or self.pool)
        # A few threads serve all connections; a server with a thread or a process for each connection is limited by their
        # number.
        self.multiplexes = self.cooperative or self.pool
        # These say how the limits serve, and which server of RPyC's own is alike.
        self.limit = ("--fork", ) if self.separate_process else () if self.threads else ("--epoll", )
        self.python = ("GeventServer" if self.cooperative else "ThreadPoolServer" if self.pool else
                       "ForkingServer" if self.separate_process else "OneShotServer" if self.one_connection else
                       "ThreadedServer")
        # Memory that processes share counts once.
        self.memory, self.memory_name = ("pss_kib", "PSS") if self.separate_process else ("rss_kib", "RSS")


@dataclasses.dataclass
class Run:
    """Describes one measurement: a fresh server, one client, and where the two run."""
    server: tuple  # a command
    client: tuple  # a command, to which the server's port and pid are added
    same_core: bool = True
    spec: dict = None  # the server that a host's control plane is asked to start; None: the host's flags describe it
    registry: bool = False  # the server has a registry too, and the client is told its port


@dataclasses.dataclass
class Row:
    """Describes one line of the table: a figure of run `host`, divided by that of run `limit` unless it counts by itself."""
    target: str
    kind: str  # of the server; None: it is about no server
    what: str
    host: str
    limit: str  # None: there is none to compare with
    figure: str
    at_most: bool
    bound: float
    absolute: bool = False  # the host's figure itself is what counts
    judged: bool = True  # the bound is for servers of this kind; else it is only shown
    time_of: bool = False  # the figure is a rate, and what counts is the time of one
    other: str = "bare socket"  # what the limit belongs to
    load: str = None  # the name that runs of the same load have in common
    floor: float = None  # a ratio below it is a failure of the benchmark
    brief: str = None  # of rows that have this in common the page shows the worst; None: it shows each

    def value(self, figures):
        number = figures[self.figure]
        if self.figure.endswith("_kib"):
            number = max(number, 0.001)  # less is less than a page for all of them
        return 1e6 / number if self.time_of else number

    def met(self, outcome):
        return outcome <= self.bound if self.at_most else outcome >= self.bound

    def missed_by(self, outcome):
        return abs(outcome / self.bound - 1)

    def name(self):
        return f"{self.kind}: {self.what}" if self.kind else self.what


class Plan:
    """Holds every run by name, and the rows that use them; a figure that many rows use is measured once a round."""

    def __init__(self, options, setting, kinds, kinds_of_one):
        self.options, self.kinds, self.runs, self.rows, self.skipped, self.notes = options, kinds, {}, [], {}, []
        self.kinds_of_one = kinds_of_one  # kinds that serve one connection: few targets are for them
        self.medians = {}  # by target: the bound of the median over all its rows of a kind
        self.setting, self.seconds = setting, options.seconds

    # --- what runs are made of ---

    def host(self, kind, service="ECHO", tls=False, program="DEMO_HOST"):
        """Returns the command and the spec of a host of the kind."""
        # A fork costs by how much is mapped, so the program has few shared libraries.
        host = self.setting.binaries[f"{program}_STATIC" if kind.separate_process else program]
        command = (host, "--admin_address=127.0.0.1:0")
        if not tls:
            return (*command, f"--server={kind.name}:{service}@127.0.0.1:0"), None
        pem = dict(zip(("keyfile", "certfile"), self.setting.pem))
        return command, {"kind": kind.name, "service": service, "tls": pem}

    def limit(self, *arguments):
        return (self.setting.binaries["LIMIT_SERVER"], *arguments)

    def load(self, *arguments, program="LOAD"):
        return (self.setting.binaries[program], f"--seconds={self.seconds}", f"--warmup_seconds={self.seconds / 4}",
                *arguments)

    def possible(self, connections):
        """Returns this number of connections, or as many as this process may have."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_DESCRIPTORS
        if connections <= most:
            return connections
        note = f"{connections} connections are more than the limit of descriptors allows: {most} instead"
        if note not in self.notes:
            self.notes.append(note)
        return most

    # --- what the parts of the plan add ---

    def run(self, name, run):
        """Returns a run that may be wanted more than once."""
        self.runs.setdefault(name, run)

    def run_host(self, kind, name, load, same_core=True, tls=False):
        command, spec = self.host(kind, tls=tls)
        self.run(f"{kind.name}/{name}/host", Run(command, load, same_core, spec))

    def pair(self, kind, name, limit, load, limit_load=None, same_core=True, tls=False):
        """Adds a run of a limit and one of the host, which follow each other."""
        assert f"{kind.name}/{name}/host" not in self.runs, name
        self.run(f"{kind.name}/{name}/limit", Run(limit, limit_load or load, same_core))
        self.run_host(kind, name, load, same_core, tls)

    def row(self, target, kind, what, name, figure, at_most=False, bound=0.0, limit=None, **more):
        """Adds a row about a run of that name by a host of the kind; `limit` is the whole name of another run."""
        limit = limit or f"{kind.name}/{name}/limit"
        self.rows.append(Row(target, kind.name, what, f"{kind.name}/{name}/host", limit if limit in self.runs else None,
                             figure, at_most, bound, load=name, **more))

    def skip(self, why, *targets):
        for target in targets:
            self.skipped[target] = why

    def targets(self):
        """Returns the targets that there are, in order, each once."""
        return sorted({row.target for row in self.rows} | set(self.skipped), key=number_of)

    def wanted(self, rows):
        """Returns the names of the runs that these rows are about, in the order they are made in: those of one load follow each
        other, since their figures are compared."""
        names = {name for row in rows for name in (row.host, row.limit) if name}
        names = [name for name in self.runs if name in names]
        loads = list(dict.fromkeys(map(load_of, names)))
        return sorted(names, key=lambda name: loads.index(load_of(name)))


def number_of(target):
    return int(target[1:])


def load_of(run):
    """Returns the part of a run's whole name that tells what is asked: add of gevent/add/host and of gRPC sync/add."""
    parts = [part for part in run.split("/") if part not in ("host", "limit")]
    return parts[-1]


def plural(count, noun):
    return f"{count} {noun}{'s'[:count > 1]}"
