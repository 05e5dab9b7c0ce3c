"""docs/types.md, "What works from Python": its rows, with every real client."""

import os
import subprocess
import unittest

import harness
from wire import DEADLINE_S

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_values_client.py")

host = None


def setUpModule():
    global host
    host = harness.Host("--admin_address=", "--server=threaded:FIXTURE@127.0.0.1:0", name="fixture_host")


def tearDownModule():
    harness.ends_well(host)


class Page(unittest.TestCase):
    def test_rows(self):
        if not harness.client_versions():
            self.skipTest("no client")
        for version in harness.client_versions():
            with self.subTest(version):
                done = subprocess.run([harness.venv_python(version), CLIENT, *host.servers["fixture"].split(":")],
                                      capture_output=True, text=True, timeout=DEADLINE_S)
                self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
