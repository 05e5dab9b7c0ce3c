"""Targets T1 to T7, T9 to T14 and T20: the host against what the machine can do, raw bytes and canned RPyC."""

from plan import KIB, MIB, Row, Run, plural

# These are the sizes of an `add` call of RPyC 6 and of its reply.
RAW = "--raw=75:22"
WAITING_CALLS = 500  # calls that wait at once


def add_limits(plan):
    for kind in plan.kinds:
        _calls(plan, kind)
        _bulk(plan, kind)
        _churn(plan, kind)
        if plan.setting.grpcurl:
            _tls(plan, kind)
        _idle(plan, kind)
        _open(plan, kind)
    if not plan.setting.grpcurl:
        plan.skip("no grpcurl, by which servers with TLS are started: GRPCURL", "T11")
    _cpp_client(plan)


def _calls(plan, kind):
    plan.pair(kind, "add", plan.limit(*kind.limit, RAW), plan.load("--blocking"), plan.load("--blocking", RAW))
    sync = dict(name="add", figure="calls_per_s", at_most=True, time_of=True)
    plan.row("T1", kind, "add, 1 connection, same core: us, of raw", bound=1.15, judged=not kind.pool, **sync)
    plan.row("T1", kind, "server CPU, us a call", "add", "server_cpu_us", at_most=True, bound=10.5, absolute=True,
             judged=not kind.pool)
    plan.row("T2", kind, "p99, us, of raw", "add", "p99_us", at_most=True, bound=1.3)
    plan.row("T2", kind, "p99.9, us, of raw", "add", "p999_us", at_most=True, bound=1.5)

    _many(plan, kind, 100)
    rate = dict(what="100 connections, a core each: calls/s, of raw", name="many100", figure="calls_per_s")
    if kind.threads:
        plan.row("T4", kind, bound=0.85, **rate)
        plan.row("T4", kind, "server CPU, us a call, of raw", "many100", "server_cpu_us", at_most=True, bound=1.15)
    elif kind.pool:
        plan.row("T5", kind, bound=0.75, **rate)
        plan.row("T5", kind, "add, 1 connection, same core: us, of raw", bound=1.25, **sync)
        for other in plan.kinds:
            if other.threads:
                plan.row("T5", kind, f"p50, us, of {other.name}", "add", "p50_us", at_most=True, bound=1.2,
                         limit=f"{other.name}/add/host", other=other.name)
    elif kind.cooperative:
        plan.row("T3", kind, bound=0.9, **rate)
        _many(plan, kind, 1000)
        plan.row("T3", kind, "1000 connections, a core each: calls/s, of raw", "many1000", "calls_per_s", bound=0.85)

    for connections, bound in ((1, 0.6), (100, 0.4)):
        name = f"deep{connections}"
        plan.pair(kind, name, plan.limit("--epoll"), plan.load(f"--connections={connections}", "--depth=16"),
                  same_core=False)
        plan.row("T6", kind, f"depth 16, {plural(connections, 'connection')}: calls/s, of canned epoll", name, "calls_per_s",
                 bound=bound, judged=kind.cooperative, other="canned RPyC")


def _many(plan, kind, connections):
    load = f"--connections={connections}"
    plan.pair(kind, f"many{connections}", plan.limit(*kind.limit, RAW), plan.load(load), plan.load(load, RAW),
              same_core=False)


def _bulk(plan, kind):
    for size, name, bound in ((64 * KIB, "64 KiB", 0.85), (MIB, "1 MiB", 0.85), (16 * MIB, "16 MiB", 0.75)):
        raw = f"--raw={size}:{size}"
        plan.pair(kind, f"echo{size}", plan.limit(*kind.limit, raw),
                  plan.load("--blocking", "--operation=echo", f"--echo_bytes={size}"), plan.load("--blocking", raw))
        plan.row("T7", kind, f"echo {name}, same core: MB/s, of raw", f"echo{size}", "mb_per_s", bound=bound)
    text = ("--blocking", "--operation=echo", f"--echo_bytes={MIB}", "--text", "--deflate")
    plan.pair(kind, "text", plan.limit(*kind.limit), plan.load(*text), same_core=False)
    plan.row("T9", kind, "deflated text, 1 MiB: calls/s, of canned", "text", "calls_per_s", bound=0.8, other="canned RPyC")


