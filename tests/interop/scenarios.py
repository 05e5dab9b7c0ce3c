"""What a user of one real rpyc version does with the example services: calls and values, objects of the client, exceptions and
access. Each function is a scenario (scenario.py).
"""

import gc
import math
import random
import sys
import weakref

from scenario import names, ours, random_bytes, request

try:
    import rpyc
except ImportError:  # see scenario.py
    pass

# --- calls and values ----------------------------------------------------------------------------

def add_positional(t):
    t.same(3, t.calc().add(1, 2))


def add_keywords(t):
    root = t.calc()
    t.same(3, root.add(a=1, b=2))
    t.same(-1, root.add(b=-3, a=2))
    t.same(3, root.add(1, b=2))
    t.same(20, root.multiply(4, b=5))


def add_by_exposed_name(t):
    t.same(3, t.calc().exposed_add(1, 2))


def calculator_beyond_64_bits(t):
    root = t.calc()
    t.same(2**63, root.add(2**63 - 1, 1))
    t.same(-2**63 - 1, root.add(-2**63, -1))
    t.same(2**70 + 1, root.add(2**70, 1))
    t.same(0, root.add(2**70, -2**70))
    t.same(2**80, root.multiply(2**40, 2**40))
    t.same(-10**100, root.multiply(10**50, -10**50))
    t.same(2**64, root.multiply(2**32, 2**32))
    t.same(0, root.multiply(10**50, 0))


def calculator_takes_bools(t):
    t.same(2, t.calc().add(True, True))


def calculator_takes_every_number(t):
    root = t.calc()
    t.same(3.5, root.add(1.5, 2))
    t.same(-0.0, root.multiply(0.0, -1))
    t.same(math.inf, root.add(1e308, 1e308))
    t.same(3 + 2j, root.add(1 + 2j, 2))
    t.same(5 + 0j, root.multiply(1 + 2j, 1 - 2j))
    t.same(1e50 + 1.5, root.add(10**50, 1.5))
    t.raises(OverflowError, root.multiply, 10**400, 1.5)


def my_service(t):
    root = t.connect("my").root
    t.same("Data for key", root.get_data("key"))
    t.same("Data for \U0001f600\0é", root.get_data(key="\U0001f600\0é"))
    t.same("Running", root.get_status())
    t.same("Hello from logged server", root.hello())
    t.same("Service running with custom config", root.get_config())


def example_services(t):
    t.same("Secret data", t.connect("secure").root.sensitive_operation())
    t.same("Test successful", t.connect("test").root.test_function())
    t.same("Service running with custom config", t.connect("configured").root.get_config())
    root = t.connect("highconcurrency").root
    t.same("Processed: x", root.io_operation("x"))
    t.same("Processed: 😀", root.io_operation(data="😀"))


def many_connections_that_wait(t):
    conns = [t.connect("highconcurrency") for _ in range(60)]
    results = [rpyc.async_(conn.root.io_operation)(str(i)) for i, conn in enumerate(conns)]
    t.assertEqual([result.value for result in results], [f"Processed: {i}" for i in range(60)])


def sums_of_what_the_client_passes(t):
    root = t.connect("compute").root
    compute = root.heavy_computation
    t.same(6, compute([1, 2, 3]))
    t.same(6, compute(data=(1, 2, 3)))
    t.same(0, compute([]))
    t.same(0, compute(()))
    t.same(4950, compute(range(100)))
    t.same(6, compute({1, 2, 3}))
    t.same(2**70 + 1, compute([2**70, True]))
    t.same(1.75, compute([1, 0.25, 0.5]))
    t.same(1 + 2j, compute(iter([1, 2j])))
    t.same(285, compute(i * i for i in range(10)))
    t.same(3, compute({1: "one", 2: "two"}))
    t.same(12_497_500, compute(list(range(5000))))
    for wrong in (["x"], [1, None], 5, None, [[1]]):
        t.raises(TypeError, compute, wrong)
    conn = t.connect("compute")
    conn.root.heavy_computation([1])
    for _ in range(100):
        if not conn._local_objects._dict:
            break
        conn.ping()
    t.assertEqual(len(conn._local_objects._dict), 0, "lists that the server still holds")


