"""What a host does with the objects of its clients (scenario.py).

The service is FIXTURE: callbacks.cc, and for the baseline fixture.py.
"""

import gc
import weakref

from scenario import names

try:
    from rpyc.utils.helpers import BgServingThread
except ImportError:  # see scenario.py
    pass

# --- calls ------------------------------------------------------------------------------------------

def calls_a_lambda(t):
    cb = t.root().callbacks()
    t.same(7, cb.call(lambda a, b: a + b, 3, 4))
    t.same((1, (2, ), (("x", 3), )), cb.call(lambda a, *args, **kwargs: (a, args, tuple(kwargs.items())), 1, 2, x=3))
    t.same(9, cb.typed(lambda x: x * x, 3))
    t.same(3, cb.call(len, "abc"))
    t.same("ABC", cb.call("abc".upper))
    t.assertEqual(cb.call(list, "ab"), ["a", "b"])
    mine = [1]
    t.assertIs(cb.call(lambda: mine), mine)
    t.assertIs(cb.call(lambda x: x, mine), mine)
    t.assertIs(cb.call(lambda x: x, cb), cb)


def calls_an_object(t):
    cb = t.root().callbacks()

    class Adder:
        def __init__(self, n):
            self.n = n

        def __call__(self, x):
            return self.n + x

        def exposed_method(self, x):
            return self.n * x

    t.same(7, cb.typed(Adder(4), 3))
    t.same(12, cb.typed(Adder(4).exposed_method, 3))
    t.same(4, cb.call(Adder, 4).n)
    for thing, is_so in ((Adder(1), True), (Adder, True), (len, True), (lambda: 1, True), (1, False), ("x", False)):
        t.same(is_so, cb.callable(thing))


def nested_callbacks(t):
    cb = t.root().callbacks()

    def down(n):
        return 0 if n == 0 else 1 + cb.typed(down, n - 1)

    t.same(20, cb.typed(down, 20))


def a_callback_that_raises(t):
    cb = t.root().callbacks()

    def fail():
        raise KeyError("mine", 3)

    with t.assertRaises(KeyError) as caught:
        cb.call(fail)
    t.assertEqual(caught.exception.args[:2], ("mine", 3))
    text = str(getattr(caught.exception, "_remote_tb", "")) + str(caught.exception)
    t.assertIn("in fail", text)
    t.assertIn("Remote Traceback (1)", text)
    t.assertIn("Remote Traceback (2)", text)
    t.same(("builtins", "KeyError", ("mine", 3)), cb.caught(fail))
    t.same(None, cb.caught(lambda: 1))

    class Mine(Exception):
        pass

    def own():
        raise Mine("here")

    # A class that the server does not know comes back as one of its name.
    with t.assertRaises(Exception) as caught:
        cb.call(own)
    t.assertIn("Mine", type(caught.exception).__name__)
    t.assertEqual(caught.exception.args[0], "here")


def an_exit_in_a_callback_stops_nothing(t):
    t.since_4_1_3("it ends with its callback")
    cb = t.root().callbacks()

    def leave():
        raise SystemExit(3)

    t.same(("builtins", "SystemExit", (3, )), cb.caught(leave))
    t.same(5, cb.call(lambda: 5))


def a_callback_of_a_callback(t):
    """The server's own function, of two of the client's."""
    cb = t.root().callbacks()
    both = cb.compose(lambda x: x + 1, lambda x: x * 10)
    t.same(31, both(3))
    t.assertTrue(callable(both))
    t.same(31, cb.call(both, 3))
    again = cb.compose(both, both)
    t.same(311, again(3))
    del again, both
    gc.collect()


def is_kept_and_released(t):
    conn = t.connect("fixture")
    cb = conn.root.callbacks()

    class Function:
        def __call__(self, x):
            return x + 1

    function = Function()
    alive = weakref.ref(function)
    cb.keep(function)
    del function
    gc.collect()
    t.assertIsNotNone(alive())
    t.same(6, cb.kept(5))
    cb.forget()

    def gone():
        t.settle(conn)
        return alive() is None

    t.eventually(gone)


def dies_with_the_connection(t):
    conn = t.connect("fixture")
    cb = conn.root.callbacks()

    class Function:
        def __call__(self):
            return 1

    function = Function()
    alive = weakref.ref(function)
    cb.keep(function)
    del function, cb
    conn.close()
    del conn
    t.doCleanups()
    gc.collect()
    t.assertIsNone(alive())


def of_another_connection(t):
    """Its client serves in the background."""
    name, conn = t.unique("posted"), t.connect("fixture")
    conn.root.callbacks().post(name, lambda x: x + 1)
    other = t.root().callbacks()
    serving = BgServingThread(conn)
    try:
        t.same(6, other.posted(name, 20, 5))
        other.remove(name)
    finally:
        serving.stop()


