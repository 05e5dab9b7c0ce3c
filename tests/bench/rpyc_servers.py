"""Targets T8, T15 and T16: RPyC's own servers, each beside the host's kind that is its like, and stock Python clients."""

import os

from plan import HERE, KIB, MIB, Run

# A ThreadPoolServer takes a tenth of a second for a request: with more connections it takes minutes to set up.
POOL_CONNECTIONS, POOL_IDLE = 10, 20
IDLE_CONNECTIONS = 100


def add_rpyc_servers(plan):
    setting = plan.setting
    if not setting.pythons:
        plan.skip("no Python environment with rpyc: RPYC_VENVS", "T8", "T15", "T16")
        return
    versions = [version for version in setting.pythons if not version.startswith("4.")]
    for kind in plan.kinds:
        for version in versions:
            if kind.cooperative and version not in setting.gevents:
                note = f"T15 skipped for {kind.name} and rpyc {version}: no package gevent in its environment"
                plan.notes.append(note)
                continue
            _server(plan, kind, version)
            if version == versions[-1]:  # earlier ones compress and send alike
                _bulk(plan, kind, version)
        _clients(plan, kind)


def _python(plan, kind, version, *pem):
    return (plan.setting.pythons[version], os.path.join(HERE, "python_server.py"), kind.python, *pem)


def _run(plan, kind, version, name, load, same_core=True, pem=()):
    """Returns the run's whole name, and the name of the server that it is of."""
    whole = f"{kind.name}/{kind.python}-{version}/{name}"
    plan.run(whole, Run(_python(plan, kind, version, *pem), (*load, f"--dialect={version[0]}"), same_core))
    return dict(limit=whole, other=f"Python RPyC {version}")


def _server(plan, kind, version):
    """Has RPyC's own server of this kind do the loads that the host gets."""
    blocking = _run(plan, kind, version, "add", plan.load("--blocking"))
    plan.row("T15", kind, f"add, same core: calls/s, of Python RPyC {version}", "add", "calls_per_s",
             bound=300 if kind.pool else 1.7, **blocking)

    many = ((POOL_CONNECTIONS, 300), ) if kind.pool else ((10, 4), (100, 7)) + ((1000, 8), ) * kind.cooperative
    for connections, bound in many:
        name, load = f"many{connections}", plan.load(f"--connections={connections}")
        plan.run_host(kind, name, load, same_core=False)
        plan.row("T15", kind, f"{connections} connections, a core each: calls/s, of Python RPyC {version}", name,
                 "calls_per_s", bound=bound, **_run(plan, kind, version, name, load, same_core=False))

    plan.row("T15", kind, f"churn: conn/s, of Python RPyC {version}", "churn", "connections_per_s",
             bound=8 if kind.separate_process else 2.4, **_run(plan, kind, version, "churn", plan.load("--churn")))
    if plan.setting.grpcurl:
        tls = _run(plan, kind, version, "tls-churn", plan.load("--tls", "--churn"), pem=plan.setting.pem)
        plan.row("T15", kind, f"TLS churn: conn/s, of Python RPyC {version}", "tls-churn", "connections_per_s", bound=25,
                 **tls)

    held = plan.load("--hold", f"--connections={POOL_IDLE if kind.pool else IDLE_CONNECTIONS}")
    plan.row("T15", kind, f"idle connection: {kind.memory_name}, of Python RPyC {version}", "idle", kind.memory,
             at_most=True, bound=0.05 if kind.separate_process else 0.25 if kind.cooperative else 0.5,
             **_run(plan, kind, version, "idle", held, same_core=False))


def _bulk(plan, kind, version):
    """Sends random bytes, which a stock peer tries to compress, and sends in pieces that wait for an ACK."""
    for size, name, bound in ((64 * KIB, "64 KiB", 100), (MIB, "1 MiB", 100), (16 * MIB, "16 MiB", 40)):
        load = plan.load("--blocking", "--operation=echo", f"--echo_bytes={size}")
        plan.row("T15", kind, f"echo {name}, same core: MB/s, of Python RPyC {version}", f"echo{size}", "mb_per_s",
                 bound=bound, **_run(plan, kind, version, f"echo{size}", load))


def _clients(plan, kind):
    client = lambda python, what: (python, os.path.join(HERE, "client.py"), what, str(plan.seconds))
    for version, python in plan.setting.pythons.items():
        plan.run_host(kind, f"client{version}", client(python, "echo64k"), same_core=False)
        plan.row("T8", kind, f"rpyc {version}: echo 64 KiB of random bytes, p50, us", f"client{version}", "p50_us",
                 at_most=True, bound=2500, absolute=True)
    version, python = list(plan.setting.pythons.items())[-1]
    for what, name in (("root.add", "conn.root.add(1, 2)"), ("add", "f(1, 2)")):
        plan.pair(kind, f"client-{what}", plan.limit(*kind.limit), client(python, what))
        plan.row("T16", kind, f"rpyc {version}: {name}, same core: calls/s, of canned", f"client-{what}", "calls_per_s",
                 bound=0.95, other="canned RPyC")
