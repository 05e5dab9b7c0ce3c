"""Peers that mean harm with lists, dicts, slices and iterators of the host. One named test an attack, in both dialects.

What each test demands is in attack.py. The objects are those of tests/fixture.
"""

import contextlib

import attack
from attack import MIB, Case, in_both_dialects
from wire import (BUFFITER, CALLATTR, CMP, MSG_EXCEPTION, MSG_REQUEST, REPR, STR, RemoteError, boxes, mine, value, yours)

MAX_ITEMS_AT_ONCE = 10_000  # the limit of BUFFITER; a peer that wants more asks again
# One list may hold more items than this allows (max_decoded_bytes), and any list of this size needs less.
A_STEP_OF_A_LIST = 300 * MIB

setUpModule, tearDownModule = attack.start_fixture_host, attack.host_ends_well


def method(target, name, *args):
    """Returns the boxed arguments of CALLATTR; what is not boxed yet is boxed as a value."""
    return boxes(yours(target), value(name), boxes(*(arg if is_box(arg) else value(arg) for arg in args)), value(()))


def is_box(arg):
    return isinstance(arg, tuple) and len(arg) == 2 and arg[0] in (2, 3, 4) and isinstance(arg[1], tuple)


@in_both_dialects
class Lists(Case):
    server = "fixture"

    def with_list(self):
        peer = self.opened()
        peer.its_list = peer.ask_reference(CALLATTR, method(peer.its_root, "get_list"))
        return peer

    def new_list(self, peer):
        """A slice of a list is a new one, of which the peer makes as many as it likes."""
        return peer.ask_reference(CALLATTR, method(peer.its_list, "__getitem__", slice(0, 0)))

    def put(self, peer, target, *items):
        peer.ask(CALLATTR, method(target, "__setitem__", slice(0, 0), boxes(*items)))

    def test_a_list_a_thousand_million_times(self):
        with self.others_are_served(), self.with_list() as peer:
            for times in (10**9, 2**31, 2**32, 2**61, 2**62, 2**63 - 1, 2**63, 10**100):
                for name in ("__mul__", "__rmul__", "__imul__"):
                    self.answered(peer, CALLATTR, method(peer.its_list, name, times))
            for times in (-1, 0, -2**63):
                peer.ask(CALLATTR, method(peer.its_list, "__mul__", times))
            for times in (None, "x", 1.5, ()):
                self.answered(peer, CALLATTR, method(peer.its_list, "__mul__", times), "TypeError")
            self.assertEqual(peer.ask_value(CALLATTR, method(peer.its_list, "__len__")), 3)

    def test_a_list_that_doubles(self):
        with self.others_are_served(bound=3 * A_STEP_OF_A_LIST), self.with_list() as peer:
            with self.assertRaises(RemoteError) as caught:
                for _ in range(64):
                    peer.ask(CALLATTR, method(peer.its_list, "__iadd__", yours(peer.its_list)))
            self.assertEqual(caught.exception.cls, "MemoryError")
            peer.ask(CALLATTR, method(peer.its_list, "__delitem__", slice(None)))
            peer.ping()

    def test_slices_beyond_all_bounds(self):
        ends = (None, 0, 1, -1, 3, 2**63 - 1, -2**63, 2**63, 10**100, -10**100, 1.5, "x", ())
        with self.others_are_served(), self.with_list() as peer:
            expected = [1, 2, 3]
            for start in ends:
                for stop in ends:
                    for step in (None, 1, -1, 2, 0, 2**63 - 1, -2**63, 10**100, "x"):
                        key = slice(start, stop, step)
                        try:
                            sliced = expected[key]
                        except (TypeError, ValueError) as e:
                            self.answered(peer, CALLATTR, method(peer.its_list, "__getitem__", key), type(e).__name__)
                            continue
                        got = peer.ask_reference(CALLATTR, method(peer.its_list, "__getitem__", key))
                        self.assertEqual(peer.ask_value(REPR, boxes(yours(got))), repr(sliced), key)
            for key in ends[5:]:
                for name, more in (("__getitem__", ()), ("__delitem__", ()), ("__setitem__", (1,))):
                    self.answered(peer, CALLATTR, method(peer.its_list, name, key, *more))

    def test_a_list_in_itself(self):
        # Nothing frees this memory; but no recursion of ours is endless.
        with self.others_are_served(), self.with_list() as peer:
            one, other = self.new_list(peer), self.new_list(peer)
            for target in (one, other):
                self.put(peer, target, yours(target))
            self.assertEqual(peer.ask_value(REPR, boxes(yours(one))), "[[...]]")
            self.assertEqual(peer.ask_value(STR, boxes(yours(one))), "[[...]]")
            for op in ("__eq__", "__ne__", "__lt__", "__ge__"):
                self.answered(peer, CMP, boxes(yours(one), yours(other), value(op)), "RecursionError")
            for target in (one, other):
                peer.ask(CALLATTR, method(target, "__delitem__", slice(None)))

    def test_lists_that_hold_each_other_twice(self):
        # Thirty lists of two items have a thousand million paths from the first to the last.
        with self.others_are_served(bound=256 * MIB), self.with_list() as peer:
            last = self.new_list(peer)
            for _ in range(30):
                outer = self.new_list(peer)
                self.put(peer, outer, yours(last), yours(last))
                last = outer
            self.answered(peer, REPR, boxes(yours(last)), "MemoryError")
            peer.ask(CMP, boxes(yours(last), yours(last), value("__eq__")))

    def test_lists_60_000_deep(self):
        # Each list is in the next. Destroying, printing or comparing the last one would be a recursion without a limit.
        with self.others_are_served(bound=128 * MIB), self.with_list() as peer:
            inner = self.new_list(peer)
            for _ in range(120):
                lists = self.batch(peer, [method(peer.its_list, "__getitem__", slice(0, 0))] * 500)
                links = [method(outer, "__setitem__", slice(0, 0), boxes(yours(into)))
                         for outer, into in zip(lists, [inner] + lists)]
                self.batch(peer, links)
                inner = lists[-1]
            self.answered(peer, REPR, boxes(yours(inner)), "RecursionError")
            self.assertIs(peer.ask_value(CMP, boxes(yours(inner), yours(inner), value("__eq__"))), True)
        self.serve_others()  # and it has been destroyed, or will be: the host lives

    def batch(self, peer, boxed):
        """Sends many CALLATTRs at once and returns the contents of their answers, in order."""
        first = peer.next_seq
        peer.next_seq += len(boxed)
        peer.send(b"".join(peer.message(MSG_REQUEST, first + i, (CALLATTR, box)) for i, box in enumerate(boxed)))
        return [peer.answer(first + i)[1][1] for i in range(len(boxed))]

    def test_keys_and_items_that_are_the_peers(self):
        """Comparing asks the peer's objects, which never answer: only its own connection waits."""
        with self.others_are_served(), contextlib.ExitStack() as peers:
            for name, args in (("__contains__", (mine(("evil.Key", 5, 6)),)), ("__iadd__", (mine(("builtins.list", 5, 6)),)),
                               ("__add__", (mine(("builtins.list", 5, 6)),)), ("__eq__", (mine(("builtins.list", 5, 6)),)),
                               ("__setitem__", (slice(None), mine(("builtins.generator", 5, 6)))),
                               ("__mul__", (mine(("builtins.int", 5, 6)),))):
                peer = peers.enter_context(self.with_list())
                peer.request(CALLATTR, method(peer.its_list, name, *args))
            self.serve_others()


