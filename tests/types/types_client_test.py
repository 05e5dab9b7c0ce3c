"""docs/types.md, example by example, by every real client."""

import subprocess
import unittest

import harness

host = None


def setUpModule():
    global host
    host = harness.Host("--admin_address=127.0.0.1:0", "--server=threaded:TYPES@127.0.0.1:0", name="types_host")


def tearDownModule():
    harness.ends_well(host)


class TypesPage(unittest.TestCase):
    def walk(self, version):
        command = [harness.venv_python(version), "tests/types/walk_page.py", host.servers["types"], "docs/types.md"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * harness.DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


for each in harness.VERSIONS:
    setattr(TypesPage, f"test_rpyc_{each.replace('.', '_')}", lambda self, version=each: self.walk(version))
