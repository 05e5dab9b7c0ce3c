"""Peers that mean harm, or are broken: what they do to objects, references and requests. One named test an attack, in both
dialects. What they send that is no message at all is in attack_test.py; what each test demands is in attack.py.
"""

import contextlib
import os
import select

import attack
import harness
from attack import MIB, Case, in_both_dialects
from wire import (BUFFITER, CALL, CALLATTR, CMP, CTXEXIT, DEL, DELATTR, DIR, GETATTR, GETROOT, HASH, INSPECT, INSTANCECHECK,
                  MSG_EXCEPTION, MSG_REPLY, MSG_REQUEST, OLDSLICING, PICKLE, PING, REPR, SETATTR, STR, RemoteError, boxes,
                  frame, mine, value, yours)

SANITIZED = bool(os.environ.get("RPYC_SANITIZER"))

# This lists every request about one object, with the arguments that follow it.
ABOUT_ONE = ((GETATTR, ("add",)), (DELATTR, ("add",)), (SETATTR, ("add", 1)), (CALL, ((), ())), (CALLATTR, ("add", (), ())),
             (REPR, ()), (STR, ()), (CMP, (1, "__eq__")), (HASH, ()), (DIR, ()), (PICKLE, (2,)), (DEL, (1,)),
             (BUFFITER, (1,)), (OLDSLICING, ("__getitem__", "__getslice__", 0, None, ())), (CTXEXIT, (None,)),
             (INSTANCECHECK, (("x", 1, 2),)))

# These lead from any Python object to its interpreter.
PRIVATE_NAMES = ("__class__", "__dict__", "__init__", "__init_subclass__", "__getattribute__", "__reduce__", "__reduce_ex__",
                 "__getstate__", "__globals__", "__code__", "__closure__", "__func__", "__self__", "__wrapped__",
                 "__subclasses__", "__mro__", "__bases__", "__base__", "__builtins__", "__import__", "__loader__", "__spec__",
                 "__weakref__", "__del__", "__array__", "__array_interface__", "func_globals", "gi_frame", "f_back",
                 "_rpyc_getattr", "_rpyc_setattr", "____conn__", "____id_pack__", "exposed_", "_", "", "_protocol")


def setUpModule():
    attack.start_host("BANK")


tearDownModule = attack.host_ends_well