@in_both_dialects
class Dicts(Case):
    server = "fixture"

    def with_dict(self):
        peer = self.opened()
        peer.its_dict = peer.ask_reference(CALLATTR, method(peer.its_root, "get_dict"))
        return peer

    def test_keys_that_cannot_be(self):
        with self.others_are_served(), self.with_dict() as peer:
            for key in (yours(peer.its_dict), boxes(value(1), yours(peer.its_dict)), boxes(yours(peer.its_dict))):
                for name, more in (("__setitem__", (1,)), ("__getitem__", ()), ("__delitem__", ())):
                    self.answered(peer, CALLATTR, method(peer.its_dict, name, key, *more), "TypeError")
            for key in (2**100, 1.5, float("nan"), None, "x" * 100_000, (1, (2, ("x",))), frozenset((1, 2)), b"\xff"):
                peer.ask(CALLATTR, method(peer.its_dict, "__setitem__", key, 1))
            self.assertEqual(peer.ask_value(CALLATTR, method(peer.its_dict, "__len__")), 2 + 8)

    def test_keys_that_are_equal_and_are_not(self):
        # In Python 1, True, 1.0 and 1+0j are one key, and NaN equals none.
        with self.others_are_served(), self.with_dict() as peer:
            for key in (1, True, 1.0, 1 + 0j, 2**64, float(2**64)):
                peer.ask(CALLATTR, method(peer.its_dict, "__setitem__", key, 1))
            self.assertEqual(peer.ask_value(CALLATTR, method(peer.its_dict, "__len__")), 2 + 2)

    def test_a_dict_in_itself(self):
        with self.others_are_served(), self.with_dict() as peer:
            peer.ask(CALLATTR, method(peer.its_dict, "__setitem__", "a", yours(peer.its_dict)))
            self.assertEqual(peer.ask_value(REPR, boxes(yours(peer.its_dict))), "{'a': {...}, 'b': 2}")
            peer.ask(CALLATTR, method(peer.its_dict, "__setitem__", "a", 1))

    def test_many_keys(self):
        with self.others_are_served(bound=96 * MIB), self.with_dict() as peer:
            for start in range(0, 100_000, 500):
                for i in range(start, start + 500):
                    peer.request(CALLATTR, method(peer.its_dict, "__setitem__", i << 32, i))
                for seq in range(peer.next_seq - 500, peer.next_seq):
                    peer.answer(seq)
            self.assertEqual(peer.ask_value(CALLATTR, method(peer.its_dict, "__len__")), 100_002)