def _churn(plan, kind):
    plan.pair(kind, "churn", plan.limit(*kind.limit), plan.load("--churn"))
    plan.row("T10", kind, "connect, call, close, same core: conn/s, of canned", "churn", "connections_per_s", bound=0.8,
             other="canned RPyC")


def _tls(plan, kind):
    pem = plan.setting.pem
    limit = plan.limit(*kind.limit, f"--keyfile={pem[0]}", f"--certfile={pem[1]}")
    canned = dict(other="canned RPyC")
    plan.pair(kind, "tls-add", limit, plan.load("--tls", "--blocking"), tls=True)
    plan.row("T11", kind, "TLS, add, same core: us, of canned TLS", "tls-add", "calls_per_s", at_most=True, bound=1.15,
             time_of=True, **canned)
    plan.pair(kind, "tls-churn", limit, plan.load("--tls", "--churn"), tls=True)
    plan.row("T11", kind, "TLS, connect, call, close: conn/s, of canned TLS", "tls-churn", "connections_per_s", bound=0.85,
             **canned)
    for size, name in ((64 * KIB, "64 KiB"), (MIB, "1 MiB"), (16 * MIB, "16 MiB")):
        plan.pair(kind, f"tls-echo{size}", limit,
                  plan.load("--tls", "--blocking", "--operation=echo", f"--echo_bytes={size}"), tls=True)
        plan.row("T11", kind, f"TLS, echo {name}, same core: MB/s, of canned TLS", f"tls-echo{size}", "mb_per_s", bound=0.85,
                 **canned)

    count = plan.options.idle_connections
    plan.run_host(kind, "tls-idle", plan.load("--tls", "--hold", f"--connections={count}"), same_core=False, tls=True)
    bound = 320 if kind.separate_process else 40 if kind.threads else 16
    plan.row("T13", kind, f"idle TLS connection, {count} of them: {kind.memory_name}, KiB", "tls-idle", kind.memory,
             at_most=True, bound=bound, absolute=True)


def _idle(plan, kind):
    connections = plan.options.idle_connections
    plan.run_host(kind, "idle", plan.load("--hold", f"--connections={connections}"), same_core=False)
    what, figure = f"idle connection, {connections} of them", dict(at_most=True, absolute=True)
    if kind.separate_process:
        plan.row("T13", kind, f"{what}: PSS, KiB", "idle", "pss_kib", bound=90, **figure)
    elif kind.threads:
        plan.row("T13", kind, f"{what}: RSS, KiB", "idle", "rss_kib", bound=12, **figure)
    else:
        plan.row("T12", kind, f"{what}: RSS, KiB", "idle", "rss_kib", bound=1, **figure)
    if kind.cooperative:
        waiting = min(WAITING_CALLS, connections)
        command, _ = plan.host(kind, "HIGHCONCURRENCY")
        plan.run(f"{kind.name}/waiting/host", Run(
            command, plan.load("--wait", "--operation=io_operation", f"--connections={waiting}"), same_core=False))
        plan.row("T12", kind, f"call that waits, {waiting} of them: RSS, KiB", "waiting", "rss_kib", bound=10, **figure)


def _open(plan, kind):
    if kind.separate_process:
        return
    options = plan.options
    connections = plan.possible(options.cooperative_connections if kind.cooperative else options.open_connections)
    plan.run_host(kind, "open", plan.load("--hold", f"--connections={connections}"), same_core=False)
    plan.row("T14", kind, f"{connections} connections open: that answer", "open", "answered", bound=connections,
             absolute=True)
    # This is compared with a host that has only this connection.
    command, _ = plan.host(kind)
    plan.run(f"{kind.name}/beside/limit", Run(command, plan.load("--blocking")))
    plan.run(f"{kind.name}/beside/host", Run(command, plan.load("--blocking", f"--idle={connections}")))
    plan.row("T14", kind, f"p50 beside {connections} idle, us, of p50 alone", "beside", "p50_us", at_most=True, bound=1.1,
             other=kind.name)


def _cpp_client(plan):
    # A loop of send and recv, and then the client, send the same bytes to the same server.
    server = plan.limit()
    plan.run("client/limit", Run(server, plan.load("--blocking", "--operation=root.add")))
    plan.run("client/host", Run(server, plan.load(program="CLIENT_LOAD")))
    plan.rows.append(Row("T20", None, "C++ client, root.add(1, 2), same core: us, of raw", "client/host", "client/limit",
                         "calls_per_s", True, 1.25, time_of=True, load="client"))
