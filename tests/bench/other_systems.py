"""Targets T17 to T19: other RPC systems, gRPC C++, Cap'n Proto RPC and Thrift, with the loads that the host gets.

Each of their runs is made once, whatever the number of kinds it is compared with. Rates of a hundred connections and memory
are judged for kinds that serve them with few threads; where each connection has a thread or a process, what the kernel takes
for those decides, and the rows are only shown."""

from plan import MIB, Run

HELD_CONNECTIONS = 500  # each of these systems takes this many
ECHO = ("--blocking", "--operation=echo", f"--echo_bytes={MIB}")


class System:
    """Says how one of the systems is run, and what its runs are called."""

    def __init__(self, plan, name, server, client):
        self.plan, self.name, self.client = plan, name, client
        self.server = (plan.setting.binaries[server[0]], *server[1:])

    def run(self, name, *load, same_core=True):
        """Returns what a row that compares with this run is told."""
        whole = f"{self.name}/{name}"
        self.plan.run(whole, Run(self.server, (*self.plan.load(program=self.client[0]), *self.client[1:], *load), same_core))
        return dict(limit=whole, other=self.name)


def add_other_systems(plan):
    _grpc(plan)
    _capnp(plan)
    _thrift(plan)


def _add(plan, kind, target, system, bound):
    plan.row(target, kind, f"add, same core: calls/s, of {system.name}", "add", "calls_per_s", bound=bound,
             **system.run("add", "--blocking"))


def _echo(plan, kind, target, system, bound):
    plan.row(target, kind, f"echo 1 MiB, same core: MB/s, of {system.name}", f"echo{MIB}", "mb_per_s", bound=bound,
             **system.run(f"echo{MIB}", *ECHO))


def _idle(plan, kind, target, system, bound, judged):
    count = min(HELD_CONNECTIONS, plan.options.idle_connections)
    plan.row(target, kind, f"idle connection: {kind.memory_name}, of {system.name}", "idle", kind.memory, at_most=True,
             bound=bound, judged=judged, **system.run("idle", "--hold", f"--connections={count}", same_core=False))


def _many(plan, kind, target, system, connections, bound, judged, *load):
    """Makes this many calls at once: each has a connection, except with gRPC."""
    name, own = f"many{connections}", f"--connections={connections}"
    plan.run_host(kind, name, plan.load(own), same_core=False)
    plan.row(target, kind, f"{connections} calls in flight, a core each: calls/s, of {system.name}", name, "calls_per_s",
             bound=bound, judged=judged, **system.run(name, *(load or (own, )), same_core=False))


def _grpc(plan):
    sync = System(plan, "gRPC sync", ("GRPC_SERVER", "--api=sync"), ("GRPC_CLIENT", ))
    callback = System(plan, "gRPC callback", ("GRPC_SERVER", "--api=callback"), ("GRPC_CLIENT", ))
    for kind in plan.kinds:
        _add(plan, kind, "T17", sync, 5)
        _many(plan, kind, "T17", callback, 100, 3, kind.multiplexes, "--in_flight=100")
        _many(plan, kind, "T17", sync, 100, 5, kind.multiplexes, "--in_flight=100")
        _idle(plan, kind, "T17", sync, 0.25, kind.multiplexes)
        _echo(plan, kind, "T17", sync, 6)


def _capnp(plan):
    capnp = System(plan, "Cap'n Proto", ("CAPNP_SERVER", ), ("CAPNP_CLIENT", ))
    for kind in plan.kinds:
        _add(plan, kind, "T18", capnp, 2.5)
        _many(plan, kind, "T18", capnp, 10, 2.5, not kind.separate_process)
        _many(plan, kind, "T18", capnp, 100, 4, kind.multiplexes)
        _echo(plan, kind, "T18", capnp, 5)
        _idle(plan, kind, "T18", capnp, 0.4, kind.multiplexes)


def _thrift(plan):
    thrift = System(plan, "Thrift threaded", ("THRIFT_SERVER", ), ("THRIFT_CLIENT", ))
    for kind in plan.kinds:
        plan.row("T19", kind, f"add, same core: us, of {thrift.name}", "add", "calls_per_s", at_most=True, bound=0.95,
                 time_of=True, **thrift.run("add", "--blocking"))
        _many(plan, kind, "T19", thrift, 100, 2, kind.cooperative)
