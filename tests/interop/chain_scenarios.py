"""RPyC over RPyC: one client leaves an object at the host, another uses it. The test runs them by name, in two
processes, which may be of different versions.
"""

import gc
import threading
import weakref

from scenario import request, rpyc

kept = {}  # state of the process that owns the object, which must outlive a scenario


class Thing:
    def __init__(self):
        self._msg, self.public, self.log = "Fee", 1, []

    @property
    def exposed_msg(self):
        return self._msg

    @exposed_msg.setter
    def exposed_msg(self, value):
        self._msg = value

    def exposed_add(self, a, b=10):
        return a + b

    def exposed_itself(self):
        return self

    def exposed_same(self, x):
        return x is self

    def exposed_other(self):
        return Other

    def exposed_an_other(self):
        return Other()

    def exposed_fail(self):
        raise ValueError("of the origin")

    def exposed_call(self, f, *args):
        return f(*args)

    def __str__(self):
        return self._msg

    def __repr__(self):
        return "<Thing>"

    def __hash__(self):
        return 77

    def __eq__(self, other):
        return other == 5 or self is other

    def __len__(self):
        return 3

    def __getitem__(self, i):
        if i > 2:
            raise IndexError(i)
        return i * 10

    def __iter__(self):
        return iter((0, 10, 20))

    def __call__(self, x, *, times=2):
        return x * times

    def __add__(self, other):
        return str(self) + str(other)

    def __enter__(self):
        self.log.append("enter")
        return "entered"

    def __exit__(self, kind, value, tb):
        self.log.append("failed" if kind else "exit")
        return False


class Other:
    pass


class Service:
    """The far end of RPyC's own test of chains."""

    def exposed_fee(self, arg):
        return arg

    def exposed_fee_str(self, arg):
        return str(arg)

    def exposed_foe_update(self, arg, msg):
        arg.msg = arg.msg + " foe" + msg
        return arg


def _leave(t, key, thing):
    conn = t.open("relay-setting", allow_setattr=True)
    conn.root.keep(key, thing)
    # A BgServingThread sleeps for a tenth of a second between two reads.
    serves = threading.Thread(target=conn.serve_all, daemon=True)
    serves.start()
    kept[key] = conn, serves, thing


def leaves_a_thing(t, key):
    _leave(t, key, Thing())


def leaves_a_service(t, key):
    _leave(t, key, Service())


def has_its_thing_back(t, key):
    conn, _, thing = kept[key]
    t.assertIs(thing, conn.root.kept(key))
    t.assertTrue(all(x is thing for x in conn.root.both(thing)))


def its_log(t, key):
    return kept[key][2].log


def its_thing_dies_when_nobody_holds_it(t, key):
    conn, serves, thing = kept.pop(key)
    alive = weakref.ref(thing)
    del thing
    conn._last_traceback = None  # in which a Python keeps what it last raised
    t.assertIsNotNone(alive(), "the host holds it, or the other client")
    conn.root.forget(key)
    if not t.baseline:  # a Python host keeps a traceback too
        t.eventually(lambda: conn.ping() or (gc.collect(), alive())[1] is None)
    conn.close()
    serves.join()


def leaves_altogether(t, key):
    conn, serves, _ = kept.pop(key)
    conn.close()
    serves.join()


# --- the other client ---


