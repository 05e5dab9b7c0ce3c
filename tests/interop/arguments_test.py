"""Plain values that travel by reference, with every real client: numpy's, enums, subclasses of int, float and str."""

import arguments_scenarios
import harness


def start_hosts():
    return [harness.start_host("--server=threaded:BANK@127.0.0.1:0", "--server=threaded:COMPUTE@127.0.0.1:0"),
            harness.Host("--admin_address=127.0.0.1:0", "--server=threaded:TYPES@127.0.0.1:0", name="types_host")]


harness.add_scenario_cases(globals(), arguments_scenarios.ALL, start_hosts)