def an_iterator_of_the_client_that_raises(t):
    def numbers():
        yield 1
        raise KeyError("own")

    root = t.connect("compute").root
    with t.assertRaises(KeyError) as caught:
        root.heavy_computation(numbers())
    t.assertEqual(caught.exception.args, ("own", ))
    t.same(3, root.heavy_computation([1, 2]))


def bank(t):
    owner = t.unique("ada")
    bank = t.connect("bank").root
    account = bank.open_account(owner)
    t.same(0, account.balance)
    t.same(owner, account.owner)
    t.same(500, account.deposit(500))
    t.same(380, account.withdraw(cents=120))
    t.same(380, account.balance)
    t.assertEqual(t.raises(ValueError, account.withdraw, 381), "insufficient funds: 380 in the account, asked for 381")
    t.raises(ValueError, account.deposit, 0)
    t.raises(ValueError, account.withdraw, -1)
    t.raises(ValueError, bank.open_account, owner)
    t.raises(KeyError, bank.account, "nobody " + owner)
    t.same(380, account.balance)
    t.assertEqual(str(account), f"account of {owner}: 380 cents")
    t.assertIs(bank.account(owner), account)


def bank_accounts_are_arguments_too(t):
    mark = t.unique("bank")
    bank = t.connect("bank").root
    one, other = bank.open_account("one " + mark, 100), bank.open_account("other " + mark, cents=5)
    t.assertIsNone(bank.transfer(one, other, 30))
    t.same((70, 35), (one.balance, other.balance))
    t.raises(ValueError, bank.transfer, one, target=other, cents=71)
    t.same((70, 35), (one.balance, other.balance))
    again = t.connect("bank").root  # the same bank, by another connection
    t.same(35, again.account("other " + mark).balance)
    again.account("other " + mark).deposit(1)
    t.same(36, other.balance)
    t.refused(bank.transfer, one, "other", 1)
    t.refused(bank.transfer, one, bank, 1)


def service_names(t):
    for service in ("calculator", "echo", "my", "secure", "test", "configured", "highconcurrency", "bank",
                    "compute"):
        root = t.connect(service).root
        t.same(service.upper(), root.get_service_name())
        t.same((service.upper(),), root.get_service_aliases())


def constants(t):
    t.echoes(None, True, False, Ellipsis, NotImplemented, (), (None, True, False, 1, 0, Ellipsis, NotImplemented))


def ints(t):
    edges = [0, 47, 48, 49, 159, 160, 255, 256, 10**18, 2**31, 2**32, 2**63, 2**64, 2**70, 10**50, 10**254, 10**255,
             10**4299]  # 4300 digits, the most that CPython itself converts
    t.echoes(*[sign * (n + d) for n in edges for d in (-1, 0, 1) for sign in (1, -1) if n + d < 10**4300])


def floats(t):
    t.echoes(0.0, -0.0, 1.5, -1.5, 3.14159, 5e-324, sys.float_info.max, sys.float_info.min, math.inf, -math.inf,
             math.nan)


def complexes(t):
    t.echoes(1 + 2j, complex(-0.0, math.inf), 0j)


def texts(t):
    t.echoes("", "a", "abcd", "é", "日本語", "\U0001f600", "\U0010ffff", "\0", "a\0b", "\uffff\u202e", "e\u0301", "\r\n",
             "x" * 255, "x" * 256, "é" * 128, "日本" * 50_000)


def byte_strings(t):
    for n in (0, 1, 2, 3, 4, 5, 255, 256, 2990, 3000, 3001, 4000, 63_980, 63_995, 64_000, 64_001, 65_536, 200_000,
              1 << 20):
        t.echoes(bytes(n), random_bytes(random.Random(n), n))


def tuples(t):
    deep = ()
    for _ in range(150):
        deep = (deep,)
    t.echoes((1, (2, (3, ("x", (None, b"y"))))), ((),), ((), ((), ())), tuple(range(5)), tuple(range(255)),
             tuple(range(256)), tuple(range(50_000)), deep)


def slices(t):
    t.echoes(slice(None), slice(1, 2, 3), slice(-1, None, -1), slice("a", "b"), slice(2**70), slice((1, 2), None, 1.5))


