"""Enumerations, structs, buffers, paths and times of docs/types.md, as every real client uses them."""

import subprocess
import unittest

import harness

host = None


def setUpModule():
    global host
    host = harness.Host("--admin_address=127.0.0.1:0", "--server=threaded:TYPES@127.0.0.1:0", name="types_host")


def tearDownModule():
    harness.ends_well(host)


class EverydayTypes(unittest.TestCase):
    def run_client(self, version):
        command = [harness.venv_python(version), "tests/types/everyday_client.py", *host.servers["types"].rsplit(":", 1)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * harness.DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


for each in harness.VERSIONS:
    setattr(EverydayTypes, f"test_rpyc_{each.replace('.', '_')}", lambda self, version=each: self.run_client(version))