@in_both_dialects
class Names(Case):
    """These attributes are asked for because of what they would lead to."""

    def test_private_names(self):
        with self.others_are_served(), self.opened() as peer:
            add = peer.getattr(peer.its_root, "add")
            for target in (peer.its_root, add, peer.getattr(add, "__code__")):
                for name in PRIVATE_NAMES + tuple("exposed_" + name for name in PRIVATE_NAMES):
                    if target is add and name == "__code__":
                        continue  # only what inspect asks of the third target has an answer
                    self.answered(peer, GETATTR, boxes(yours(target), value(name)), "AttributeError")
                    self.answered(peer, CALLATTR, boxes(yours(target), value(name), value(()), value(())), "AttributeError")
            code = yours(peer.getattr(add, "__code__"))
            for name in ("co_code", "co_consts", "co_filename", "co_names", "co_freevars", "replace"):
                self.answered(peer, GETATTR, boxes(code, value(name)), "AttributeError")

    def test_writing_and_deleting(self):
        with self.others_are_served(), self.opened() as peer:
            for target in (peer.its_root, peer.getattr(peer.its_root, "add")):
                for name in ("add", "exposed_add", "new", "__doc__", "__call__") + PRIVATE_NAMES:
                    self.answered(peer, SETATTR, boxes(yours(target), value(name), value(1)), "AttributeError")
                    self.answered(peer, SETATTR, boxes(yours(target), value(name), yours(peer.its_root)), "AttributeError")
                    self.answered(peer, DELATTR, boxes(yours(target), value(name)), "AttributeError")
            self.assertEqual(peer.call(peer.getattr(peer.its_root, "add"), 1, 2), 3)

    def test_cmp_with_a_foreign_operator_as_in_cve_2019_16328(self):
        # In RPyC, CMP called whatever method it was told to.
        with self.others_are_served(), self.opened() as peer:
            root = yours(peer.its_root)
            for name in PRIVATE_NAMES + ("add", "exposed_add", "__call__", "__cmp__", "__repr__", "__str__", "__hash__",
                                         "__eq", "__eq__ ", "__EQ__", "__eq__\0", "exposed___eq__", b"__init__"):
                for other in (value(1), root, value("{0.__class__}")):
                    self.answered(peer, CMP, boxes(root, other, value(name)), "AttributeError")
            for name in (None, 5, (), ("__eq__",), frozenset(("__eq__",)), b"\xff"):
                self.answered(peer, CMP, boxes(root, root, value(name)), "TypeError")
            self.assertIs(peer.ask_value(CMP, boxes(root, root, value("__eq__"))), True)

    def test_pickle_as_in_cve_2024_27758(self):
        with self.others_are_served(), self.opened() as peer:
            for target in (yours(peer.its_root), yours(peer.getattr(peer.its_root, "add"))):
                for protocol in (0, 1, 2, 5, -1, 10**30, None, "2"):
                    self.answered(peer, PICKLE, boxes(target, value(protocol)), "ValueError", ("pickling is disabled",))
            for box in (value((1, 2)), boxes(mine(("builtins.list", 5, 6)), value(2))):
                self.answered(peer, PICKLE, box)
            self.answered(peer, PICKLE, boxes(yours(("x", 1, 2)), value(2)), "KeyError")

    def test_attributes_of_values(self):
        """In Python they are objects too: "{0.__class__}".format leads to any class, and (1).to_bytes to any size."""
        tricks = (("{0.__class__}", "format", (1,)), ("{0.__init__.__globals__}", "format", (1,)),
                  ("{a}", "format_map", ((),)), ("x", "zfill", (10**9,)), ("x", "ljust", (10**9,)), ("x", "__mul__", (10**9,)),
                  ("x", "__add__", ("y",)), ("x", "encode", ("rot13",)), ("x", "__len__", ()), ("x", "__class__", ()),
                  (b"x", "__mul__", (10**9,)), (b"x", "decode", ()), (1, "to_bytes", (10**9, "big")), (2, "__pow__", (10**9,)),
                  (1, "__lshift__", (10**12,)), (1, "bit_length", ()), ((1,), "__mul__", (10**9,)), ((1,), "__iter__", ()),
                  (1.5, "__class__", ()), (None, "__class__", ()), (frozenset((1,)), "union", ((2,),)),
                  (slice(1), "indices", (10**9,)), (NotImplemented, "__reduce__", ()), (Ellipsis, "__reduce__", ()))
        with self.others_are_served(), self.opened() as peer:
            for target, name, args in tricks:
                self.answered(peer, GETATTR, boxes(value(target), value(name)), "AttributeError", (f"cannot access '{name}'",))
                self.answered(peer, CALLATTR, boxes(value(target), value(name), value(args), value(())), "AttributeError")
                self.answered(peer, SETATTR, boxes(value(target), value(name), value(1)), "AttributeError")
                self.answered(peer, DELATTR, boxes(value(target), value(name)), "AttributeError")
            # It is also boxed as a tuple that is not one value.
            self.answered(peer, GETATTR, boxes(boxes(value("{0.__class__}"), yours(peer.its_root)), value("format")),
                          "AttributeError")

    def test_requests_about_values(self):
        with self.others_are_served(), self.opened() as peer:
            for target in ("text", 5, None, (), b"x", 1.5, frozenset(), NotImplemented):
                for handler, more in ABOUT_ONE:
                    self.answered(peer, handler, boxes(value(target), *map(value, more)))
                    self.answered(peer, handler, value((target, *more)))

    def test_names_of_old_slicing(self):
        with self.others_are_served(), self.opened() as peer:
            root = yours(peer.its_root)
            for attempt in PRIVATE_NAMES + (5, None, b"\xff"):
                for fallback in ("__class__", "_x", 5):
                    self.answered(peer, OLDSLICING, boxes(root, value(attempt), value(fallback), value(0), value(None),
                                                          value(())))
            self.answered(peer, OLDSLICING, boxes(root, value("echo"), value("echo"), value(0), value(None), value(5)))
            self.answered(peer, OLDSLICING, boxes(root, value("echo"), value("echo"), value(0), value(None), value(
                tuple(range(20_000)))))


