"""help() of what the host exposes, with every Python of this machine: python3.8, ... on PATH, and those that PYTHONS names.

A Python without rpyc uses that of the environments, which is pure Python.
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
OBJECT = """
import pydoc, sys
import rpyc
host, _, port = sys.argv[1].rpartition(":")
conn = rpyc.connect(host, int(port))
print(pydoc.plain(pydoc.render_doc(conn.root)))
"""
# The signature of a function, as inspect tells it, before and after help().
SIGNATURE = """
import inspect, pydoc, sys
import rpyc
host, _, port = sys.argv[1].rpartition(":")
conn = rpyc.connect(host, int(port))
fixture = rpyc.connect(*sys.argv[2].split(":")).root
P = inspect.Parameter
for f in (fixture.all_kinds, fixture.all_kinds):
    signature = inspect.signature(f)
    assert type(signature) is inspect.Signature, signature
    a, b, args, c, kwargs = signature.parameters.values()
    assert list(signature.parameters) == ["a", "b", "args", "c", "kwargs"]
    assert [p.kind for p in (a, b, args, c, kwargs)] == [
        P.POSITIONAL_OR_KEYWORD, P.POSITIONAL_OR_KEYWORD, P.VAR_POSITIONAL, P.KEYWORD_ONLY, P.VAR_KEYWORD]
    assert a.default is P.empty and b.default == "x" and c.default is True
    assert (a.annotation, b.annotation, c.annotation) == ("int", "str", "bool"), (a, b, c)
    assert args.annotation is P.empty and signature.return_annotation == "float"
    bound = signature.bind(1, "y", 2, c=False, d=4)
    assert bound.args == (1, "y", 2) and bound.kwargs == {"c": False, "d": 4}, bound
    bound.apply_defaults()
    try:
        signature.bind()
    except TypeError:
        pass
    else:
        raise AssertionError("bind takes too little")
    assert signature == inspect.signature(fixture.all_kinds)
    assert signature != inspect.signature(fixture.nameless)
    spec = inspect.getfullargspec(f)
    assert spec.args == ["a", "b"] and spec.varargs == "args" and spec.varkw == "kwargs", spec
    assert spec.defaults == ("x",) and spec.kwonlyargs == ["c"] and spec.kwonlydefaults == {"c": True}, spec
    assert spec.annotations == {"a": "int", "b": "str", "c": "bool", "return": "float"}, spec
    pydoc.render_doc(f)
    assert type(inspect.signature(f)) is inspect.Signature
nameless = inspect.signature(fixture.nameless)
assert str(nameless).startswith("(arg0: 'int', arg1: 'int', /)"), nameless
assert [p.kind for p in nameless.parameters.values()] == [P.POSITIONAL_ONLY] * 2
made = inspect.signature(conn.root.add)
assert list(made.parameters) == ["a", "b"], made
"""
VERSIONS = ("5.3.1", "6.0.2")
host = fixture = None


def setUpModule():
    global host, fixture
    host = harness.start_host()
    fixture = harness.Host("--admin_address=", "--server=threaded:AXIS@127.0.0.1:0", name="fixture_host")


def tearDownModule():
    for each in (host, fixture):
        if each is not None:
            harness.ends_well(each)


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
    def run_with(self, python, version, script):
        """What the program prints with that Python and that rpyc."""
        found = subprocess.run([venv_python(version), "-c", "import rpyc; print(rpyc.__path__[0])"], check=True,
                               capture_output=True, text=True, timeout=DEADLINE_S).stdout
        return subprocess.run([python, "-c", script, host.servers["calculator"], fixture.servers["axis"]],
                              capture_output=True, text=True, timeout=2 * DEADLINE_S,
                              env={**os.environ, "PYTHONPATH": os.path.dirname(found.strip())})

    def shows(self, python, minor):
        for version in VERSIONS:
            with self.subTest(version):
                shown = self.run_with(python, version, HELP)
                # Python 3.8 finds the docstring by itself as well, and shows it twice.
                self.assertRegex(shown.stdout, r"\nadd\(a(: \w+)?, b(: \w+)?\)( -> \w+)?\n    Returns a \+ b\.\n", shown.stderr)
                self.assertEqual(shown.stdout.count("Returns a + b."), 2 if minor == 8 else 1)


    def describes(self, python, minor):
        for version in ("4.1.5", *VERSIONS):
            if version == "4.1.5" and minor > 11:
                continue  # with which this rpyc does not run
            with self.subTest(version):
                shown = self.run_with(python, version, SIGNATURE)
                self.assertEqual(shown.returncode, 0, shown.stderr)

    def shows_an_object(self, python):
        for version in ("4.1.5", *VERSIONS):
            with self.subTest(version):
                shown = self.run_with(python, version, OBJECT)
                self.assertRegex(shown.stdout, r"(?m)^ \|  exposed_add\(.*\)", shown.stderr)
                self.assertRegex(shown.stdout, r"(?m)^ \|      add\(a(: \w+)?, b(: \w+)?\)( -> \w+)?$")
                self.assertRegex(shown.stdout, r"(?m)^ \|      Returns a \+ b\.$")


for number in range(8, 15):
    if found := python_of(number):
        setattr(Help, f"test_python_3_{number}", lambda self, python=found, number=number: self.shows(python, number))
        setattr(Help, f"test_signatures_under_python_3_{number}",
                lambda self, python=found, number=number: self.describes(python, number))
        setattr(Help, f"test_objects_under_python_3_{number}", lambda self, python=found: self.shows_an_object(python))
