"""Attributes of objects that the host owns, and which of them a client may have (scenario.py).

The service is FIXTURE: fixture.cc, and for the baseline fixture.py.
"""

import importlib.util
import operator
import os
import pydoc
import types

from scenario import names, ours, request

try:
    import rpyc
except ImportError:  # see scenario.py
    pass

GETATTR, DELATTR, SETATTR, CALLATTR, CMP, CTXEXIT = 4, 5, 6, 8, 11, 19

# These are the servers beside the plain one, and their protocol configurations.
MATRIX = {
    "allow-" + ("".join(letters) or "none"):
    dict(zip(("allow_safe_attrs", "allow_exposed_attrs", "allow_public_attrs", "allow_all_attrs"),
             ("s" in letters, "e" in letters, "p" in letters, "a" in letters)), allow_setattr=True, allow_delattr=True)
    for letters in [[c for i, c in enumerate("sepa") if bits >> i & 1] for bits in range(16)]
}
CONFIGS = {
    **MATRIX,
    "no-getattr": {"allow_getattr": False},
    "writable": {"allow_setattr": True, "allow_delattr": True},
    "public": {"allow_public_attrs": True},
    "prefix": {"exposed_prefix": "prefix_"},
    "no-prefix": {"exposed_prefix": ""},
    "few-safe": {"safe_attrs": {"names": ["__len__"]}, "allow_exposed_attrs": False},
    "quiet": {"include_local_traceback": False, "include_local_version": False},
}