@in_both_dialects
class References(Case):
    def test_of_another_connection(self):
        """An id_pack means something on its own connection only: knowing or guessing one opens nothing."""
        with self.others_are_served(), self.opened() as theirs, self.opened() as peer:
            stolen = [theirs.its_root, theirs.getattr(theirs.its_root, "add")]
            for id_pack in stolen:
                for handler, more in ABOUT_ONE:
                    self.answered(peer, handler, boxes(yours(id_pack), *map(value, more)), "KeyError", (id_pack,))
                self.answered(peer, INSPECT, value((id_pack,)), "KeyError")
                # The id is passed as an argument, and as what isinstance is asked about.
                self.answered(peer, PING, boxes(yours(id_pack)), "KeyError", (id_pack,))
                with contextlib.suppress(RemoteError):
                    self.assertIs(peer.ask_value(INSTANCECHECK, boxes(yours(peer.its_root), value(id_pack))), False)
            self.assertEqual(theirs.call(stolen[1], 1, 2), 3)

    def test_never_handed_out(self):
        with self.others_are_served(), self.opened() as peer:
            name, class_id, instance_id = peer.getattr(peer.its_root, "add")
            guesses = [(name, class_id, instance_id + n) for n in (*range(-50, 0), *range(1, 50), 2**32, 2**63, -2**64)]
            guesses += [(name, class_id + n, instance_id) for n in (-1, 1)]
            guesses += [("builtins.type", class_id, 0), (peer.its_root[0], peer.its_root[1], 0), (name, instance_id, class_id),
                        (name + "\0", class_id, instance_id), (name.upper(), class_id, instance_id), ("", 0, 0)]
            for id_pack in guesses:
                if id_pack == peer.its_root:
                    continue
                self.answered(peer, STR, boxes(yours(id_pack)), "KeyError", (id_pack,))
                self.answered(peer, INSPECT, value((id_pack,)), "KeyError")

    def test_of_the_wrong_shape(self):
        with self.others_are_served(), self.opened() as peer:
            name, class_id, instance_id = root = peer.its_root
            for odd in (root + (1,), root[:2], (class_id, name, instance_id), (name, str(class_id), str(instance_id)),
                        (name.encode(), class_id, instance_id), (name, float(class_id), float(instance_id)),
                        (name, class_id, True), frozenset(root), [name], "x" * 100_000, tuple(range(100_000)), (root,)):
                odd = tuple(odd) if isinstance(odd, list) else odd
                for handler, more in ABOUT_ONE:
                    self.answered(peer, handler, boxes(yours(odd), *map(value, more)))
                self.answered(peer, INSPECT, value((odd,)))
                with contextlib.suppress(RemoteError):
                    self.assertIs(peer.ask_value(INSTANCECHECK, boxes(yours(root), value(odd))), False)

    def test_given_back_and_used(self):
        with self.others_are_served(), self.opened() as peer:
            method = peer.getattr(peer.its_root, "add")
            peer.ask(DEL, boxes(yours(method), value(1)))
            for handler, more in ABOUT_ONE:
                self.answered(peer, handler, boxes(yours(method), *map(value, more)), "KeyError", (method,))
            self.answered(peer, INSPECT, value((method,)), "KeyError")

    def test_del_of_nothing_takes_nothing(self):
        with self.others_are_served(), self.opened() as peer:
            method = peer.getattr(peer.its_root, "add")
            for count in (0, -1, -2**31, -2**63, -2**64, -10**40, None, "1", 1.0, (), (1,), b"1"):
                self.answered(peer, DEL, boxes(yours(method), value(count)))
            self.answered(peer, DEL, boxes(yours(method), yours(method)))
            self.assertEqual(peer.call(method, 1, 2), 3)

    def test_del_of_too_many_takes_all(self):
        with self.others_are_served(), self.opened() as peer:
            for count in (2, 1000, 2**31, 2**32, 2**63 - 1):
                method = peer.getattr(peer.its_root, "add")
                peer.ask(DEL, boxes(yours(method), value(count)))
                self.answered(peer, STR, boxes(yours(method)), "KeyError")

    def test_games_with_the_count_of_the_root(self):
        with self.others_are_served(), self.opened() as peer:
            roots = {peer.root() for _ in range(100)}
            self.assertEqual(roots, {peer.its_root})
            for count in (50, 51, 10**6, 1):
                with contextlib.suppress(RemoteError):
                    peer.ask(DEL, boxes(yours(peer.its_root), value(count)))
            for _ in range(100):  # it lives as long as its connection
                root = peer.root()
                self.assertEqual(peer.call(peer.getattr(root, "add"), 1, 2), 3)
                peer.ask(DEL, boxes(yours(root), value(10**6)))

    def test_one_object_sent_a_hundred_thousand_times(self):
        with self.others_are_served(), self.opened() as peer:
            ask = frame(self.head(5) + b"\x11\x53\x11\x51\x02")  # GETROOT
            self.flood(peer, ask, 100_000)
            self.answered(peer, DEL, boxes(yours(peer.its_root), value(10**40)))
            peer.ask(DEL, boxes(yours(peer.its_root), value(100_000)))
            peer.ping()

    def test_inspect_without_end(self):
        with self.others_are_served(), self.opened() as peer:
            ask = peer.message(MSG_REQUEST, 5, (INSPECT, value((peer.its_root,))))
            self.flood(peer, ask, 20_000)

    def test_exports_without_end(self):
        """GETATTR makes an object each time. max_local_objects is for that: a MemoryError for the request that wants one
        more, and the connection goes on. Ten million requests are made once: that takes half a minute."""
        requests = 10_000_000 if self.dialect == 6 and not SANITIZED and not attack.LIMITED else 1_100_000
        with self.others_are_served(bound=400 * MIB), self.opened() as peer:
            method = peer.getattr(peer.its_root, "add")
            ask = peer.message(MSG_REQUEST, 5, (GETATTR, boxes(yours(peer.its_root), value("add"))))
            refused = self.flood(peer, ask, requests, count=b"MemoryError")
            self.assertGreaterEqual(refused, requests - 1_000_000)
            self.answered(peer, GETATTR, boxes(yours(peer.its_root), value("add")), "MemoryError")
            self.assertEqual(peer.call(method, 1, 2), 3)
            peer.ask(DEL, boxes(yours(method), value(1)))
            self.assertEqual(peer.call(peer.getattr(peer.its_root, "add"), 1, 2), 3)
        harness.eventually("the memory is given back",
                           lambda: attack.bystander.ping() or SANITIZED or attack.host.status("VmRSS") < 200 * MIB)

    def test_a_limit_of_its_own(self):
        server = harness.start_server(attack.host, f"few-{self.dialect}", service="ECHO", limits={"max_local_objects": "10"})
        attack.host.servers["few"] = harness.address_of(server)
        with self.others_are_served(), self.opened("few") as peer:
            methods = [peer.getattr(peer.its_root, "add") for _ in range(9)]
            for _ in range(1000):
                self.answered(peer, GETATTR, boxes(yours(peer.its_root), value("add")), "MemoryError")
            for method in methods:
                self.assertEqual(peer.call(method, 1, 2), 3)
            peer.ask(DEL, boxes(yours(methods[0]), value(1)))
            peer.getattr(peer.its_root, "add")
            self.answered(peer, GETATTR, boxes(yours(peer.its_root), value("add")), "MemoryError")
        harness.admin(attack.host, "ServerService/CloseServer", name=server["name"])

    def test_requests_about_the_peers_own_objects(self):
        """It may be asked back, and does not answer: that harms only its own connection. Or it ends, and nothing waits for it."""
        with self.others_are_served():
            for handler, more in ABOUT_ONE:
                for name in ("builtins.list", "builtins.type", "evil.Class", "os.system", "", "cpp.EchoService"):
                    for instance in (0, 7):
                        with self.opened() as peer:
                            peer.request(handler, boxes(mine((name, 5, instance)), *map(value, more)))
            self.serve_others()

    def test_lent_and_lost(self):
        # The object is lent and held by a call that never gets its answer, and then the peer goes.
        with self.others_are_served():
            for _ in range(100):
                with self.opened() as peer:
                    echo = peer.getattr(peer.its_root, "echo")
                    peer.request(CALL, boxes(yours(echo), boxes(mine(("builtins.function", 5, 6))), value(())))
            self.serve_others()

    def flood(self, peer, request, times, count=b"no such text"):
        """Sends `request` this often, taking the answers as they come; returns how many times they hold the text `count`."""
        the_end = b"the last answer"
        block = request * max(1, (1 << 18) // len(request))
        left, found, tail = times * len(request), 0, b""
        view = memoryview(b"")
        peer.sock.setblocking(False)
        while the_end not in tail:
            if not view and left:
                view, left = memoryview(block)[:left], left - min(left, len(block))
                if not left:
                    view = memoryview(bytes(view) + peer.message(MSG_REQUEST, 6, (PING, value((the_end,)))))
            readable, writable, _ = select.select([peer.sock], [peer.sock] if view else [], [], harness.DEADLINE_S)
            self.assertTrue(readable or writable, "it has stopped answering")
            if writable:
                with contextlib.suppress(BlockingIOError):
                    view = view[peer.sock.send(view):]
            if readable:
                with contextlib.suppress(BlockingIOError):
                    got = peer.sock.recv(1 << 20)
                    self.assertTrue(got, "it has ended the connection")
                    found += (tail[1 - len(count):] + got).count(count)
                    tail = (tail + got)[-2 * len(the_end):]
        peer.sock.settimeout(harness.DEADLINE_S)
        return found


@in_both_dialects
class Requests(Case):
    ODD_SEQS = (-1, 2**31, 2**63, -2**64, 10**4299, "text", "", b"\0\xff", None, True, 1.5, float("inf"), 2j, (), (1, (2, ("x",))),
                frozenset((1,)), slice(1, None, "x"), NotImplemented, Ellipsis, "x" * 100_000, tuple(range(10_000)))

    def test_odd_sequence_numbers_come_back_as_they_are(self):
        with self.others_are_served(), self.opened() as peer:
            for seq in self.ODD_SEQS:
                peer.send(peer.message(MSG_REQUEST, seq, (PING, value(("x",)))))
                self.assertEqual(repr(peer.read()), repr((MSG_REPLY, seq, value("x"))))
                peer.send(peer.message(MSG_REQUEST, seq, (99, value(()))))
                msg, came, args = peer.read()
                self.assertEqual((msg, repr(came), args[0]), (MSG_EXCEPTION, repr(seq), ("builtins", "KeyError")))

    def test_a_sequence_number_that_is_no_brine(self):
        # The host would send it back, only to this peer, but as a frame of ours that cannot be read.
        def ping(seq):
            return frame(self.head()[:-1] + seq + b"\x11\x51\x11\x51\x10\x50")
        self.ends(ping(b"\x16\x01x"), ping(b"\x08\x0a\xff"), ping(b"\x16\x02 5"), ping(b"\x10" * 300 + b"\x02"), ping(b"\x07"),
                  ping(b"\x19\x11\x50\x50"))

    def test_a_sequence_number_of_8_mib(self):
        with self.others_are_served(bound=96 * MIB), self.opened() as peer:
            seq = bytes(8 << 20)
            peer.send(peer.message(MSG_REQUEST, seq, (PING, value(("x",)))))
            self.assertEqual(peer.read(), (MSG_REPLY, seq, value("x")))

    def test_a_sequence_number_used_over_and_over(self):
        with self.others_are_served(), self.opened() as peer:
            peer.send(peer.message(MSG_REQUEST, 7, (PING, value(("x",)))) * 1000)
            for _ in range(1000):
                self.assertEqual(peer.read(), (MSG_REPLY, 7, value("x")))

    def test_answers_to_nothing_without_end(self):
        with self.others_are_served(), self.opened() as peer:
            for answer in (peer.message(MSG_REPLY, 10**18, value("x" * 100)), peer.message(MSG_EXCEPTION, 3, 1),
                           peer.message(MSG_REPLY, 0, mine(("builtins.list", 5, 6)))):
                for _ in range(20):
                    peer.send(answer * 1000)
                peer.ping()

    def test_buffiter_of_a_thousand_million(self):
        with self.others_are_served(), self.opened() as peer:
            for target in (peer.its_root, peer.getattr(peer.its_root, "add")):  # neither iterates
                for count in (10**9, 2**63 - 1, 2**63, 10**100, 1, -1, None, "x", 1.5, ()):
                    self.answered(peer, BUFFITER, boxes(yours(target), value(count)))

    def test_boxes_100_000_deep(self):
        self.refused("ValueError", "max_nesting 200", *(frame(self.head() + b"\x11\x51" + box * 100_000 + end)
                    for box, end in ((b"\x11\x52\x10", b"\x11\x51\x50"), (b"\x11\x52\x11\x11\x51\x50", b"\x11\x51\x50"),
                                     (b"\x11\x52\x10", b""), (b"\x11\x51\x10", b"\x50"))))

    def test_a_box_of_a_million_boxes(self):
        with self.others_are_served(bound=160 * MIB), self.opened() as peer:
            box = b"\x11\x52\x10\x11\x52\x15\x00\x0f\x42\x40" + b"\x11\x51\x02" * 1_000_000
            peer.send(frame(self.head() + b"\x11\x51" + box))
            self.assertEqual(peer.answer(0)[0], MSG_REPLY)
            peer.ping()

    def test_boxes_that_lie_about_their_number(self):
        most = b"\x15\xff\xff\xff\xff"
        self.ends(*(frame(self.head() + b"\x11\x51\x11\x52" + lie) for lie in (most, most + b"\x11\x51\x50" * 1000, b"\x10\x11\x52" +
                                                                           most, b"\x10\x11\x53" + most)))

    def test_isinstance_of_anything(self):
        with self.others_are_served(), self.opened() as peer:
            root = peer.its_root
            for other in (root, ("x", 1, 2), ("builtins.int", 1, 0), (), None, 5, "x", (root,), root + (1,), frozenset(root)):
                with contextlib.suppress(RemoteError):
                    self.assertIs(peer.ask_value(INSTANCECHECK, boxes(yours(root), value(other))), False)
                peer.ping()

    def test_accounts_are_reached_by_name_only(self):
        """BANK's objects are handed out one by one: holding one gives no other."""
        with self.others_are_served(), self.opened("bank") as owner, self.opened("bank") as thief:
            name = f"owner{self.dialect}"
            open_account = boxes(yours(owner.its_root), value("open_account"), value((name, 100)), value(()))
            account = owner.ask_reference(CALLATTR, open_account)
            self.answered(thief, CALLATTR, boxes(yours(account), value("withdraw"), value((100,)), value(())), "KeyError")
            transfer = boxes(yours(thief.its_root), value("transfer"), boxes(yours(account), yours(account), value(1)), value(()))
            self.answered(thief, CALLATTR, transfer, "KeyError")

            def lend(account, error):  # a client does so with an object that it has by another connection
                lent = mine(account)
                transfer = boxes(yours(thief.its_root), value("transfer"), boxes(lent, lent, value(1)), value(()))
                self.answered(thief, CALLATTR, transfer, error)
            # A peer that does not know the number gets nothing; it is 127 random bits (docs/adr/0016).
            for number in (0, 1, account[2] - 1, account[2] + 1, account[2] ^ 1 << 60, -account[2]):
                lend((account[0], account[1], number), "TypeError")
            # The number is the right to use the account where it can be used at all, here in a transfer to itself.
            lend(account, "ValueError" if attack.connections_share_memory() else "TypeError")
            self.assertEqual(owner.ask_value(GETATTR, boxes(yours(account), value("balance"))), 100)