@in_both_dialects
class Iterators(Case):
    server = "fixture"

    def test_buffiter_of_a_thousand_million(self):
        with self.others_are_served(), self.opened() as peer:
            squares = peer.ask_reference(CALLATTR, method(peer.its_root, "squares", 2**31))
            taken = 0
            for count in (10**9, 2**62, 1, 2**63 - 1):
                items = peer.ask_value(BUFFITER, boxes(yours(squares), value(count)))
                self.assertTrue(1 <= len(items) <= MAX_ITEMS_AT_ONCE)
                self.assertEqual(items, tuple(i * i for i in range(taken, taken + len(items))))
                taken += len(items)
            for count in (-1, -2**63, 2**63, 10**100, None, "x", 1.5, ()):
                self.answered(peer, BUFFITER, boxes(yours(squares), value(count)))
            self.assertEqual(peer.ask_value(BUFFITER, boxes(yours(squares), value(1))), (taken * taken,))

    def test_buffiter_of_objects_beyond_the_limit(self):
        # The host sends ten thousand objects in one answer, again and again, and gets none given back.
        with self.others_are_served(bound=400 * MIB), self.opened() as peer:
            names = tuple(str(i) for i in range(10_000))
            for _ in range(3):
                items = peer.ask_reference(CALLATTR, method(peer.its_root, "logged_items", names))
                label, boxed = peer.ask(BUFFITER, boxes(yours(items), value(10**9)))
                self.assertEqual((label, len(boxed)), (2, MAX_ITEMS_AT_ONCE))

    def test_an_iterator_after_its_end(self):
        with self.others_are_served(), self.opened() as peer:
            for made in (method(peer.its_root, "breaking", 0), method(peer.its_root, "breaking", 5)):
                broken = peer.ask_reference(CALLATTR, made)
                with contextlib.suppress(RemoteError):
                    peer.ask(BUFFITER, boxes(yours(broken), value(100)))
                with contextlib.suppress(RemoteError):
                    peer.ask(BUFFITER, boxes(yours(broken), value(100)))
                for _ in range(100):
                    self.assertEqual(peer.ask_value(BUFFITER, boxes(yours(broken), value(10**9))), ())
                    seq = peer.request(CALLATTR, method(broken, "__next__"))
                    self.assertEqual(peer.answer(seq), (MSG_EXCEPTION, 1))

    def test_iterators_without_end(self):
        # Each is an object, which is held until it is given back.
        with self.others_are_served(bound=96 * MIB), self.opened() as peer:
            for _ in range(20):
                for _ in range(500):
                    peer.request(CALLATTR, method(peer.its_root, "squares", 2**31))
                for seq in range(peer.next_seq - 500, peer.next_seq):
                    peer.answer(seq)
            peer.ping()