def frozensets(t):
    t.echoes(frozenset(), frozenset([1, 2, 3]), frozenset("abc"), frozenset([frozenset([1]), (1, 2), None]),
             frozenset(range(1000)))


def the_composite_of_the_specification(t):
    t.echoes(("he", 7, "llo", 8, (), 900, None, True, Ellipsis, 18.2, 13 + 18.2j, slice(1, 2, 3), frozenset({5, 6, 7}),
              NotImplemented))


def random_values(t):
    rng = random.Random(4)

    def some(depth):
        kind = rng.randrange(9 if depth else 7)
        if kind == 0:
            return rng.choice((None, True, False, Ellipsis, NotImplemented))
        if kind == 1:
            return rng.randrange(-10**rng.randrange(1, 40), 10**rng.randrange(1, 40))
        if kind == 2:
            return rng.uniform(-1e9, 1e9)
        if kind == 3:
            return "".join(
                chr(rng.choice((rng.randrange(0x80), rng.randrange(0x20000, 0x2ffff))))
                for _ in range(rng.randrange(40)))
        if kind == 4:
            return bytes(rng.randrange(256) for _ in range(rng.randrange(40)))
        if kind == 5:
            return complex(rng.random(), rng.random())
        if kind == 6:
            return frozenset(rng.sample(range(500), rng.randrange(9)))
        if kind == 7:
            return slice(some(depth - 1), some(depth - 1), some(depth - 1))
        return tuple(some(depth - 1) for _ in range(rng.randrange(9)))

    t.echoes(*[some(5) for _ in range(150)])


# --- objects of the client -----------------------------------------------------------------------

class Thing:
    pass


def own_objects_come_back_as_themselves(t):
    root = t.echo()
    for mine in ([1, 2], {"a": 1}, {1, 2}, bytearray(b"x"), Thing(), Thing, lambda: 1, len, [].append, object(), math,
                 ValueError("x"), iter([1]), range(3), type("Local", (int,), {})(5)):
        t.assertIs(root.echo(mine), mine)


def own_objects_inside_tuples(t):
    root, mine = t.echo(), [1]
    got = root.echo((1, mine, ("x", mine)))
    t.same(1, got[0])
    t.assertIs(got[1], mine)
    t.assertIs(got[2][1], mine)
    t.same("x", got[2][0])


def own_objects_by_keyword(t):
    root, mine = t.echo(), {"k": []}
    t.assertIs(root.echo(x=mine), mine)


def own_objects_are_released(t):
    conn = t.connect("echo")
    died = []
    for wrap in (lambda x: x, lambda x: (1, x), lambda x: (x, x, (x,))):
        mine = Thing()
        weakref.finalize(mine, died.append, None)
        conn.root.echo(wrap(mine))
        conn.root.echo(mine)
        del mine
    for _ in range(100):  # a client receives a DEL only while it waits for something
        gc.collect()
        if len(died) == 3:
            break
        conn.ping()
    t.assertEqual(len(died), 3, "objects that died")
    t.assertEqual(len(conn._local_objects._dict), 0, "objects that the server still holds")


@ours  # a Python server keeps the traceback of its last exception, and with it the arguments
def own_objects_are_released_after_an_exception(t):
    conn = t.connect("calculator")
    t.refused(conn.root.add, Thing(), 1)
    for _ in range(100):
        if not conn._local_objects._dict:
            break
        conn.ping()
    t.assertEqual(len(conn._local_objects._dict), 0)


def remote_objects_come_back_as_themselves(t):
    root = t.echo()
    t.assertIs(root.echo(root), root)
    method = root.echo
    t.assertIs(root.echo(method), method)
    t.assertIs(root.echo((method, 1))[0], method)
    t.same(5, root.echo(method)(5))


def remote_objects_of_another_connection_keep_working(t):
    # Each connection has its own objects: here, a proxy of the other connection is an object of the client.
    t.since_4_1_3("it cannot pass on an object of another connection")
    one, other = t.echo(), t.calc()
    t.assertIs(one.echo(other), other)
    t.same(3, one.echo(other.add)(1, 2))


# --- exceptions and access -----------------------------------------------------------------------