def of_a_client_that_does_not_serve(t):
    name, conn = t.unique("posted"), t.connect("fixture")
    conn.root.callbacks().post(name, lambda: 1)
    other = t.root().callbacks()
    with t.assertRaises(Exception) as caught:
        other.posted(name, 0.3)
    t.assertIn(type(caught.exception).__name__, ("TimeoutError", "AsyncResultTimeout",
                                                 "rpyc.core.async_.AsyncResultTimeout"))
    if not t.baseline:
        t.assertIn("the peer has not answered in 300ms; it serves requests only while it waits", str(caught.exception))
    t.same(5, other.call(lambda: 5))
    conn.ping()  # which serves it, too late
    other.remove(name)


def of_a_client_that_is_gone(t):
    name, conn = t.unique("posted"), t.connect("fixture")
    conn.root.callbacks().post(name, lambda: 1)
    session, other = conn.root.session, t.root()
    conn.close()
    t.eventually(lambda: other.journal(session) == ("connect", "disconnect"))
    t.raises(EOFError, other.callbacks().posted, name, 20)
    other.callbacks().remove(name)


# --- what else --------------------------------------------------------------------------------------

class _Manager:
    def __init__(self, suppress=False):
        self.seen, self.suppress = [], suppress

    def __enter__(self):
        self.seen.append("enter")
        return 20

    def __exit__(self, kind, value, traceback):
        self.seen.append("exit" if kind is None else "error")
        return self.suppress


def a_with_of_the_clients(t):
    cb = t.root().callbacks()
    manager = _Manager()
    t.same(20, cb.enter(manager))
    t.assertEqual(manager.seen, ["enter", "exit"])
    t.raises(ValueError, cb.enter, manager, True)
    t.assertEqual(manager.seen[2:], ["enter", "error"])
    manager = _Manager(suppress=True)
    t.assertIn(cb.enter(manager, True), (None, 20))
    t.assertEqual(manager.seen, ["enter", "error"])


def iterates_over_the_clients(t):
    cb = t.root().callbacks()
    t.same(10, cb.total(x for x in range(5)))
    t.same(3, cb.total([1, 2]))
    t.same(3, cb.total({1, 2}))
    t.same(3, cb.total({1: "a", 2: "b"}))
    t.same(499500, cb.total(range(1000)))
    t.same((0, 1, 2), cb.first(iter(range(100)), 3))

    def breaks():
        yield 1
        raise ValueError("broken")

    t.assertIn("broken", t.raises(ValueError, cb.total, breaks()))
    t.raises(TypeError, cb.total, 5)
    t.same((("a", 1), ("b", 2)), cb.pairs({"b": 2, "a": 1}))


class _Point:
    def __init__(self, x):
        self.exposed_x, self.secret = x, 1

    def __eq__(self, other):
        return isinstance(other, _Point) and self.exposed_x == other.exposed_x

    def __lt__(self, other):
        return self.exposed_x < other.exposed_x

    def __hash__(self):
        return self.exposed_x

    def __str__(self):
        return f"at {self.exposed_x}"

    def __repr__(self):
        return f"_Point({self.exposed_x})"


def compares_and_hashes_the_clients(t):
    cb = t.root().callbacks()
    one, other, far = _Point(1), _Point(1), _Point(5)
    t.same(True, cb.equal(one, other))
    t.same(False, cb.equal(one, far))
    t.same(True, cb.less(one, far))
    t.same(False, cb.less(far, one))
    t.same(True, cb.same(one, one))
    t.same(False, cb.same(one, other))
    t.same(5, cb.hashed(far))
    t.same(("at 5", "_Point(5)"), cb.text(far))
    t.raises(TypeError, cb.hashed, [])
    t.same(True, cb.equal([1, 2], [1, 2]))
    t.same(False, cb.equal([1, 2], [1, 3]))


def attributes_of_the_clients(t):
    cb = t.root().callbacks()
    point = _Point(3)
    t.same(3, cb.get(point, "x"))
    t.same(3, cb.get(point, "exposed_x"))
    t.raises(AttributeError, cb.get, point, "secret")
    t.raises(AttributeError, cb.get, point, "nowhere")
    t.raises(AttributeError, cb.set, point, "x", 4)
    t.raises(AttributeError, cb.delete, point, "x")
    t.assertTrue({"exposed_x", "secret", "__eq__"} <= set(cb.names(point)))
    conn = t.connect("fixture", allow_setattr=True, allow_delattr=True)
    cb = conn.root.callbacks()
    cb.set(point, "x", 4)
    t.same(4, point.exposed_x)
    cb.delete(point, "x")
    t.assertFalse(hasattr(point, "exposed_x"))


def items_of_the_clients(t):
    cb = t.root().callbacks()
    mine = {"a": 1, "b": [2]}
    t.same(1, cb.item(mine, "a"))
    t.assertIs(cb.item(mine, "b"), mine["b"])
    t.raises(KeyError, cb.item, mine, "c")
    cb.set_item(mine, "c", 3)
    cb.del_item(mine, "a")
    t.assertEqual(mine, {"b": [2], "c": 3})
    t.same(2, cb.length(mine))
    t.same(True, cb.contains(mine, "c"))
    t.same(False, cb.contains(mine, "a"))
    t.same(2, cb.length((1, 2)))
    t.same(1, cb.item((1, 2), 0))
    t.same(True, cb.contains("abc", "b"))


ALL = names(globals())
