"""Containers and iterators that the host owns (scenario.py).

The service is FIXTURE: fixture.cc, and for the baseline fixture.py.
"""

import operator

from scenario import names, ours, request

try:
    from rpyc.utils.helpers import buffiter
except ImportError:  # see scenario.py
    pass

OLDSLICING = 18


def sequences(t):
    o = t.root().sequence(10, "twenty", (30, ), None)
    t.same(4, len(o))
    t.same(10, o[0])
    t.same(None, o[-1])
    t.same("twenty", o[1])
    t.same((10, "twenty"), o[0:2])
    t.same((None, (30, ), "twenty", 10), o[::-1])
    t.same(("twenty", None), o[1::2])
    t.same((), o[2:2])
    t.same((10, "twenty", (30, ), None), o[:])
    t.raises(IndexError, operator.getitem, o, 4)
    t.raises(IndexError, operator.getitem, o, -5)
    t.raises(TypeError, operator.getitem, o, "x")
    t.assertIn("twenty", o)
    t.assertIn((30, ), o)
    t.assertNotIn(20, o)
    t.assertTrue(bool(o))
    t.assertFalse(bool(t.root().sequence()))


def sequences_change(t):
    o = t.root().sequence(1, 2, 3)
    o[0] = "one"
    o[-1] = None
    t.same(("one", 2, None), o[:])
    del o[1]
    t.same(("one", None), o[:])
    t.raises(IndexError, operator.setitem, o, 2, 1)
    t.raises(IndexError, operator.delitem, o, 2)
    mine = [1]
    o[0] = mine
    t.assertIs(o[0], mine)
    t.assertIn(None, o)


def sequences_are_iterated(t):
    o = t.root().sequence(3, 1, 2)
    t.same((3, 1, 2), tuple(o))
    t.assertEqual(list(o), [3, 1, 2])
    t.assertEqual(sorted(o), [1, 2, 3])
    t.same((6, 3, 1), (sum(o), max(o), min(o)))
    t.assertEqual([x * 2 for x in o], [6, 2, 4])
    t.assertEqual(list(reversed(o)), [2, 1, 3])
    t.assertEqual(list(zip(o, o)), [(3, 3), (1, 1), (2, 2)])
    a, *rest = o
    t.assertEqual((a, rest), (3, [1, 2]))
    t.same((3, 1, 2), t.root().arguments(*o))
    t.assertEqual(list(t.root().sequence()), [])
    it = iter(o)
    t.assertIs(iter(it), it)
    t.same(3, next(it))
    t.assertEqual(list(it), [1, 2])
    t.assertEqual(list(it), [])
    t.same("over", next(it, "over"))
    with t.assertRaises(StopIteration):
        next(it)


def indexing_alone_can_be_iterated(t):
    o = t.root().indexed()
    t.assertEqual(list(o), [10, 20, 30])
    t.assertIn(20, o)
    t.assertNotIn(40, o)
    t.raises(IndexError, operator.getitem, o, 3)
    with t.assertRaises(TypeError):
        len(o)


def mappings(t):
    root = t.root()
    o = root.mapping()
    t.same(2, len(o))
    t.same(1, o["one"])
    t.assertEqual(t.raises(KeyError, operator.getitem, o, "three"), "'three'")
    t.assertIn("one", o)
    t.assertNotIn("three", o)
    o["three"] = 3
    del o["one"]
    t.assertEqual(sorted(o), ["three", "two"])
    t.assertEqual(dict(o), {"two": 2, "three": 3})
    t.same((("three", 3), ("two", 2)), root.keywords(**o))
    t.raises(KeyError, operator.delitem, o, "one")


def iterators(t):
    root = t.root()
    t.assertEqual(list(root.countdown(3)), [3, 2, 1])
    t.assertEqual(list(root.countdown(0)), [])
    o = root.countdown(2)
    t.same(2, next(o))
    t.same(1, next(o))
    for _ in range(2):
        with t.assertRaises(StopIteration):
            next(o)
    t.same("over", next(o, "over"))
    t.assertEqual(sum(root.countdown(1000)), 500500)


