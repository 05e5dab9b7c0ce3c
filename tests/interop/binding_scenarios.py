"""What a C++ program looks like from Python: its hierarchies, the parts of its objects, its overloads (scenario.py).

The service is FIXTURE, whose workshop (tests/fixture/workshop.h) is a program that was not written for Python.
"""

import contextlib
import io
import pydoc

from scenario import MAJOR, names


def _workshop(t, server="fixture"):
    return t.root(server).workshop()


# --- objects are what they are ---------------------------------------------------------------------

def derived_objects_behind_pointers_to_their_base(t):
    w = _workshop(t)
    r, x = w.find("r"), w.find("x")
    t.same(("rotary", "axis"), (r.kind(), x.kind()))
    t.same(1, r.turn())
    t.raises(AttributeError, getattr, x, "turn")
    t.assertIn("cpp.Rotary object", repr(r))
    t.assertIn("cpp.Axis object", repr(x))
    t.assertIn("turn", dir(r))
    t.assertNotIn("turn", dir(x))
    t.assertIsInstance(r, w.Rotary)
    t.assertIsInstance(r, w.Axis)
    t.since_4_1_3("it takes any object for one of any class")
    t.assertNotIsInstance(x, w.Rotary)


def derived_objects_wherever_they_go_out(t):
    w = _workshop(t)
    seen = []
    w.each(seen.append)
    for axes in (w.axes, seen):
        t.assertEqual([axis.kind() for axis in axes], ["rotary", "axis", "rotary"])
        t.assertEqual([hasattr(axis, "turn") for axis in axes], [True, False, True])
    t.assertEqual(w.first().turn(), w.find("r").turn() - 1)


def one_object_by_whatever_pointer(t):
    w = _workshop(t)
    r = w.find("r")
    for other in (w.first(), w.axes[0], w.find(name="r")):
        t.assertIs(other, r)
    t.assertEqual(len({w.find("r"), w.first(), w.axes[0]}), 1)
    t.same("r by 3", w.move(w.first(), 3))


def a_derived_object_of_a_type_that_nobody_exposed(t):
    s = _workshop(t).find("s")
    t.assertIn("cpp.Rotary object", repr(s))
    t.same((1, "rotary"), (s.turn(), s.kind()))


# --- parts of objects --------------------------------------------------------------------------------

def data_members_are_the_members_themselves(t):
    w = _workshop(t, "writable")
    x = w.find("x")
    x.limits.high = 77
    t.same(77.0, x.limits.high)
    x.limits.widen(3)
    t.same(80.0, x.limits.high)
    limits = x.limits
    t.assertIs(x.limits, limits)
    limits.low = 70
    t.same(10.0, x.limits.width)
    t.since_4_1_3("it takes the class of an object for the object")
    x.limits = w.Limits(1, 2)  # its value is assigned
    t.same((1.0, 2.0), (limits.low, limits.high))


def methods_of_returned_references(t):
    w = _workshop(t)
    first = w.first()
    turns = first.turn()
    t.same(turns + 1, w.first().turn())
    w.first().limits.widen(1)
    t.same(11.0, w.first().limits.high)


def a_part_keeps_its_object_alive(t):
    conn = t.connect("fixture")
    limits = conn.root.workshop().find("x").limits
    t.settle(conn)
    limits.widen(1)
    t.same(11.0, limits.high)


def const_objects_are_read_only(t):
    w = _workshop(t, "writable")
    for limits in (w.const_limits(), w.find("x").factory, w.find("x").span):
        t.same((10.0, 10.0), (limits.high, limits.width))
        t.assertIn("is read-only", t.raises(AttributeError, setattr, limits, "high", 5))
        t.assertIn("may change the object", t.raises(TypeError, limits.widen, 1))
        t.same(10.0, w.width_of(limits))
        t.assertIn("the object is read-only", t.raises(TypeError, w.widen, limits))
        t.same((0.0, 10.0), (limits.low, limits.high))
        t.assertIsInstance(limits, w.Limits)
    t.raises(AttributeError, setattr, w.find("x"), "factory", w.Limits())
    mine, theirs = w.first().limits, w.const_limits()
    t.assertIsNot(mine, theirs)
    t.assertTrue(mine == theirs)
    mine.widen(5)
    t.same(15.0, theirs.high)


# --- overloads -------------------------------------------------------------------------------------

def overloads_by_arity_and_types(t):
    w = _workshop(t)
    t.same("to 2.500000", w.move(2.5))
    t.same("to 3.000000", w.move(3))
    t.same("to the place home", w.move("home"))
    t.same("to the place home", w.move(place="home"))
    t.same("x by 5", w.move(w.find("x"), 5))
    t.same("x by 5", w.move(steps=5, axis=w.find("x")))
    t.same(("float", "int", "bool"), (w.numbers(1.5), w.numbers(5), w.numbers(True)))
    t.same("float", w.numbers(2**80))
    t.same((0, 2), (w.Limits(0, 2).low.__int__(), int(w.Limits(high=2, low=0).width)))
    t.same(10.0, w.Limits().high)


def overloads_that_take_no_such_arguments(t):
    w = _workshop(t)
    text = t.raises(TypeError, w.move, None)
    for part in ("no move() takes (NoneType); there are", "move(position: float) -> str, but argument 'position': expected float",
                 "move(place: str) -> str, but", "move(axis: Axis, steps: int) -> str, but missing 1 required"):
        t.assertIn(part, text)
    t.assertIn("no Limits() takes (int)", t.raises(TypeError, w.Limits, 1))
    t.assertIn("a: int", t.raises(TypeError, w.move, a=1))


def overloads_read_an_iterator_once(t):
    w = _workshop(t)
    t.same("ints", w.items([1, 2]))
    t.same("ints", w.items(i for i in (1, 2)))
    t.same(("a", "b"), w.items(iter(["a", "b"])))
    t.same(("a", "b"), w.items(c for c in "ab"))
    t.same(("a", "b"), w.items(["a", "b"]))


def help_shows_all_overloads(t):
    w = _workshop(t)
    if MAJOR < 5:  # its help() shows the proxy instead
        for line in ("Moves to a position.", "Moves to a place."):
            t.assertIn(line, w.move.__doc__)
        return
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        pydoc.doc(w.move, output=shown)
    for line in ("move(position: float) -> str", "move(place: str) -> str", "move(axis: Axis, steps: int) -> str",
                 "Moves to a position.", "Moves to a place."):
        t.assertIn(line, shown.getvalue())


# --- other things that authors expect --------------------------------------------------------------

def an_argument_whose_default_is_none(t):
    w = _workshop(t)
    t.same(None, w.speed())
    t.same(2.0, w.speed(2))
    t.same(None, w.speed(speed=None))


def reprs_tell_objects_apart(t):
    w = _workshop(t)
    a, b = w.Limits(), w.Limits()
    t.assertRegex(repr(a), r"^<cpp\.Limits object at 0x[0-9a-f]{16}>$")
    t.assertNotEqual(repr(a), repr(b))
    t.assertEqual(repr(a), repr(a))
    t.assertEqual(str(a), repr(a))
    t.assertEqual(int(repr(a)[-17:-1], 16), hash(a))


ALL = names(globals())
