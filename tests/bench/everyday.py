"""Target T21: everyday things that a stock Python client does, with the host and with RPyC's own server of the like.

What a pattern is, tests/everyday/patterns.py says; both sides serve EVERYDAY.
"""

import os
import sys

from plan import HERE, Run

EVERYDAY = os.path.join(HERE, "..", "everyday")
sys.path.insert(0, EVERYDAY)
import patterns  # noqa: E402

TARGET, BOUND, FLOOR, MEDIAN = "T21", 1.0, 0.95, 1.8
PARTS = 16  # of --seconds, each pattern gets one
# These say how long a long sequence is. A ThreadPoolServer takes a tenth of a second for an item.
MANY, MANY_OF_POOL = 1000, 20


def add_everyday(plan):
    setting = plan.setting
    versions = [version for version in setting.pythons if not version.startswith("4.")]
    if not versions:
        plan.skip("no Python environment with rpyc: RPYC_VENVS", TARGET)
        return
    for kind in plan.kinds + plan.kinds_of_one:
        for version in versions:
            if kind.cooperative and version not in setting.gevents:
                plan.notes.append(f"{TARGET} skipped for {kind.name} and rpyc {version}: no package gevent")
                continue
            _patterns(plan, kind, version)
            if setting.grpcurl:
                _patterns(plan, kind, version, *setting.pem)
    plan.medians[TARGET] = MEDIAN


def _patterns(plan, kind, version, *pem):
    python, tls = plan.setting.pythons[version], bool(pem)
    name = f"everyday{'-tls' * tls}-{version}"
    host, limit = f"{kind.name}/{name}/host", f"{kind.name}/{kind.python}/{name}"
    many = MANY_OF_POOL if kind.pool else MANY
    client = (python, os.path.join(HERE, "everyday_client.py"), str(plan.seconds / PARTS), str(many),
              *("--tls", ) * tls, *("--one", ) * kind.one_connection)
    server = (python, os.path.join(EVERYDAY, "python_server.py"), kind.python, *pem)
    command, spec = plan.host(kind, "EVERYDAY", tls, program="EVERYDAY_HOST")
    plan.run(limit, Run(server, client, registry=True))
    plan.run(host, Run((*command, "--registry_address=127.0.0.1:0"), client, spec=spec, registry=True))
    over = ", TLS" if tls else ""
    for pattern in patterns.names(connecting=not kind.one_connection):
        brief = f"{pattern}{over}: times/s, of Python RPyC"
        plan.row(TARGET, kind, f"{brief} {version}", name, pattern, bound=BOUND, limit=limit, floor=FLOOR, brief=brief,
                 other=f"Python RPyC {version}")