def generators(t):
    root = t.root()
    g = root.squares(4)
    t.assertIs(iter(g), g)
    t.same(0, next(g))
    t.assertEqual(list(g), [1, 4, 9])
    t.assertEqual(list(g), [])
    t.assertEqual([x for x in root.squares(200)], [i * i for i in range(200)])
    t.assertIn(9, root.squares(4))
    t.assertTrue(callable(g.__next__))
    for name in ("close", "send", "throw", "gi_frame", "gi_code"):
        t.raises(AttributeError, getattr, g, name)
    first, second = root.squares(3), root.squares(3)
    t.assertEqual(list(zip(first, second)), [(0, 0), (1, 1), (4, 4)])


def generators_that_fail(t):
    root = t.root()
    heard = []
    with t.assertRaises(ValueError):
        for x in root.breaking(3):
            heard.append(x)
    t.assertEqual(heard, [0, 1, 2])
    t.assertEqual(t.raises(ValueError, list, root.breaking(0)), "broken")
    t.same(1, root.echo(1))


def generators_of_objects(t):
    conn = t.connect("fixture")
    keys = tuple(t.unique("item") for _ in range(3))
    for i, item in enumerate(conn.root.logged_items(keys)):
        t.same(keys[i], item.name)
    del item
    t.settle(conn)
    t.assertEqual([conn.root.journal(key) for key in keys], [("destroyed", )] * 3)
    unused = t.unique("item")
    g = conn.root.logged_items((unused, unused))
    next(g)
    del g
    t.settle(conn)
    t.same(("destroyed", ), conn.root.journal(unused))


def buffered_iteration(t):
    root = t.root()
    expected = [i * i for i in range(10_000)]
    t.assertEqual(list(buffiter(root.squares(10_000))), expected)
    t.assertEqual(list(buffiter(root.squares(10_000), chunk=1, max_chunk=7)), expected)
    t.assertEqual(list(buffiter(root.squares(10_000), 5000, 5000, 1)), expected)
    t.assertEqual(list(buffiter(root.squares(0))), [])
    t.assertEqual(list(buffiter(root.countdown(25))), list(range(25, 0, -1)))
    t.assertEqual(list(buffiter(root.sequence(*range(100)))), list(range(100)))
    t.assertEqual(list(buffiter(root.get_list(), chunk=2)), [1, 2, 3])
    t.assertEqual(sorted(buffiter(root.get_dict())), ["a", "b"])
    g = root.squares(5)
    t.same(0, next(g))
    t.assertEqual(list(buffiter(g, chunk=2)), [1, 4, 9, 16])
    t.raises(ValueError, list, buffiter(root.breaking(3), chunk=2))
    t.same(1, root.echo(1))


def buffered_iteration_of_objects(t):
    conn = t.connect("fixture")
    keys = tuple(t.unique("item") for _ in range(30))
    t.same(keys, tuple(item.name for item in buffiter(conn.root.logged_items(keys))))
    t.settle(conn)
    t.assertEqual({conn.root.journal(key) for key in keys}, {("destroyed", )})


def lists(t):
    root = t.root()
    o = root.get_list()
    t.assertIsInstance(o, list)
    t.assertIs(root.get_list(), o)
    t.same((3, 1, 3), (len(o), o[0], o[-1]))
    t.assertEqual(list(o[0:2]), [1, 2])
    t.assertEqual(list(o[::-1]), [3, 2, 1])
    t.assertEqual(list(reversed(list(o))), [3, 2, 1])
    t.assertEqual((sorted(o), sum(o)), ([1, 2, 3], 6))
    t.assertIn(2, o)
    t.assertNotIn("2", o)
    o[0] = "one"
    del o[1]
    t.assertEqual(list(o), ["one", 3])
    t.raises(IndexError, operator.getitem, o, 2)
    mine = {"mine": 1}
    o[1] = mine
    t.assertIs(o[1], mine)
    t.assertIs(root.get_list()[1], mine)
    t.assertEqual(str(o), "['one', {'mine': 1}]") if t.baseline else t.assertIn("'one'", str(o))
    t.assertEqual(list(t.root().get_list()), [1, 2, 3])  # each root has its own
    one, other, inside = root.mixed()
    t.same(1, one)
    t.assertIs(other, o)
    t.same("x", inside[0])
    t.assertIs(inside[1], o)
    with t.assertRaises(TypeError):
        hash(o)


