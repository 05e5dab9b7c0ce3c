"""Exceptions that a C++ program has of its own, at stock clients."""

import axis_scenarios
import harness


def start_hosts():
    return [harness.Host("--admin_address=127.0.0.1:0", "--server=threaded:AXIS@127.0.0.1:0", name="fixture_host")]


harness.add_scenario_cases(globals(), axis_scenarios.ALL, start_hosts)
