"""help() of what the host exposes, under every Python of this machine: python3.8, ... on PATH, and those that PYTHONS names.

A Python may lack rpyc, which is pure Python: it takes that of the environments.
"""

import os
import shutil
import subprocess
import unittest

import harness
from harness import DEADLINE_S, venv_python

HELP = """
import pydoc, sys
import rpyc
host, _, port = sys.argv[1].rpartition(":")
conn = rpyc.connect(host, int(port))
print(pydoc.plain(pydoc.render_doc(conn.root.add)))
"""
VERSIONS = ("5.3.1", "6.0.2")
host = None


def setUpModule():
    global host
    if harness.BASELINE:
        raise unittest.SkipTest("a Python server denies __name__, so that help() fails")
    host = harness.start_host()


def tearDownModule():
    if host is not None:
        harness.ends_well(host)


def python_of(minor):
    """An interpreter of that version, or None."""
    named = [path for path in os.environ.get("PYTHONS", "").split(os.pathsep) if path]
    for path in named + [shutil.which(f"python3.{minor}") or ""]:
        try:
            asked = subprocess.run([path, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True,
                                   timeout=DEADLINE_S)
        except OSError:
            continue
        if asked.stdout.split() == ["3", str(minor)]:
            return path
    return None


class Help(unittest.TestCase):
    def shows(self, python, minor):
        for version in VERSIONS:
            with self.subTest(version):
                found = subprocess.run([venv_python(version), "-c", "import rpyc; print(rpyc.__path__[0])"], check=True,
                                       capture_output=True, text=True, timeout=DEADLINE_S).stdout
                packages = os.path.dirname(found.strip())
                shown = subprocess.run([python, "-c", HELP, host.servers["calculator"]], capture_output=True, text=True,
                                       timeout=2 * DEADLINE_S, env={**os.environ, "PYTHONPATH": packages})
                # Python 3.8 finds the docstring by itself as well, and shows it twice.
                self.assertRegex(shown.stdout, r"\nadd\(a(: \w+)?, b(: \w+)?\)( -> \w+)?\n    Returns a \+ b\.\n", shown.stderr)
                self.assertEqual(shown.stdout.count("Returns a + b."), 2 if minor == 8 else 1)


for number in range(8, 15):
    if found := python_of(number):
        setattr(Help, f"test_python_3_{number}", lambda self, python=found, number=number: self.shows(python, number))
