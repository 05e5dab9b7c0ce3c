"""The whole matrix of access, compared with real servers: this host refuses and gives what RPyC refuses and gives.

Every configuration, every object, every request (matrix_scenarios.py), with a stock client, at RPyC's own server of its
version and at this host. What differs is in DIFFERENCES, with the reason; docs/wire.md tells of it. The test also fails
if a difference has gone.
"""

import itertools
import unittest

import harness
import matrix_scenarios
from baseline import BaselineHost
from harness import Client, venv_python

SWITCHES = ("allow_safe_attrs", "allow_exposed_attrs", "allow_public_attrs", "allow_all_attrs")
OPEN = {"allow_setattr": True, "allow_delattr": True}
CONFIGS = {
    "default": {},
    **{
        "m-" + ("".join(name[6] for name, on in zip(SWITCHES, bits) if on) or "none"): {**dict(zip(SWITCHES, bits)), **OPEN}
        for bits in itertools.product((False, True), repeat=4)
    },
    "no-getattr": {"allow_getattr": False, "allow_all_attrs": True, **OPEN},
    "set-only": {"allow_setattr": True},
    "delete-only": {"allow_delattr": True},
    "public": {"allow_public_attrs": True},
    "prefix": {"exposed_prefix": "prefix_", **OPEN},
    "few-safe": {"safe_attrs": {"names": ["__len__", "shown", "open"]}, **OPEN},
    "few-safe-not-exposed": {"safe_attrs": {"names": ["__iter__", "__eq__"]}, "allow_exposed_attrs": False, **OPEN},
}
# The rules are the same in both; the older one is asked with those configurations that people write.
CONFIGS_OF = {"5.3.1": [name for name in CONFIGS if not name.startswith("m-")], "6.0.2": list(CONFIGS)}

REFUSED = ("denied", "no such attribute")  # AttributeErrors, both


def exposes(config):
    return config.get("allow_exposed_attrs", True)


def counts_as_safe(config):
    """Whether the names that a C++ class exposes count as safe, although they are not in RPyC's own safe_attrs."""
    return config.get("allow_safe_attrs", True) and "safe_attrs" not in config


# Why this host answers otherwise than RPyC's server: docs/wire.md has the same reasons.
DIFFERENCES = {
    "C++ objects, classes and functions get no new attributes, and lose none": lambda config, what, request, name, theirs, ours: (
        request in ("set", "delete") and what in ("class", "function", "object") and theirs == "ok None" and ours in REFUSED
        and not (what == "object" and (name == "plain" or name in ("value", "Pvalue") and exposes(config)))),
    "what every Python object has, C++ objects have not: handlers do it": lambda config, what, request, name, theirs, ours: (
        request in ("get", "callattr") and name in PYTHONS_OWN and theirs.startswith("ok") and
        (ours in REFUSED or (name, what) == ("__format__", "class") or name == "__hash__" and what in ("list", "dict"))),
    "what a C++ class exposes counts as safe": lambda config, what, request, name, theirs, ours: (
        request in ("get", "callattr") and name in ("__reversed__", "__call__") and theirs == "denied" and counts_as_safe(config)),
    "help() asks for it": lambda config, what, request, name, theirs, ours: (
        what in ("class", "function", "method") and name in ("__name__", "__signature__") and
        (counts_as_safe(config) or config.get("allow_all_attrs", False))),
    "restricted() names what is exposed without a prefix": lambda config, what, request, name, theirs, ours: (
        (what, name) == ("restricted", "shown") and theirs in REFUSED),
    "CMP compares and does nothing else": lambda config, what, request, name, theirs, ours: (
        request == "compare" and name not in matrix_scenarios.OPERATORS and ours == "denied"),
    "a method takes an object of its class only": lambda config, what, request, name, theirs, ours: (
        what == "class" and "of wrong" in name and theirs.startswith("ok") and ours == "TypeError"),
    "BUFFITER takes an iterator, from peers that may have __next__": lambda config, what, request, name, theirs, ours: (
        request == "iterate" and ours in REFUSED),
    "keys() is a tuple": lambda config, what, request, name, theirs, ours: (
        (what, request, name) == ("dict", "callattr", "keys") and theirs == "ok object"),
    "INSPECT names what is exposed": lambda config, what, request, name, theirs, ours: request == "inspect",
}  # yapf: disable
PYTHONS_OWN = "__class__ __dict__ __init__ __hash__ __eq__ __format__ __name__ __call__".split()


def reason(config, cell, theirs, ours):
    """The key of DIFFERENCES; None if there is none."""
    what, request, name = (cell + "  ").split(" ", 2)
    for why, holds in DIFFERENCES.items():
        if holds(config, what, request, name.strip(), theirs, ours):
            return why
    return None