def wrong_types_are_type_errors(t):
    root = t.calc()
    for args in (("x", 1), (None, 1), ([1], 2), ({}, 2), (1, ()), (Thing(), 1)):
        t.raises(TypeError, root.add, *args)
    t.same(3, root.add(1, 2))


def wrong_counts_are_type_errors(t):
    root = t.calc()
    t.assertIn("'b'", t.raises(TypeError, root.add, 1))
    t.assertIn("'a'", t.raises(TypeError, root.add, b=1))
    t.assertIn("add", t.raises(TypeError, root.add))
    t.assertIn("add", t.raises(TypeError, root.add, 1, 2, 3))
    t.assertIn("'c'", t.raises(TypeError, root.add, 1, 2, c=3))
    t.assertIn("'a'", t.raises(TypeError, root.add, 1, a=2))
    t.assertIn("'x'", t.raises(TypeError, t.echo().echo))
    t.raises(TypeError, t.connect("my").root.hello, 1)
    t.same(3, root.add(1, 2))


def exceptions_are_caught_as_builtins(t):
    try:
        t.calc().add("x", 1)
    except TypeError as e:
        t.assertIsInstance(e, Exception)
        t.assertEqual(type(e).__name__, "TypeError")
        t.assertIsInstance(e.args[0], str)
    else:
        t.fail("no exception")


def missing_attributes(t):
    root = t.calc()
    for name in ("nosuch", "_private", "__private", "exposed", "Add", "add ", "", "ä", "_rpyc_getattr", "ALIASES",
                 "on_connect", "__dict__", "__globals__", "__code__", "__func__", "__self__", "__mro__", "__bases__",
                 "__subclasses__", "__getstate__", "__init_subclass__"):
        expected = f"cannot access {name!r}"
        t.assertEqual(t.raises(AttributeError, getattr, root, name), expected)
        t.assertEqual(t.raises(AttributeError, request(root), 4, root, name),
                      expected)
    with t.assertRaises(AttributeError) as caught:
        root.nosuch
    t.assertTrue(str(caught.exception).startswith("cannot access 'nosuch'"))
    t.assertEqual(caught.exception.args, ("cannot access 'nosuch'",))


def methods_hide_their_insides(t):
    method = t.calc().add
    for name in ("__globals__", "__func__", "__self__", "__closure__", "nosuch", "_x"):
        t.assertEqual(t.raises(AttributeError, request(method), 4, method, name), f"cannot access {name!r}")
    if t.baseline:
        t.assertEqual(t.raises(AttributeError, request(method), 4, method, "__code__"), "cannot access '__code__'")
    else:  # inspect reads it to learn how the method is called
        code = method.__code__
        t.assertEqual(code.co_varnames, ("a", "b"))
        for name in ("co_code", "co_consts", "co_filename", "co_names", "replace"):
            t.assertEqual(t.raises(AttributeError, request(code), 4, code, name), f"cannot access {name!r}")


def hasattr_tells_the_truth(t):
    root = t.calc()
    t.assertTrue(hasattr(root, "add"))
    t.assertTrue(hasattr(root, "get_service_name"))
    t.assertFalse(hasattr(root, "nosuch"))
    t.assertFalse(hasattr(root, "_add"))
    t.assertIsNone(getattr(root, "nosuch", None))


def attributes_cannot_be_written(t):
    root = t.calc()
    for name in ("x", "add", "exposed_add", "_x", "__class__", "__dict__"):
        t.raises(AttributeError, request(root), 6, root, name, 1)
        t.raises(AttributeError, request(root), 5, root, name)
    with t.assertRaises(AttributeError):
        root.x = 1
    with t.assertRaises(AttributeError):
        del root.add
    t.same(3, root.add(1, 2))


def access_is_checked_on_every_road(t):
    root = t.calc()
    t.assertEqual(t.raises(AttributeError, request(root), 8, root, "nosuch", (), ()), "cannot access 'nosuch'")
    t.assertEqual(t.raises(AttributeError, request(root), 8, root, "__init__", (), ()), "cannot access '__init__'")
    t.refused(request(root), 11, root, 1, "__init__")
    t.refused(request(root), 11, root, 1, "nosuch")
    t.refused(request(root), 19, root, None)
    t.same(3, request(root)(8, root, "add", (1, 2), ()))


ALL = names(globals())
