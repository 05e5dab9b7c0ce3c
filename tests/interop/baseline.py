"""Servers of a real rpyc of one version, with the services that scenarios use (baseline_host.py)."""

import json
import os

import harness

VERSIONS = ("5.3.1", "6.0.2")  # one of each dialect


class BaselineHost(harness.Process):
    """Has a server of each of `services`, and those of `more`, which maps a server id to its service and protocol configuration.
    `servers` maps ids to addresses, as that of a Host does."""

    def __init__(self, version, services=(), more=None):
        flags = [f"--server=threaded:{name}@127.0.0.1:0" for name in services]
        flags += [f"--config={service}:{server_id}={json.dumps(config)}" for server_id, (service, config) in (more or {}).items()]
        super().__init__([harness.venv_python(version), os.path.join(harness.HERE, "baseline_host.py"), *flags])
        self.version, self.servers = version, {}
        while (text := self.line()) != "rpycd: ready":
            if text is None:
                self.child.wait()
                raise AssertionError("ended before it was ready" + self.story())
            found = harness.Host.SERVER.fullmatch(text)
            self.servers[found[1]] = found[4]