host = None


def setUpModule():
    global host
    harness.grpcurl_tool()
    host = harness.start_fixture_host(CONFIGS, service="MATRIX")


def tearDownModule():
    if host is not None:
        harness.ends_well(host)


class AccessMatrix(unittest.TestCase):
    def both(self, version):
        """The answers of RPyC's server and those of this host, each by configuration and cell."""
        venv_python(version)
        rpyc = BaselineHost(version, more={name: ("MATRIX", config) for name, config in CONFIGS.items()})
        self.addCleanup(rpyc.kill)
        answers = []
        for servers in (rpyc.servers, host.servers):
            client = Client(version, servers)
            self.addCleanup(client.kill)
            answers.append({
                name: client.run("access_matrix", server=name, prefix=CONFIGS[name].get("exposed_prefix", "exposed_"))
                for name in CONFIGS_OF[version]
            })
        return answers

    def test_matrix(self):
        reasons = set()
        for version, names in CONFIGS_OF.items():
            with self.subTest(version):
                theirs, ours = self.both(version)
                reasons |= self.reasons_for_differences(theirs, ours)
                for name in names:
                    with self.subTest(name):
                        self.inspection_hides_what_is_hidden(theirs[name], ours[name])
                        self.materialize_gives_what_may_be_read(CONFIGS[name], ours[name])
        self.assertEqual(reasons, set(DIFFERENCES), "a difference that is none any more")

    def reasons_for_differences(self, theirs, ours):
        wrong, reasons = [], set()
        for name in ours:
            config = CONFIGS[name]
            self.assertEqual(set(theirs[name]), set(ours[name]))
            for cell, here in ours[name].items():
                there = theirs[name][cell]
                if there == here or there in REFUSED and here in REFUSED or cell.endswith(" materialize"):
                    continue
                why = reason(config, cell, there, here)
                reasons.add(why)
                if why is None:
                    wrong.append(f"{name}: {cell}: RPyC: {there}; here: {here}")
        self.assertFalse(wrong, "\n".join(["", *wrong[:50], f"{len(wrong)} of them"]))
        return reasons

    def inspection_hides_what_is_hidden(self, theirs, ours):
        """INSPECT tells no name that RPyC's server does not tell; a class has the names of its objects; texts are told of what may be
        read; a name that the class does not expose is told only if it may be read."""
        names = {cell: set(ours[cell].split()[1:]) for cell in ours if " inspect" in cell}
        for cell in names:
            # RPyC leaves out the names that each proxy has anyway; no client inspects our lists and dicts.
            local = {"__eq__", "__ne__", "__lt__", "__gt__", "__le__", "__ge__", "__hash__", "__str__", "__repr__", "__exit__"}
            # These every root has here; RPyC's service has no such method, or no text for it.
            of_roots = {name for name in names[cell] if name.endswith(("materialize", "get_service_name", "get_service_aliases"))}
            if not cell.startswith(("list", "dict", "generator")):
                self.assertLessEqual(names[cell] - local - of_roots, set(theirs[cell].split()[1:]), cell)
        self.assertEqual(names["class inspect"], names["object inspect"])
        self.assertLessEqual({"__len__", "__iter__", "__add__", "__call__"}, names["class inspect"])
        for what in ("class", "object"):
            self.assertEqual("__secret__" in names[f"{what} inspect"], ours[f"{what} get __secret__"].startswith("ok"))
            self.assertEqual("__add__" in names[f"{what} inspect for its texts"], ours[f"{what} get __add__"].startswith("ok"))
        for what in ("function", "method", "restricted"):
            self.assertEqual(names[f"{what} inspect"], set())

    def materialize_gives_what_may_be_read(self, config, ours):
        reachable = exposes(config) and config.get("allow_getattr", True)
        for what, needs in (("list", ("__iter__", )), ("dict", ("__iter__", "__getitem__")), ("generator", ("__iter__", )),
                            ("object", ("value", ))):
            may = reachable and all(ours[f"{what} get {name}"].startswith("ok") for name in needs)
            self.assertEqual(ours[f"{what} materialize"].startswith("ok"), may, what)
            if not may:
                self.assertIn(ours[f"{what} materialize"], REFUSED)

    def test_objects_whose_class_came_first(self):
        servers = {}
        for version in harness.client_versions():
            with self.subTest(version):
                name = "6.0.2" if version.startswith("6") else "5.3.1"
                if name not in servers:
                    servers[name] = BaselineHost(name, more={"default": ("MATRIX", {})})
                    self.addCleanup(servers[name].kill)
                for where in (servers[name].servers, host.servers):
                    client = Client(version, where)
                    self.addCleanup(client.kill)
                    client.run("objects_whose_class_came_first")
