"""Exceptions that a C++ program has of its own, at stock clients."""

import axis_scenarios
import harness

host = None
clients = {}  # version -> harness.Client


def setUpModule():
    global host
    host = harness.Host("--admin_address=127.0.0.1:0", "--server=threaded:AXIS@127.0.0.1:0", name="fixture_host")


def tearDownModule():
    for client in clients.values():
        client.kill()
    harness.ends_well(host)


def one(version, name):
    if version not in clients or clients[version].child.poll() is not None:
        clients[version] = harness.Client(version, host.servers)
    try:
        clients[version].run(name)
    except AssertionError as e:
        raise AssertionError(f"{e}{host.story()}") from None


harness.add_scenario_cases(globals(), axis_scenarios.ALL, one)
