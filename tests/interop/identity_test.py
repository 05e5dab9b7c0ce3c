"""Objects of several processes and hosts in one client are different objects, also for a third host that it hands them to."""

import subprocess
import unittest

import harness
from harness import Host, admin, address_of, start_server

CLIENT = "tests/interop/identity_client.py"


class Identity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # FIXTURE does not share its objects: those that are shared have random ids of another sort.
        cls.hosts = [Host("--admin_address=127.0.0.1:0", name="fixture_host") for _ in range(2)]
        cls.middle = Host("--server=threaded:CALLBACK@127.0.0.1:0")
        for host in (*cls.hosts, cls.middle):
            cls.addClassCleanup(host.kill)
        cls.kinds = {kind["name"]: kind.get("traits", {})
                     for kind in admin(cls.hosts[0], "ServerService/ListServerKinds")["server_kinds"]}

    def fixtures(self, kind, traits):
        """Addresses for two connections to each host. With some kinds that is four processes."""
        servers = 2 if traits.get("one_connection") else 1
        fixtures = [address_of(start_server(host, kind=kind, service="FIXTURE")) for host in self.hosts for _ in range(servers)]
        return fixtures * (2 // servers)

    def test_objects_of_two_connections_to_each_of_two_hosts(self):
        for kind, traits in self.kinds.items():
            for version in harness.VERSIONS:
                with self.subTest(kind=kind, version=version):
                    done = subprocess.run(
                        [harness.venv_python(version), CLIENT, self.middle.servers["callback"], *self.fixtures(kind, traits)],
                        capture_output=True, text=True, timeout=harness.DEADLINE_S)
                    if done.stdout.startswith("cannot"):
                        self.skipTest(done.stdout.strip())
                    self.assertEqual(done.stdout, "right\n4 names\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
