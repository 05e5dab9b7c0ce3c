"""Proxies used as Python objects, and what a host does not offer; each function is a scenario (scenario.py)."""

import gc
import inspect
import io
import pickle
import pydoc
import sys

from scenario import MAJOR, names, ours, request, rpyc


class Thing:
    pass


# --- the proxy as a Python object ----------------------------------------------------------------

def root_is_one_object(t):
    conn = t.connect("calculator")
    t.assertIs(conn.root, conn.root)
    t.assertIs(conn.root, request(conn.root)(3))


def text_and_hash(t):
    root = t.calc()
    method = root.add
    for proxy in (root, method):
        for form in (str, repr):
            t.assertIs(type(form(proxy)), str)
            t.assertTrue(form(proxy))
        t.assertEqual(hash(proxy), hash(proxy))
        t.assertIn(proxy, {proxy: 1})


def formatting(t):
    root = t.calc()
    for proxy in (root, root.add):
        t.assertEqual(f"{proxy}", str(proxy))
        t.assertEqual(format(proxy), str(proxy))


def methods_compare_as_bound_methods_do(t):
    root = t.calc()
    t.assertTrue(root.add == root.add)
    t.assertFalse(root.add != root.add)
    t.assertFalse(root.add == root.multiply)
    t.assertTrue(root.add != root.multiply)
    t.assertEqual(hash(root.add), hash(root.add))


def directories(t):
    root = t.calc()
    names = dir(root)
    t.assertTrue(all(type(name) is str for name in names))
    for name in ("add", "multiply", "get_service_name", "get_service_aliases"):
        t.assertTrue(name in names or t.baseline and "exposed_" + name in names, f"{name} in {names}")
    t.assertNotIn("nosuch", names)
    t.assertTrue(all(type(name) is str for name in dir(root.add)))


def comparisons(t):
    root = t.calc()
    t.assertTrue(root == root)
    t.assertFalse(root != root)
    t.assertFalse(root == 5)
    t.assertTrue(root != 5)
    t.assertFalse(5 == root)
    t.assertFalse(root == root.add)
    for wrong in (lambda: root < root, lambda: root < 5, lambda: root >= 5, lambda: 5 < root,
                  lambda: root.add < root.add):
        with t.assertRaises(TypeError):
            wrong()
    t.assertIn(root, [1, root])


def methods_are_callable_and_stay(t):
    root = t.calc()
    add, multiply = root.add, root.multiply
    t.assertTrue(callable(add))
    t.assertFalse(callable(root))
    t.assertEqual([add(i, multiply(i, 2)) for i in range(50)], [3 * i for i in range(50)])
    del root
    gc.collect()
    t.same(3, add(1, 2))


def documentation(t):
    method = t.calc().add
    t.assertIsInstance(method.__doc__, str)
    t.assertTrue(method.__doc__)
    if t.baseline:
        return  # a Python server denies __name__, so that help() fails
    text = pydoc.plain(pydoc.render_doc(method))
    if MAJOR >= 5:  # a proxy of 4.1 shows its own class to help()
        t.assertRegex(text, r"\badd\(a(: \w+)?, b(: \w+)?\)")
        t.assertIn(f"\n    {method.__doc__}\n", text)
    t.assertEqual(method.__name__, "add")
    t.assertEqual(method.__qualname__.rpartition(".")[2], "add")
    out, sys.stdout = sys.stdout, io.StringIO()
    try:
        help(method)
    finally:
        sys.stdout = out


@ours  # a Python server denies __signature__
def help_asks_as_each_python_does(t):
    """What pydoc does with the signature of a function. Source: CPython Lib/pydoc.py, 3.9 to 3.12, 3.13 and 3.14."""
    add = t.calc().add
    t.assertFalse(hasattr(add, "__signature__"), "inspect makes one of its own")

    def for_help():
        t.assertEqual([add.__name__] * 3, [add.__name__, add.__name__, "add"])
        t.assertFalse(hasattr(add, "__self__"))
        return add.__signature__

    plain = str(for_help())
    t.assertRegex(plain, r"^\(a(: \w+)?, b(: \w+)?\)")
    for ask in (str, lambda signature: signature.format(max_width=77),
                lambda signature: signature.format(max_width=77, quote_annotation_strings=False)):
        signature = for_help()
        t.assertTrue(signature)
        t.assertEqual(ask(signature), f"{plain}\n    {add.__doc__}")
    signature = for_help()
    t.assertEqual((signature.format(), str(signature), repr(signature)), (plain, ) * 3)
    t.assertRegex(signature.format(max_width=3), r"^\(\n    a(: \w+)?,\n    b(: \w+)?\n\)")


@ours  # a Python server denies __code__
def inspect_makes_a_signature_of_its_own(t):
    add = t.calc().add
    signature = inspect.signature(add)
    t.assertIs(type(signature), inspect.Signature)
    t.assertEqual(list(signature.parameters), ["a", "b"])
    t.assertEqual(signature, inspect.signature(t.calc().add))
    t.assertEqual(signature.bind(1, b=2).args, (1, 2))
    t.assertEqual(inspect.getfullargspec(add).args, ["a", "b"])


def isinstance_does_not_break(t):
    root = t.calc()
    t.assertTrue(callable(root.add))
    t.assertNotIsInstance(root.add, (int, str, list))
    t.assertIsInstance(root, rpyc.BaseNetref)
    t.assertFalse(isinstance(root, int))


def temporary_objects_are_given_back(t):
    conn = t.connect("calculator")
    for _ in range(200):
        conn.root.add(1, 2)
    gc.collect()
    conn.ping()
    t.same(3, conn.root.add(1, 2))


def cyclic_garbage_gives_objects_back(t):
    conn = t.connect("calculator")
    for _ in range(50):
        knot = Thing()
        knot.itself, knot.method = knot, conn.root.add
    del knot
    gc.collect()  # the garbage collector sends the DELs, whenever it runs
    conn.ping()
    t.same(3, conn.root.add(1, 2))


# --- what the host does not offer ----------------------------------------------------------------

def unknown_handlers(t):
    conn = t.connect("calculator")
    for number in (99, 0, -1, 21, 2**70):
        with t.assertRaises(KeyError) as caught:
            conn.sync_request(number)
        t.assertEqual(caught.exception.args, (number,))
    t.refused(conn.sync_request, "add")
    t.refused(conn.sync_request, None)
    conn.ping()
    t.same(3, conn.root.add(1, 2))


def pickling_is_refused(t):
    root = t.calc()
    t.assertIn("pickling is disabled", t.raises(ValueError, request(root), 14, root, 4))
    t.refused(pickle.dumps, root)
    t.same(3, root.add(1, 2))


def other_handlers_answer(t):
    conn = t.connect("calculator")
    root = conn.root
    for handler, args in ((17, (root, 10)), (18, (root, "__getitem__", "__getslice__", 0, 1, ())), (19, (root, None)),
                          (20, (5, 6)), (4, (root, )), (4, ()), (4, (root, 5)), (7, ()), (7, (root, )),
                          (7, (root, 5)), (9, ()), (13, (1, 2, 3)), (16, ()), (3, (1, 2)), (1, ())):
        t.refused(conn.sync_request, handler, *args)
    conn.ping()
    t.same(3, root.add(1, 2))


def a_value_is_not_callable(t):
    conn = t.connect("calculator")
    t.raises(TypeError, conn.sync_request, 7, 5, (), ())
    t.refused(conn.root)
    conn.ping()


ALL = names(globals())