def lists_have_their_methods(t):
    t.raises(AttributeError, getattr, t.root().get_list(), "append")  # a public attribute
    o = t.root("public").get_list()
    o.append(4)
    o.extend((5, 6))
    o.insert(0, 0)
    t.assertEqual(list(o), [0, 1, 2, 3, 4, 5, 6])
    t.same(6, o.pop())
    t.same(0, o.pop(0))
    o.remove(3)
    t.same((1, 1), (o.index(2), o.count(5)))
    o.reverse()
    t.assertEqual(list(o), [5, 4, 2, 1])
    t.raises(ValueError, o.remove, 77)
    o.clear()
    t.same(0, len(o))
    t.raises(IndexError, o.pop)


def dicts(t):
    root = t.root()
    o = root.get_dict()
    t.assertIsInstance(o, dict)
    t.assertIs(root.get_dict(), o)
    t.same((2, 1), (len(o), o["a"]))
    t.assertEqual(t.raises(KeyError, operator.getitem, o, "z"), "'z'")
    t.assertIn("a", o)
    t.assertNotIn(1, o)
    t.assertEqual(sorted(o), ["a", "b"])
    o["c"] = 3
    o[(1, 2)] = "tuple"
    del o["a"]
    t.same(3, len(o))
    t.same("tuple", o[(1, 2)])
    t.assertEqual([key for key in o], ["b", "c", (1, 2)])  # in the order of insertion
    t.raises(KeyError, operator.delitem, o, "a")
    t.assertEqual(list(t.root().get_dict()), ["a", "b"])
    with t.assertRaises(TypeError):
        hash(o)


def dicts_have_their_methods(t):
    t.raises(AttributeError, getattr, t.root().get_dict(), "keys")
    root = t.root("public")
    o = root.get_dict()
    t.assertEqual(list(o.keys()), ["a", "b"])
    t.assertEqual(list(o.values()), [1, 2])
    t.assertEqual(list(o.items()), [("a", 1), ("b", 2)])
    t.assertEqual(dict(o), {"a": 1, "b": 2})
    t.same((("a", 1), ("b", 2)), root.keywords(**o))
    t.same((1, None, 7), (o.get("a"), o.get("z"), o.get("z", 7)))
    t.same(2, o.pop("b"))
    t.same(9, o.pop("b", 9))
    t.raises(KeyError, o.pop, "b")
    t.same(5, o.setdefault("e", 5))
    t.same(5, o.setdefault("e", 6))
    o.clear()
    t.same(0, len(o))


@ours  # materialize is an extension of this host
def whole_structures_in_one_request(t):
    root = t.root()
    t.same((1, 2, 3), root.materialize(root.get_list()))
    t.assertEqual(dict(root.materialize(root.get_dict())), {"a": 1, "b": 2})
    t.same((0, 1, 4), root.materialize(root.squares(3)))
    t.assertEqual(dict(root.materialize(root.record())), {
        "number": 7,
        "text": "seven",
        "ratio": 7.5,
        "raw": b"\x07\x00"
    })
    root.get_list()[0] = root.get_dict()
    t.same(((("a", 1), ("b", 2)), 2, 3), root.materialize(root.get_list()))
    t.same((1, "x", (2.5, None)), root.materialize((1, "x", (2.5, None))))
    t.raises(TypeError, root.materialize, root.silent())
    t.same(1, root.echo(1))


def old_slicing(t):
    root = t.root()
    ask = request(root)
    o = root.sequence(1, 2, 3)
    t.same((1, 2), ask(OLDSLICING, o, "__getitem__", "nosuch", 0, 2, ()))
    t.same((2, 3), ask(OLDSLICING, o, "__getitem__", "nosuch", 1, None, ()))
    t.same((0, (2, 3), ()), ask(OLDSLICING, root, "nosuch", "both", 0, 2, (3, )))
    t.refused(ask, OLDSLICING, o, "nosuch", "nothing", 0, 1, ())
    t.refused(ask, OLDSLICING, o, "__init__", "__class__", 0, 1, ())


ALL = names(globals())
