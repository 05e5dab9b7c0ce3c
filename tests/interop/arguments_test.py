"""Plain values that travel by reference, by every real client: numpy's, enums, subclasses of int, float and str."""

import arguments_scenarios
import harness

host = None
types_host = None
clients = {}  # version -> harness.Client


def setUpModule():
    global host, types_host
    host = harness.start_host("--server=threaded:BANK@127.0.0.1:0", "--server=threaded:COMPUTE@127.0.0.1:0")
    if not harness.BASELINE:
        types_host = harness.Host("--admin_address=127.0.0.1:0", "--server=threaded:TYPES@127.0.0.1:0", name="types_host")


def tearDownModule():
    for client in clients.values():
        client.kill()
    harness.ends_well(host)
    if types_host is not None:
        harness.ends_well(types_host)


def one(version, name):
    if version not in clients or clients[version].child.poll() is not None:
        servers = dict(host.servers, **(types_host.servers if types_host else {}))
        clients[version] = harness.Client(version, servers)
    try:
        clients[version].run(name)
    except AssertionError as e:
        raise AssertionError(f"{e}{host.story()}") from None


harness.add_scenario_cases(globals(), arguments_scenarios.ALL, one)
