"""Exceptions that pass through a host, from a callback of its client and back to it."""

import error_scenarios
import harness

host = None
clients = {}  # version -> harness.Client


def setUpModule():
    global host
    host = harness.start_fixture_host({}, service="RELAY")


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


harness.add_scenario_cases(globals(), error_scenarios.ALL, one)
