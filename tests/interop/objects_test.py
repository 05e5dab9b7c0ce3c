"""Every scenario with the objects of a host, under every real rpyc version, all of them connected to one host."""

import access_scenarios
import async_scenarios
import binding_scenarios
import call_scenarios
import callback_scenarios
import container_scenarios
import harness
import object_scenarios

host = None
clients = {}  # version -> harness.Client


def setUpModule():
    global host
    host = harness.start_fixture_host(access_scenarios.CONFIGS)


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


harness.add_scenario_cases(
    globals(), access_scenarios.ALL + async_scenarios.ALL + binding_scenarios.ALL + call_scenarios.ALL
    + callback_scenarios.ALL + container_scenarios.ALL + object_scenarios.ALL, one)
