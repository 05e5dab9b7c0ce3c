"""Objects that the host owns: operators, context managers, classes, and how long they live (scenario.py).

The service is FIXTURE: fixture.cc, and for the baseline fixture.py.
"""

import operator

from scenario import names, request

try:
    import rpyc
except ImportError:  # see scenario.py
    pass

CMP, CTXEXIT, INSTANCECHECK = 11, 19, 20

# --- operators --------------------------------------------------------------------------------------

def arithmetic(t):
    number = t.root().number
    a, b = number(12), number(5)
    for result, expected in ((a + b, 17), (a + 1, 13), (1 + a, 13), (a - b, 7), (a - 2, 10), (20 - a, 8), (a * b, 60),
                             (a // b, 2), (-a, -12), (abs(number(-3)), 3)):
        t.assertIsInstance(result, rpyc.BaseNetref)
        t.same(expected, result.value)
    t.same((12, 12.5, True, False), (int(a), float(a), bool(a), bool(number(0))))
    t.same("f", "abcdef"[b])
    t.assertEqual(list(range(number(3))), [0, 1, 2])
    t.same("0xc", hex(a))
    t.raises(ZeroDivisionError, operator.floordiv, a, 0)
    for wrong in (lambda: a + "x", lambda: "x" + a, lambda: a * None, lambda: 2 * a, lambda: a % 2, lambda: a**2):
        with t.assertRaises(TypeError):
            wrong()


def arithmetic_in_place(t):
    a = t.root().number(1)
    same = a
    a += 41
    t.assertIs(a, same)
    t.same(42, same.value)


def comparisons_of_objects(t):
    number = t.root().number
    a, b = number(3), number(4)
    t.assertTrue(a == 3 and 3 == a and a == number(3) and not a == b and not a == 4)
    t.assertTrue(a != 4 and a != b and not a != 3)
    t.assertTrue(a < b and a < 4 and 2 < a and not b < a and a <= 3 and b > a and 5 > a and b >= 4)
    t.assertEqual([n.value for n in sorted([number(3), number(1), number(2)])], [1, 2, 3])
    t.same(4, max(a, b).value)
    t.assertIn(3, [a])
    t.assertIn(a, [1, 3])
    t.assertFalse(a == "3")
    t.assertTrue(a != "3")
    t.assertFalse(a == None)  # noqa: E711
    for wrong in (lambda: a < "x", lambda: a >= None, lambda: "x" < a, lambda: a > [1]):
        with t.assertRaises(TypeError):
            wrong()
    t.since_4_1_3("it cannot pass on an object of another connection")
    silent, other = t.root().silent(), t.root().silent()
    t.assertTrue(silent == silent and silent != other)


def comparisons_by_number(t):
    o = t.root().number(3)
    ask = request(o)
    for op, result in (("__eq__", True), ("__ne__", False), ("__lt__", False), ("__gt__", False), ("__le__", True),
                       ("__ge__", True)):
        t.same(result, ask(CMP, o, 3, op))
        t.same(NotImplemented, ask(CMP, o, "x", op))
    for op in ("__init__", "__class__", "__getattribute__", "nosuch", "value", "__call__"):
        t.refused(ask, CMP, o, 3, op)
    t.same(3, o.value)


def hashes(t):
    root = t.root()
    a = root.number(6)
    t.same(42, hash(a))
    t.assertEqual({a: "six"}[root.number(6)], "six")
    t.assertEqual(len({a, root.number(6), root.number(7)}), 2)
    t.assertEqual(hash(root.number(-1)), -7)
    t.assertIn("unhashable", t.raises(TypeError, hash, root.unhashable()))
    t.assertTrue(root.unhashable() == root.unhashable())
    silent = root.silent()
    t.assertEqual(hash(silent), hash(silent))
    t.assertEqual(hash(root.Point), hash(root.Point))
    t.assertEqual(hash(root.Point(1, 2)), hash(root.Point(1, 2)))
    for o in (root, root.echo, root.Outer, root.squares(1), root.countdown(1)):
        t.assertIs(type(hash(o)), int)
        t.assertIn(o, {o})


def texts_of_objects(t):
    root = t.root()
    a = root.number(42)
    t.same("number 42", str(a))
    t.same("Number(42)", repr(a))
    t.same("00042", f"{a:05}")
    t.same("42", f"{a}")
    t.same("Number(42)", f"{a!r}")
    t.raises(ValueError, format, a, "no such format")
    for o in (root.silent(), root.Point, root.squares(1), root.echo, root):
        t.assertIs(type(str(o)), str)
        t.assertIs(type(repr(o)), str)
    t.assertIn("Silent", repr(root.silent()))
    t.assertIn("Point", repr(root.Point))


def objects_without_special_methods(t):
    o = t.root().silent()
    for wrong in (len, iter, next, int, float, abs, operator.neg, lambda o: o + 1, lambda o: 1 + o, lambda o: o[0],
                  lambda o: o(), lambda o: 1 in o, lambda o: o < o, reversed, operator.index):
        with t.assertRaises(TypeError):
            wrong(o)
    with t.assertRaises((AttributeError, TypeError)):
        with o:
            pass
    t.assertTrue(bool(o))
    t.assertFalse(callable(o))


def callable_objects(t):
    o = t.root().caller()
    t.assertTrue(callable(o))
    t.same((1, (), ()), o(1))
    t.same((1, (2, "three"), (("b", 5), ("z", 4))), o(1, 2, "three", z=4, b=5))
    t.same((5, (), ()), o(x=5))
    t.raises(TypeError, o)
    t.assertEqual([x[0] for x in map(o, (1, 2))], [1, 2])
    t.same(5, o.calls)
    t.since_4_1_3("it cannot pass on an object of another connection")
    t.assertIs(t.root().echo(o), o)


# --- context managers -------------------------------------------------------------------------------

def contexts(t):
    o = t.root().context()
    with o as entered:
        t.same(20, entered)
        t.same(("enter", ), o.seen)
    t.same(("enter", "exit"), o.seen)
    with o:
        pass
    t.same(("enter", "exit") * 2, o.seen)


def contexts_whose_body_raises(t):
    o = t.root().context()
    with t.assertRaises(ZeroDivisionError):
        with o:
            1 / 0
    t.same(("enter", "error"), o.seen)

    class Own(Exception):
        pass

    for error in (Own("own"), KeyError("k"), SystemExit(1), KeyboardInterrupt()):
        with t.assertRaises(type(error)) as caught:
            with o:
                raise error
        t.assertIs(caught.exception, error)
    t.same(("enter", "error") * 5, o.seen)


def contexts_that_suppress(t):
    o = t.root().context(suppress=True)
    with o:
        raise ValueError("swallowed")
    t.same(("enter", "error"), o.seen)
    with o:
        pass
    t.same(("enter", "error", "enter", "exit"), o.seen)


def contexts_that_fail(t):
    root = t.root()
    o = root.context(fail_on="enter")
    with t.assertRaises(ValueError):
        with o:
            t.fail("entered")
    t.same((), o.seen)
    o = root.context(True, fail_on="exit")
    with t.assertRaises(KeyError):
        with o:
            pass
    with t.assertRaises(KeyError):
        with o:
            raise ValueError("replaced")
    t.same(("enter", "exit", "enter", "error"), o.seen)


def contexts_that_enter_as_themselves(t):
    root = t.root()
    with root.scope() as o:
        t.assertTrue(o.is_open)
    t.assertFalse(o.is_open)
    scope = root.scope()
    with scope as o:
        t.assertIs(o, scope)
    with root.scope() as a, root.scope() as b:
        t.assertTrue(a.is_open and b.is_open)
    t.assertFalse(a.is_open or b.is_open)


def contexts_by_number(t):
    o = t.root().context()
    ask = request(o)
    t.assertFalse(ask(CTXEXIT, o, None))
    t.assertFalse(ask(CTXEXIT, o, ValueError))
    t.same(("exit", "error"), o.seen)
    t.refused(ask, CTXEXIT, t.root().silent(), None)


# --- classes ----------------------------------------------------------------------------------------

def classes(t):
    root = t.root()
    t.assertTrue(callable(root.Point))
    p = root.Point(1.0, y=2.5)
    t.same((1.0, 2.5), (p.x, p.y))
    t.same((5.0, 0.0), (root.Point(5.0).x, root.Point(5.0).y))
    t.raises(TypeError, root.Point)
    t.raises(TypeError, root.Point, 1, 2, 3)
    t.raises(TypeError, root.Point, 1, z=3)
    t.assertEqual(t.raises(ValueError, root.Point, float("nan")), "a point has a place")
    t.assertTrue(p == root.Point(1.0, 2.5) and p != root.Point(2.5, 1.0) and p != 5)
    t.assertIs(root.get_class(), root.get_class())
    t.same(7.0, root.get_class()(7.0).x)
    cls = root.Point
    t.assertIs(root.echo(cls), cls)
    t.assertIs(root.Point, cls)
    t.same(9.0, cls(9.0).x)


def nested_classes(t):
    root = t.root()
    t.same("inner", root.Outer.Inner().hello())
    t.assertIsInstance(root.Outer.Inner(), root.Outer.Inner)
    t.raises(AttributeError, getattr, root.Outer, "nosuch")
    t.raises(AttributeError, getattr, root.Outer(), "_private")


def methods_through_their_class(t):
    root = t.root()
    square, shape = root.Square(), root.Shape()
    t.same((0, "shape", "shape"), (root.Shape.sides(shape), root.Shape.kind(shape), root.Square.kind(square)))
    t.same((4, 4), (root.Square.sides(square), root.Square.exposed_sides(square)))
    t.same("shape", root.Shape.kind(square))
    t.same(0 if t.baseline else 4, root.Shape.sides(square))  # which is virtual
    t.same((1.0, 1.0), (root.Square.corner(square).x, root.Square.corner(square).y))
    kind = root.Square.kind
    t.assertEqual([kind(root.square()) for _ in range(3)], ["shape"] * 3)
    t.assertTrue(root.Shape.kind == root.Shape.kind)
    t.raises(TypeError, kind)
    t.raises(AttributeError, getattr, root.Shape, "corner")
    if not t.baseline:  # a Python function takes anything
        for wrong in (shape, 5, None, "x", root.silent(), root.Square, root, lambda: 1):
            t.assertRegex(t.raises(TypeError, kind, wrong), "^descriptor 'kind' for 'cpp.Square' objects doesn't apply to a '")
    t.raises(TypeError, kind, square, 1)


def properties_through_their_class(t):
    x = t.root().Point.x
    t.assertIsInstance(x, property)
    t.assertTrue(repr(x))
    t.assertIsNone(x.__doc__)
    for name in ("fget", "fset", "__get__", "__set__"):
        t.raises(AttributeError, getattr, x, name)


def the_host_asks_for_instances(t):
    """isinstance of the client's objects, at the host."""

    class Base:
        pass

    class Derived(Base):
        pass

    root = t.root()
    is_instance = root.callbacks().is_instance
    t.same((True, True), (is_instance(Base(), Base), is_instance(Derived(), Derived)))
    t.same((False, False, False), (is_instance(Base(), Derived), is_instance(Base, Base), is_instance([1], Base)))
    t.same(False, is_instance(Derived(), Base))  # as RPyC: it knows derived classes of no peer
    t.same((True, False, False), (is_instance([1], list), is_instance([1], dict), is_instance(Base(), list)))
    t.raises(TypeError, is_instance, Base(), Base())
    t.raises(TypeError, is_instance, Base(), 5)
    if not t.baseline:  # a proxy of int is not int at a Python server
        t.same((True, False, True, True), (is_instance(5, int), is_instance("5", int), is_instance(True, int),
                                           is_instance(5, object)))
    square = root.square()
    t.same((True, True, False), (is_instance(square, root.Square), is_instance(square, root.Shape),
                                 is_instance(square, root.Point)))
    t.same(False, is_instance(Base(), root.Square))
    if not t.baseline:  # a Python server takes a class of its client's for one of its own modules
        t.same(False, is_instance(square, Base))


def instances_of_classes(t):
    root = t.root()
    p, square, shape = root.Point(1, 2), root.Square(), root.Shape()
    t.assertIsInstance(p, root.Point)
    t.assertIsInstance(square, root.Square)
    t.assertIsInstance(shape, root.Shape)
    t.assertIsInstance(root.square(), root.Square)
    t.assertIsInstance(square.corner(), root.Point)
    t.since_4_1_3("it takes any object for one of any class")
    t.assertNotIsInstance(p, root.Shape)
    t.assertNotIsInstance(shape, root.Square)
    t.assertNotIsInstance(p, root.Outer)
    t.assertNotIsInstance(root.Point, root.Point)
    t.assertNotIsInstance(root.get_list(), root.Point)
    t.assertNotIsInstance(root.echo, root.Point)
    t.assertIsInstance(p, (root.Outer, root.Point))
    with t.assertRaises(TypeError):
        isinstance(p, p)
    t.assertNotIsInstance(square, (int, list, dict, str))


def instances_of_base_classes(t):
    root = t.root()
    square = root.Square()
    t.assertIs(isinstance(square, root.Shape), not t.baseline)  # a Python server only knows classes that it was sent
    t.assertIs(isinstance(root.square(), root.Shape), not t.baseline)
    t.same((4, "shape", 0), (square.sides(), square.kind(), root.Shape().sides()))


def instance_checks_of_anything(t):
    root = t.root()
    ask = request(root)
    for pack in (("cpp.Nosuch", 1, 1), ("builtins.int", 2**80, -1), ("", 0, 0), ("x", "y", "z")):
        t.same(False, ask(INSTANCECHECK, root.Point, pack))
    for wrong in (5, (), ("x", ), "text", None):
        try:
            t.same(False, ask(INSTANCECHECK, root.Point, wrong))
        except Exception as e:
            t.assertNotIsInstance(e, EOFError)
    t.refused(ask, INSTANCECHECK)
    t.same(1, root.echo(1))


# --- references -------------------------------------------------------------------------------------

def objects_die_with_their_last_proxy(t):
    conn = t.connect("fixture")
    key = t.unique("dies")
    one = conn.root.logged(key)
    t.same((), conn.root.journal(key))
    other = one.itself()
    t.assertIs(other, one)
    t.assertIs(conn.root.echo((one, (one, one)))[1][0], one)
    del other
    t.settle(conn)
    t.same((), conn.root.journal(key))
    t.same(key, one.name)
    del one
    t.settle(conn)
    t.same(("destroyed", ), conn.root.journal(key))


def methods_keep_their_objects(t):
    conn = t.connect("fixture")
    key = t.unique("kept")
    method = conn.root.logged(key).itself
    t.settle(conn)
    t.same((), conn.root.journal(key))
    t.same(key, method().name)
    del method
    t.settle(conn)
    t.same(("destroyed", ), conn.root.journal(key))


def containers_keep_their_objects(t):
    conn = t.connect("fixture")
    key = t.unique("contained")
    holder = conn.root.sequence(conn.root.logged(key))
    t.settle(conn)
    t.same((), conn.root.journal(key))
    t.same(key, holder[0].name)
    del holder[0]
    t.settle(conn)
    t.same(("destroyed", ), conn.root.journal(key))


def objects_die_with_their_connection(t):
    other = t.root()
    for end in (lambda conn: conn.close(), lambda conn: conn._channel.stream.sock.close()):
        conn = t.connect("fixture")
        keys = [t.unique("orphan") for _ in range(10)]
        kept = [conn.root.logged(key) for key in keys]
        end(conn)
        for key in keys:
            t.eventually(lambda: other.journal(key) == ("destroyed", ))
        del kept


def objects_of_one_connection_do_not_die_with_another(t):
    one, other = t.connect("fixture"), t.connect("fixture")
    key = t.unique("mine")
    kept = one.root.logged(key)
    other.root.logged(key + "?")
    other.close()
    t.same(key, kept.name)
    t.same((), one.root.journal(key))


def ten_thousand_objects_come_and_go(t):
    conn = t.connect("fixture")
    key, make = t.unique("crowd"), conn.root.logged
    for i in range(10_000):
        make(key)
    t.settle(conn)
    t.assertEqual(len(conn.root.journal(key)), 10_000)
    kept = [make(key) for _ in range(1000)]
    t.assertEqual(len(conn.root.journal(key)), 10_000)
    t.assertEqual(len({o.____id_pack__ for o in kept}), 1000)
    del kept
    t.settle(conn)
    t.assertEqual(len(conn.root.journal(key)), 11_000)


def id_packs_are_honest(t):
    root = t.root()
    pack = lambda o: object.__getattribute__(o, "____id_pack__")
    p, q, cls = root.Point(1, 2), root.Point(1, 2), root.Point
    t.assertEqual(pack(p)[1], pack(q)[1])
    t.assertNotEqual(pack(p)[2], pack(q)[2])
    t.assertEqual((pack(cls)[1], pack(cls)[2]), (pack(p)[1], 0))
    t.assertNotEqual(pack(root.Shape)[1], pack(root.Square)[1])
    ids = [pack(o) for o in (root, root.silent(), root.Shape, root.Square, cls, root.caller(), root.get_list())]
    t.assertEqual(len({i[1] for i in ids}), len(ids))
    t.assertEqual(pack(root.get_list())[0], "builtins.list")
    t.assertEqual(pack(root.get_dict())[0], "builtins.dict")
    t.assertEqual(pack(root.squares(1))[0], "builtins.generator")
    t.since_4_1_3("get_id_pack asks the object for its class")
    for o in (root, p, cls):
        t.assertEqual(rpyc.lib.get_id_pack(o), pack(o))


def objects_of_the_host_are_arguments(t):
    root = t.root()
    a, b = root.number(2), root.number(3)
    t.same(5, (a + b).value)
    t.assertIs(root.echo(a), a)
    holder = root.sequence(a, b)
    t.assertIs(holder[0], a)
    t.assertIn(b, holder)
    again = t.root()
    t.since_4_1_3("it cannot pass on an object of another connection")
    t.assertIs(again.echo(a), a)  # another connection: there it is the client's own


ALL = names(globals())
