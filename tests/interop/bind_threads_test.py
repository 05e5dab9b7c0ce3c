"""bind_threads: real clients with their threads bound to the host's."""

import re
import unittest

import harness

CLIENT = "tests/interop/bound_client.py"

host = None


def setUpModule():
    global host
    host = harness.start_host()


def tearDownModule():
    harness.ends_well(host)


class BindThreads(unittest.TestCase):
    def run_client(self, version, server):
        client = harness.Process([harness.venv_python(version), "-u", CLIENT, harness.address_of(server)])
        self.addCleanup(client.kill)
        return client, client.wait()

    def test_a_callback_runs_on_the_thread_that_called_and_a_limit_has_a_name(self):
        server = harness.start_server(host, service="CALLBACK", protocol_config={"bind_threads": True})
        for version in harness.VERSIONS:
            if version.startswith("4."):
                continue  # has no such key
            with self.subTest(version):
                client, status = self.run_client(version, server)
                self.assertEqual(0, status, client.story() + host.story())
                self.assertEqual(["nested 10", "threads True",
                                  "refused exceeds max_nesting 200", "served 1"],
                                 [re.sub("refused .*?(exceeds max_nesting 200).*", r"refused \1", line) for line in client.lines])

    def test_both_sides_must_have_it_on(self):
        server = harness.start_server(host, service="CALLBACK")
        for version in harness.VERSIONS:
            if version.startswith("4."):
                continue
            with self.subTest(version):
                client, status = self.run_client(version, server)
                self.assertNotEqual(0, status)
                self.assertIn("EOFError", client.story())