def uses_it(t, key):
    root = t.root("relay-setting")
    thing = root.kept(key)
    t.assertIs(thing, root.kept(key))
    t.assertTrue(all(x is thing for x in root.both(thing)))
    t.assertEqual(3, thing.add(1, 2))
    t.assertEqual(11, thing.add(a=1))
    t.assertIs(thing, thing.itself())
    t.assertTrue(thing.same(thing))
    t.assertEqual(("Fee", "<Thing>", 77, 3, 10), (str(thing), repr(thing), hash(thing), len(thing), thing[1]))
    t.assertEqual(([0, 10, 20], [0, 10, 20]), (list(thing), list(rpyc.buffiter(iter(thing)))))
    t.assertEqual((8, 12), (thing(4), thing(4, times=3)))
    t.assertEqual("Feesome", thing + "some")
    t.assertTrue(thing == 5 and thing == thing and thing != 6)
    t.assertIn("exposed_add", dir(thing))
    for kind, wrong in ((TypeError, lambda: thing < 5), (IndexError, lambda: thing[3])):
        with t.assertRaises(kind):
            wrong()
    thing.msg = "changed"
    t.assertEqual(("changed", "changed"), (thing.msg, str(thing)))
    thing.msg = "Fee"
    with thing as entered:
        t.assertEqual("entered", entered)
    with t.assertRaises(ZeroDivisionError), thing:
        1 / 0


def may_have_no_more_than_the_host_allows(t, key):
    thing = t.root("relay-setting").kept(key)
    for name in ("public", "_msg", "log", "nowhere", "__class__", "__dict__", "__init__"):
        for attempt in (lambda: request(thing)(4, thing, name), lambda: request(thing)(6, thing, name, 1)):
            with t.assertRaises(AttributeError) as caught:
                attempt()
            if name != "__class__" or not t.baseline:  # a netref answers that itself
                t.assertEqual(f"cannot access '{name}'", str(caught.exception).partition("\n")[0])
    with t.assertRaises(AttributeError):
        t.root("relay-setting").kept(key).exposed_nowhere
    with t.assertRaises(AttributeError):
        request(thing)(5, thing, "msg")
    closed = t.root("relay").kept(key)
    with t.assertRaises(AttributeError):
        closed.msg = "not set"
    t.assertEqual("Fee", closed.msg)


def sees_its_errors(t, key):
    with t.assertRaises(ValueError) as caught:
        t.root("relay-setting").kept(key).fail()
    text = str(caught.exception)
    t.assertEqual(("of the origin",), caught.exception.args)
    t.assertIn("in exposed_fail", text)
    t.assertIn("Remote Traceback (2)", text)


def its_classes(t, key):
    thing = t.root("relay-setting").kept(key)
    other, kind = thing.an_other(), thing.other()
    t.assertTrue(isinstance(other, kind))
    if not t.baseline:  # a Python host says yes to all
        t.assertFalse(isinstance(thing, kind))


def passes_its_own_along(t, key):
    """The other client calls a function of this client through the host, and gets its own object back."""
    thing = t.root("relay-setting", allow_public_attrs=True).kept(key)
    t.assertEqual(6, thing.call(lambda x: x + 1, 5))
    mine = [1, 2]
    t.assertIs(mine, thing.call(lambda x: x, mine))
    t.assertIs(mine, thing.call(lambda: mine))
    with t.assertRaises(KeyError):
        thing.call({}.__getitem__, "missing")


def lets_go(t, key):
    """The client gives back what it held before its connection ends."""
    conn = t.connect("relay-setting")
    thing = conn.root.kept(key)
    t.assertEqual(3, len(thing))
    del thing
    t.settle(conn)


def finds_it_gone(t, key):
    root = t.root("relay-setting")
    with t.assertRaises(EOFError) as caught:  # no client is there to answer its INSPECT
        root.kept(key)
    t.assertIn("Remote Traceback", str(caught.exception), "not the end of this connection")
    root.forget(key)


def chains_as_rpycs_own_test_does(t, key):
    """Source: RPyC tests/test_rpyc_over_rpyc.py, 6.0.2."""
    root = t.root("relay-setting", allow_setattr=True)
    fee = Thing()
    t.assertEqual("Fee", str(root.forward(key, "fee_str", fee)))
    t.assertEqual("Fee", str(fee))
    t.assertIs(fee, root.forward(key, "fee", fee))
    t.assertEqual("Fee", str(fee))
    t.assertIs(fee, root.fie_update(key, fee))
    t.assertEqual("Fee fie foe foo bar", str(fee))
