"""A client, a host in the middle, and an origin that the host is a client of. Run by name from middle_test.py: the origin's
scenarios in one process, the client's in another, which may be of different versions.
"""

import gc
import threading
import weakref

import chain_scenarios
from scenario import rpyc

origins = []  # of this process


def _origin():
    """The service of the origin: the far end of RPyC's own test of chains, and more."""

    class Origin(rpyc.Service):
        log = []
        kept = None

        exposed_fee = chain_scenarios.Service.exposed_fee
        exposed_fee_str = chain_scenarios.Service.exposed_fee_str
        exposed_foe_update = chain_scenarios.Service.exposed_foe_update

        def exposed_thing(self):
            return chain_scenarios.Thing()

        def exposed_keep(self, x):
            self.kept = x

        def exposed_is_kept(self, x):
            return x is self.kept

        def exposed_forget(self):
            self.kept = None

        def exposed_set(self, x, name, value):
            setattr(x, name, value)

        def exposed_call(self, f, *args):
            return f(*args)

        def exposed_chain(self, f, depth):
            """f calls back, which calls f, and so on."""
            return f(self.exposed_chain, depth)

        def exposed_adder(self, n):
            return lambda x: x + n

        def exposed_fail(self, text):
            raise ValueError(text)

        def exposed_caught(self, f):
            try:
                f()
            except Exception as e:
                return type(e).__name__, e.args, getattr(e, "_remote_tb", "") + str(e)

        def exposed_die(self):
            self.log[0].close()

        def on_connect(self, conn):
            self.log[:] = [conn]

    return Origin


def opens(t):
    from rpyc.utils.server import ThreadedServer
    server = ThreadedServer(_origin(), hostname="127.0.0.1", port=0, logger=None, protocol_config={"allow_setattr": True})
    server.listener.listen(16)
    threading.Thread(target=server.start, daemon=True).start()
    origins.append(server)
    return server.port


def goes(t):
    origins.pop().close()


# --- the client ---


def _middle(t, port, **config):
    root = t.root("middle-setting", **config)
    root.reach("127.0.0.1", port)
    return root


def chains_through_the_middle_as_rpycs_own_test_does(t, port):
    """Source: RPyC tests/test_rpyc_over_rpyc.py, 6.0.2."""
    root = _middle(t, port, allow_setattr=True)
    fee = chain_scenarios.Thing()
    t.assertEqual("Fee", str(root.forward("fee_str", fee)))
    t.assertEqual("Fee", str(fee))
    t.assertIs(fee, root.forward("fee", fee))
    t.assertEqual("Fee", str(fee))
    t.assertIs(fee, root.fie_update(fee))
    t.assertEqual("Fee fie foe foo bar", str(fee))


def is_told_the_dialect(t, port, speaks):
    root = t.root("middle")
    root.reach("127.0.0.1", port, speaks)
    t.assertEqual("text", root.forward("fee", "text"))


def identity_is_preserved_through_both(t, port):
    root = _middle(t, port)
    mine = [1]
    root.forward("keep", mine)
    t.assertTrue(root.forward("is_kept", mine))
    t.assertFalse(root.forward("is_kept", [1]))
    thing = root.forward("thing")
    t.assertIs(thing, root.forward("fee", thing))
    t.assertIs(thing, thing.itself())
    t.assertTrue(thing.same(thing))
    t.assertIs(root.origin(), root.origin())


def uses_an_object_of_the_origin(t, port):
    root = _middle(t, port)
    thing = root.origin().thing()
    t.assertEqual((3, 11), (thing.add(1, 2), thing.add(a=1)))
    t.assertEqual(("Fee", "<Thing>", 77, 3, 10), (str(thing), repr(thing), hash(thing), len(thing), thing[1]))
    t.assertEqual([0, 10, 20], list(thing))
    t.assertEqual((8, 12), (thing(4), thing(4, times=3)))
    with thing as entered:
        t.assertEqual("entered", entered)
    with t.assertRaises(IndexError):
        thing[3]


def attributes_are_set_through_both(t, port):
    root = _middle(t, port, allow_setattr=True)
    mine = chain_scenarios.Thing()
    root.forward("set", mine, "msg", "by the origin")
    t.assertEqual("by the origin", str(mine))
    theirs = root.forward("thing")
    theirs.msg = "by the client"
    t.assertEqual(("by the client", "by the client"), (theirs.msg, str(theirs)))


def functions_are_called_through_both(t, port):
    root = _middle(t, port)
    t.assertEqual(5, root.forward("call", lambda a, b: a + b, 2, 3))
    add = root.forward("adder", 10)
    t.assertEqual((11, 12), (add(1), root.call(add, 2)))
    t.assertEqual(13, root.forward("call", add, 3), "its own comes home to the origin")

    def step(chain, depth):
        return 0 if depth == 5 else 1 + chain(step, depth + 1)

    t.assertEqual(5, root.forward("chain", step, 0))
    t.assertEqual(5, root.origin().chain(step, 0))


def exceptions_of_the_origin(t, port):
    root = _middle(t, port)
    for call in (lambda: root.forward("fail", "of the origin"), lambda: root.origin().fail("of the origin")):
        with t.assertRaises(ValueError) as caught:
            call()
        text = str(caught.exception)
        t.assertEqual(("of the origin",), caught.exception.args)
        t.assertIn("in exposed_fail", text)
        t.assertLess(text.index("Remote Traceback (2)"), text.index("Remote Traceback (1)"))


def exceptions_of_the_client(t, port):
    root = _middle(t, port)

    def mine():
        raise KeyError("mine", 3)

    name, args, text = root.forward("caught", mine)
    t.assertEqual(("KeyError", ("mine", 3)), (name, args))
    t.assertIn("in mine", text)
    t.assertIn("Remote Traceback (2)", text)
    with t.assertRaises(KeyError) as caught:  # and all the way back
        root.forward("call", mine)
    t.assertEqual(("mine", 3), caught.exception.args)
    text = str(caught.exception) + str(getattr(caught.exception, "_remote_tb", ""))
    for part in ("in mine", "in exposed_call", "Remote Traceback (4)"):
        t.assertIn(part, text)


def what_the_origin_forgets_dies(t, port):
    root = _middle(t, port)
    mine = chain_scenarios.Thing()
    alive = weakref.ref(mine)
    root.forward("keep", mine)
    del mine
    t.assertIsNotNone(alive(), "the origin holds it")
    root.forward("forget")
    if not t.baseline:  # a Python host keeps it with its last traceback
        t.eventually(lambda: root.forward("fee", 1) and (gc.collect(), alive())[1] is None)


def the_origin_hangs_up(t, port):
    root = _middle(t, port)
    thing = root.forward("thing")
    with t.assertRaises(EOFError) as caught:
        root.forward("die")
    t.assertIn("Remote Traceback", str(caught.exception), "not the end of this connection")
    with t.assertRaises(EOFError):
        thing.add(1)
    root.reach("127.0.0.1", port)
    t.assertEqual(1, root.forward("fee", 1))


def there_is_no_origin(t, port):
    with t.assertRaises(Exception) as caught:
        t.root("middle").reach("127.0.0.1", port)
    t.assertIn("refused", str(caught.exception))
    t.assertIn("Remote Traceback", str(caught.exception), "not the end of this connection")