def _twin():
    """fixture_objects.py under another name: a proxy that finds its class in a module of the client is another kind of proxy."""
    spec = importlib.util.spec_from_file_location("fixture_twin", os.path.join(os.path.dirname(__file__), "fixture_objects.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def attributes_are_read(t):
    o = t.root().attributes()
    t.same(1, o.number)
    t.same("one", o.fixed)
    t.same("extra", o.extra)
    t.same("called", o.method())
    t.same(1, o.exposed_number)
    t.same(1, getattr(o, "number"))
    t.same("one", t.root().attributes().fixed)  # of a proxy that is gone at once
    t.assertTrue(hasattr(o, "number"))
    t.assertEqual(t.raises(AttributeError, getattr, o, "nosuch"), "cannot access 'nosuch'")
    t.assertFalse(hasattr(o, "nosuch"))
    t.assertEqual(t.raises(AttributeError, getattr, o, "open"), "cannot access 'open'")
    t.assertEqual(t.raises(AttributeError, getattr, o, "_private"), "cannot access '_private'")
    t.assertEqual(o.__doc__, "Attributes of every sort.")
    t.refused(getattr, o, "__dict__")


def attributes_are_not_written_by_default(t):
    o = t.root().attributes()
    for name in ("number", "exposed_number", "fixed", "open", "_private", "nosuch", "method"):
        t.assertEqual(t.raises(AttributeError, setattr, o, name, 5), f"cannot access {name!r}")
        t.assertEqual(t.raises(AttributeError, delattr, o, name), f"cannot access {name!r}")
    t.same(1, o.number)


def attributes_are_written_where_allowed(t):
    o = t.root("writable").attributes()
    o.number = 5
    t.same(5, o.number)
    o.exposed_number = 2**60
    t.same(2**60, o.number)
    t.raises(TypeError, setattr, o, "number", "text")
    t.same(2**60, o.number)
    t.raises(AttributeError, setattr, o, "fixed", "other")
    t.raises(AttributeError, delattr, o, "fixed")
    t.raises(AttributeError, setattr, o, "open", 1)
    t.raises(AttributeError, setattr, o, "_private", 1)
    t.same("one", o.fixed)
    mine = [1]
    o.extra = mine
    t.assertIs(o.extra, mine)
    del o.extra
    t.raises(AttributeError, getattr, o, "extra")
    t.assertFalse(hasattr(o, "extra"))
    t.raises(AttributeError, delattr, o, "extra")
    o.extra = 6
    t.same(6, o.extra)


def roots_are_never_written(t):
    root = t.root("allow-sepa")
    for name in ("session", "x", "echo", "_session"):
        t.assertEqual(t.raises(AttributeError, setattr, root, name, 1), "access denied")
        t.assertEqual(t.raises(AttributeError, delattr, root, name), "access denied")


def an_empty_prefix_opens_every_name(t):
    o = t.root("no-prefix")()
    t.same("open", o.open)
    t.same("private", o._private)  # so does RPyC
    t.same(3, len(o))
    t.assertNotIn("cannot access", t.raises(AttributeError, getattr, o, "nosuch"))


def another_prefix(t):
    root = t.root("prefix")
    t.same(5.0, root.distance((0, 0), (3, 4)))
    t.same(5.0, root.prefix_distance((0, 0), (3, 4)))
    t.assertEqual(t.raises(AttributeError, getattr, root, "exposed_distance"), "cannot access 'exposed_distance'")
    t.same(1, root.attributes().number)
    t.assertTrue(t.root().exposed_distance)


READ = ("number", "exposed_number", "method", "exposed_method", "fixed", "open", "exposed_open", "_private",
        "exposed__private", "__len__", "exposed___len__", "__add__", "exposed___add__", "__call__", "__doc__", "__sub__",
        "exposed___sub__", "nosuch", "exposed_nosuch", "exposed_", "", "next")
WRITTEN = ("number", "exposed_number", "fixed", "open", "exposed_open", "_private", "exposed__private", "nosuch")
DELETED = ("extra", "exposed_extra", "fixed", "nosuch", "exposed_nosuch")


def _as_rpyc_does(twin, config, permission, name, act):
    """What a Python server of this version answers: None, or the text of its AttributeError."""
    full = dict(rpyc.core.protocol.DEFAULT_CONFIG, **config)
    if "safe_attrs" in config:
        full["safe_attrs"] = set(config["safe_attrs"]["names"])
    server = types.SimpleNamespace(_config=full)
    try:
        act(twin, rpyc.core.protocol.Connection._check_attr(server, twin, name, permission))
    except AttributeError as e:
        return str(e)
    return None


def _compare(t, config, name, permission, act, o, twin, *message):
    expected = _as_rpyc_does(twin, config, permission, name, act)
    where = f"{name!r} with {config}"
    try:
        request(o)(*message)
    except AttributeError as e:
        text = str(e).partition("\n\n====")[0]
        t.assertIsNotNone(expected, f"{where}: {text}")
        if expected.startswith("cannot access"):
            t.assertEqual(text, expected, where)
        else:
            t.assertNotEqual(text, f"cannot access {name!r}", where)
    else:
        t.assertIsNone(expected, where)


def access_is_what_the_rules_of_rpyc_say(t):
    """Every combination of the four switches, and more, against the rules of the client's own rpyc."""
    twins = _twin()

    def write(o, name):
        if not t.baseline:
            getattr(o, name)  # an object in C++ gets no new attributes
        setattr(o, name, 6)

    for server, config in CONFIGS.items():
        if server == "no-prefix":
            continue  # nothing in Python is both exposed and has no prefix
        prefix = config.get("exposed_prefix", "exposed_")
        root = t.root(server)
        for permission, act, asked in (("allow_getattr", getattr, READ), ("allow_setattr", write, WRITTEN),
                                       ("allow_delattr", delattr, DELETED)):
            for name in (name.replace("exposed_", prefix) for name in asked):
                o = root()  # CALL checks no rule
                message = {
                    "allow_getattr": (GETATTR, o, name),
                    "allow_setattr": (SETATTR, o, name, 6),
                    "allow_delattr": (DELATTR, o, name)
                }[permission]
                _compare(t, config, name, permission, act, o, twins.Attributes(), *message)


def special_methods_keep_the_rules(t):
    for server, expected in (("fixture", 3), ("allow-s", 3), ("allow-e", None), ("allow-a", 3), ("few-safe", 3),
                             ("allow-p", None), ("allow-ep", None), ("allow-none", None), ("no-getattr", None)):
        o = t.root(server)()
        if expected is None:
            t.assertEqual(t.raises(AttributeError, len, o), "cannot access '__len__'", server)
            t.assertEqual(t.raises(AttributeError, operator.add, o, 1), "cannot access '__add__'", server)
            t.raises(AttributeError, request(o), CMP, o, 1, "__eq__")
        else:
            t.same(expected, len(o))
    o = t.root("few-safe")()
    t.raises(AttributeError, operator.add, o, 1)
    t.raises(AttributeError, request(o), CMP, o, 1, "__eq__")
    t.raises(AttributeError, request(o), CTXEXIT, o, None)


def names_are_text(t):
    o = t.root().attributes()
    t.same(1, request(o)(GETATTR, o, b"number"))
    for name in (5, None, ("number", ), 1.5, b"\xff\xfe"):
        t.refused(request(o), GETATTR, o, name)
        t.refused(request(o), CALLATTR, o, name, (), ())
        t.refused(request(o), SETATTR, o, name, 1)
    t.same(1, o.number)


def restricted_objects_have_rules_of_their_own(t):
    for server in ("fixture", "writable", "allow-sepa"):
        o = t.root(server).restricted()
        t.same("foo", o.foo)
        t.same("bar", o.bar)
        t.raises(AttributeError, getattr, o, "spam")
        t.raises(AttributeError, getattr, o, "__len__")
        if not t.baseline:  # in C++ this is foo; in Python it is another attribute, which may be named or not
            t.same("foo", o.exposed_foo)
        t.raises(AttributeError, getattr, o, "exposed_spam")
        o.bar = 22
        t.same(22, o.bar)
        t.raises(AttributeError, setattr, o, "foo", 1)
        t.raises(AttributeError, setattr, o, "spam", 1)
        t.raises(AttributeError, delattr, o, "bar")


# Source of the next two: RPyC tests/test_attr_access.py, 6.0.2, TestRestricted and TestConfigAllows; of the third
# tests/test_magic.py, test_hash_obj. By the names of their functions.

def rpycs_test_restricted(t):
    for server in ("fixture", "public", "allow-s", "allow-none"):
        if server in ("allow-s", "allow-none"):
            t.raises(AttributeError, getattr, t.root(server), "get_one")
            continue
        obj = t.root(server).get_one()
        t.same(("foo", "bar", "foobar", "privy", "Fee Fie Foe Foo"),
               (obj.foo(), obj.bar(), obj.__add__("bar"), obj._privy(), obj.exposed_foobar()))
        t.raises(AttributeError, getattr, obj, "spam")


def rpycs_test_config_allows(t):
    """test_default_config, test_allow_all, test_allow_exposed, test_allow_safe_attrs and test_allow_public_attrs."""
    names = ("_privy", "foo", "bar", "spam")
    for server, added, open_names in (("fixture", True, ()), ("allow-sea", True, names), ("allow-e", False, ()),
                                      ("allow-sep", True, names[1:])):
        obj = t.root(server).MyClass()
        t.same(("Fee Fie Foe Foo", "Fee Fie Foe Foo"), (obj.foobar(), obj.exposed_foobar()))
        if added:
            t.same(("foobar", "foobar"), (obj + "bar", obj.__add__("bar")))
        else:
            t.raises(AttributeError, lambda: obj + "bar")
        for name in names:
            if name in open_names:
                t.same(name.lstrip("_"), getattr(obj, name)())
            else:
                t.raises(AttributeError, getattr, obj, name)
    t.raises(AttributeError, getattr, t.root("allow-s"), "MyClass")


def rpycs_test_hash_obj(t):
    root = t.root()
    t.same((1234, 1234), (hash(root.Foo()), hash(root.Foo())))
    t.assertIn("unhashable", t.raises(TypeError, hash, root.Mux()))
    t.assertTrue(root.Mux() == root.Mux())


def properties_run_their_getters(t):
    o = t.root().properties()
    t.same(0, o.count)
    before = o.counted
    t.same(before, o.count)
    o.counted
    # A Python server first checks that the attribute exists, and runs the getter for that.
    t.assertGreater(o.count, before) if t.baseline else t.same(2, o.count)
    t.assertTrue(hasattr(o, "counted"))


def properties_that_fail(t):
    o = t.root().properties()
    t.assertEqual(t.raises(AttributeError, getattr, o, "lacks"), "abcd")
    t.assertEqual(t.raises(RuntimeError, getattr, o, "fails"), "efgh")
    t.assertFalse(hasattr(o, "lacks"))
    t.raises(RuntimeError, hasattr, o, "fails")
    t.same(0, o.count)


def records(t):
    o = t.root().record()
    t.same((7, "seven", 7.5, b"\x07\x00"), (o.number, o.text, o.ratio, o.raw))
    o = t.root("writable").record()
    for name, value in (("number", -2**60), ("text", "\U0001f600"), ("ratio", -0.0), ("raw", bytes(5000))):
        setattr(o, name, value)
        t.same(value, getattr(o, name))


@ours  # Python takes anything
def records_keep_their_types(t):
    o = t.root("writable").record()
    for name, value in (("number", "x"), ("text", 1), ("ratio", "1.5"), ("raw", "text"), ("number", [])):
        t.raises(TypeError, setattr, o, name, value)
    t.same((7, "seven", 7.5, b"\x07\x00"), (o.number, o.text, o.ratio, o.raw))


def directories_of_objects(t):
    root = t.root()
    for o, listed, missing in ((root.attributes(), ("number", "fixed", "method", "__len__", "__add__"), ("nosuch", )),
                               (root.silent(), (), ("__len__", "__call__")), (root.Point, (), ("nosuch", )),
                               (root.record(), ("number", "text", "ratio", "raw"), ()), (root.get_list(), ("__len__", ), ()),
                               (root.squares(3), ("__next__", ), ())):
        found = dir(o)
        t.assertTrue(all(type(name) is str for name in found))
        for name in listed:
            t.assertTrue(name in found or t.baseline and "exposed_" + name in found, f"{name} in {found}")
        for name in missing:
            t.assertNotIn(name, found)


def documentation_of_objects(t):
    root = t.root()
    t.assertEqual(root.record().__doc__, "A dataclass, as it were.")
    t.assertEqual(root.Point.__doc__, "A point in the plane.")
    t.assertEqual(root.journal.__doc__, "What happened, by key.")
    t.assertIsNone(root.caller.__doc__)
    for o in (root, root.record(), root.Point, root.squares, root.get_list()):
        try:
            text = pydoc.plain(pydoc.render_doc(o))
        except AttributeError:
            t.assertTrue(t.baseline)  # "cannot access '__name__'"
        else:
            t.assertTrue(text)


ALL = names(globals())
