"""Peers that mean harm, or are broken: frames, brine, messages, sockets. One named test an attack, in both dialects.

What they do to objects is in object_attack_test.py; what each test demands is in attack.py.
"""

import contextlib
import functools
import os
import random
import select
import socket
import struct
import zlib

import attack
import harness
from attack import BOUND_INFLATING, MIB, Case, gone_is_fine, in_both_dialects, room
from wire import (CALL, CALLATTR, CLOSE, CMP, DEL, GETATTR, GETROOT, INSPECT, MSG_EXCEPTION, MSG_REPLY, MSG_REQUEST,
                  NOTHING, PING, STR, RemoteError, boxes, dump, frame, mine, payload, value, yours)

setUpModule, tearDownModule = attack.start_host, attack.host_ends_well


@functools.lru_cache
def deflated_zeros(count, level=9):
    packer = zlib.compressobj(level)
    block = bytes(1 << 20)
    return b"".join([packer.compress(block) for _ in range(count >> 20)] + [packer.flush()])


@in_both_dialects
class Frames(Case):
    def test_random_garbage(self):
        rng = random.Random(1)
        with self.others_are_served():
            for n in list(range(1, 40)) + [1000, 100_000]:
                with self.peer() as peer, gone_is_fine():
                    peer.send(rng.randbytes(n))
                    peer.sock.shutdown(socket.SHUT_WR)
                    while peer.sock.recv(1 << 16):
                        pass

    def test_random_garbage_in_good_frames(self):
        rng = random.Random(2)
        with self.others_are_served():
            for _ in range(300):
                with self.opened() as peer, gone_is_fine():
                    peer.send(frame(self.head() + rng.randbytes(rng.randrange(200)), rng.choice((0, 0, 0, 1))))
                    peer.sock.shutdown(socket.SHUT_WR)
                    while peer.sock.recv(1 << 16):
                        pass

    def test_bits_flipped_in_good_frames(self):
        rng = random.Random(3)
        with self.others_are_served():
            for _ in range(300):
                with self.opened() as peer, gone_is_fine():
                    good = bytearray(
                        peer.message(MSG_REQUEST, 1, (GETATTR, boxes(yours(peer.its_root), value("echo")))))
                    good[rng.randrange(5, len(good) - 1)] ^= 1 << rng.randrange(8)
                    peer.send(bytes(good))
                    peer.sock.shutdown(socket.SHUT_WR)
                    while peer.sock.recv(1 << 16):
                        pass

    def test_a_length_of_4_gib(self):
        self.ends(struct.pack("!IB", 0xffffffff, 0), struct.pack("!IB", 0xffffffff, 1),
                  struct.pack("!IB", 0xffffffff, 0) + bytes(100_000), struct.pack("!IB", 0x80000000, 0))

    def test_a_length_of_4_gib_as_the_first_bytes(self):
        self.ends(struct.pack("!IB", 0xffffffff, 0), struct.pack("!IB", 0xffffffff, 1), opened=False)

    def test_a_length_over_max_frame_bytes(self):
        # The host reads all of it, so that the peer that sends it can read the answer, and keeps nothing.
        for opened in (True, False):
            self.refused("ValueError", f"frame of {(64 << 20) + 1} bytes exceeds max_frame_bytes {64 << 20}",
                         frame(self.head() + bytes((64 << 20) + 1 - len(self.head()))), opened=opened)
        noise = zlib.compress(self.head() + bytes(1000)) + random.Random(4).randbytes(70 << 20)
        self.refused("ValueError", f"exceeds max_frame_bytes {64 << 20}", frame(noise, 1))

    def test_a_length_over_max_frame_bytes_and_no_more(self):
        with self.others_are_served(), self.opened() as peer, self.peer() as stranger:
            for each in (peer, stranger):
                each.send(struct.pack("!IB", (64 << 20) + 1, 0))
            self.serve_others()

    def test_a_large_frame_that_never_comes(self):
        # 64 MiB are promised and allowed. The host uses memory for what has arrived, not for what was promised.
        with self.others_are_served(), contextlib.ExitStack() as peers:
            for _ in range(room(50)):
                peers.enter_context(self.peer()).send(struct.pack("!IB", 64 << 20, 0) + self.head())
            self.serve_others()

    def test_half_a_frame_and_silence(self):
        whole = frame(payload(self.dialect, MSG_REQUEST, 0, (PING, value(("late",)))))
        with self.others_are_served(bound=32 * MIB), contextlib.ExitStack() as peers:
            silent = [peers.enter_context(self.peer()) for _ in range(room(200))]
            for i, peer in enumerate(silent):
                peer.send(whole[:1 + i % (len(whole) - 1)])
            self.serve_others()
            for i, peer in enumerate(silent[:20]):  # they have only been waiting
                peer.send(whole[1 + i % (len(whole) - 1):])
                self.assertEqual(peer.answer(0), (MSG_REPLY, value("late")))

    def test_silence(self):
        with self.others_are_served(bound=32 * MIB), contextlib.ExitStack() as peers:
            for _ in range(room(200)):
                peers.enter_context(self.peer())
            self.serve_others()

    def test_gone_in_mid_frame(self):
        whole = frame(payload(self.dialect, MSG_REQUEST, 0, (PING, value(("x",)))))
        with self.others_are_served():
            for n in range(len(whole)):
                with self.peer() as peer:
                    peer.send(whole[:n])


@in_both_dialects
class Bombs(Case):
    def test_zlib_bomb_of_1_gib(self):
        bomb = deflated_zeros(1 << 30)
        self.ends(frame(bomb, 1), bound=BOUND_INFLATING)

    def test_zlib_bomb_as_the_first_message(self):
        self.ends(frame(deflated_zeros(256 << 20), 1), opened=False, bound=BOUND_INFLATING)

    def test_zlib_bomb_behind_a_good_head(self):
        # This is a well-formed PING with bytes of 1 GiB.
        packer = zlib.compressobj(9)
        parts = [packer.compress(self.head() + b"\x11\x51\x11\x51\x10\x0f" + struct.pack("!I", 1 << 30))]
        parts += [packer.compress(bytes(1 << 20)) for _ in range(1 << 10)] + [packer.flush()]
        self.refused("ValueError", f"inflates to more than max_inflated_bytes {64 << 20}", frame(b"".join(parts), 1),
                     bound=BOUND_INFLATING)

    def test_nested_zlib_bomb(self):
        inner = frame(deflated_zeros(256 << 20), 1)
        self.ends(frame(zlib.compress(inner), 1), frame(zlib.compress(zlib.compress(inner)), 1), bound=BOUND_INFLATING)

    def test_just_over_max_inflated_bytes(self):
        self.refused("ValueError", "inflates to more than max_inflated_bytes",
                     frame(zlib.compress(self.head() + bytes(64 << 20), 1), 1), bound=BOUND_INFLATING)

    def test_broken_zlib(self):
        good = zlib.compress(self.head() + dump((PING, value(("x" * 5000,)))))
        self.ends(frame(b"", 1), frame(b"\0", 1), frame(b"x\x9cgarbage", 1), frame(good[:-1], 1), frame(good[:10], 1),
                  frame(good[:-4] + b"\0\0\0\0", 1), frame(self.head(), 1), frame(b"\x1f\x8b\x08" + bytes(20), 1))

    def test_many_bombs_at_once(self):
        # A host that gives each of these peers its 64 MiB at the same time still gives it back.
        bomb = frame(deflated_zeros(256 << 20), 1)
        before = attack.host.status("VmRSS")
        with self.others_are_served(bound=1024 * MIB), contextlib.ExitStack() as peers:
            bombers = [peers.enter_context(self.opened()) for _ in range(8)]
            for peer in bombers:
                peer.send(bomb)
            for peer in bombers:
                self.assertIsNone(peer.read_frame())
        if not os.environ.get("RPYC_SANITIZER"):
            harness.eventually("the memory is given back",
                               lambda: attack.bystander.ping() or attack.host.status("VmRSS") - before < 64 * MIB)


@in_both_dialects
class Brine(Case):
    def ping_of(self, *forms):
        """Returns (PING, (1, (form,))) with the raw form in it, after a good head."""
        return [frame(self.head() + b"\x11\x51\x11\x51\x10" + form) for form in forms]

    def test_tuples_100_000_deep(self):
        self.refused("ValueError", "exceeds max_nesting 200",
                     *self.ping_of(b"\x10" * 100_000 + b"\x02", b"\x10" * 100_000, b"\x14\x01" * 100_000 + b"\x02",
                                   b"\x11\x50" * 100_000 + b"\x50"))

    def test_other_shapes_100_000_deep(self):
        self.ends(*self.ping_of(b"\x19" * 100_000, b"\x08" * 100_000))
        self.refused("ValueError", "exceeds max_nesting 200",
                     *self.ping_of(b"\x1a" * 100_000, b"\x1a\x10" * 100_000 + b"\x02",
                                   b"\x19\x12\0\0" * 100_000 + b"\0"))

    def test_deep_from_the_first_byte(self):
        self.ends(frame(b"\x12" * 100_000), frame(b"\x01" + b"\x11" * 100_000),
                  frame(self.head()[:-1] + b"\x10" * 100_000))

    def test_nesting_up_to_the_limit_is_served(self):
        with self.others_are_served():
            with self.opened() as peer:
                for depth in (100, 150):
                    nested = ()
                    for _ in range(depth):
                        nested = (nested,)
                    self.assertEqual(peer.ask_value(PING, value((nested,))), nested)
        self.refused("ValueError", "exceeds max_nesting 200", *self.ping_of(b"\x10" * 250 + b"\x02"))

    def test_counts_that_lie(self):
        most = struct.pack("!I", 0xffffffff)
        self.ends(*self.ping_of(b"\x15" + most, b"\x15" + most + b"\x50" * 1000, b"\x0f" + most, b"\x0f" + most +
                                b"x" * 1000, b"\x17" + most, b"\x17" + most + b"1" * 1000, b"\x08\x0f" +
                                most, b"\x1a\x15" +
                                most, b"\x15\x7f\xff\xff\xff", b"\x15\x00\x10\x00\x00", b"\x14\xff", b"\x16\xff1"))

    def test_tuple_of_tuples_that_lie(self):
        # Each level promises a million items; reserving memory for the promise would multiply.
        self.ends(*self.ping_of((b"\x15\x00\x0f\xff\xff" * 100)))

    def test_cut_short(self):
        self.ends(*self.ping_of(b"", b"\x18\0", b"\x1b" +
                                bytes(15), b"\x12\x50", b"\x08", b"\x15\0\0", b"\x0e", b"\x19\x12\0\0"))

    def test_unknown_tags(self):
        self.ends(*self.ping_of(*(bytes([tag]) for tag in [0x07, 0x1c, 0x1d, 0x1e, 0x1f, *range(0xf0, 0x100)])))

    def test_what_is_no_text(self):
        self.ends(*self.ping_of(b"\x08\x0a\xff", b"\x08\x0b\xc3\x28", b"\x08\x0c\xed\xa0\x80", b"\x08\x0b\xc0\x80",
                                b"\x08\x0d\xf4\x90\x80\x80", b"\x08\x50", b"\x08\x02", b"\x08\x08\x0aa", b"\x08\x00"))

    def test_what_is_no_int(self):
        self.ends(*self.ping_of(b"\x16\0", b"\x16\x01-", b"\x16\x01x", b"\x16\x021x", b"\x16\x03--1", b"\x17\0\0\0\0",
                                b"\x16\x030x1", b"\x16\x021\0", b"\x16\x02\xd9\xa1"))

    def test_ints_of_too_many_digits(self):
        def digits(n):
            return b"\x17" + struct.pack("!I", n) + b"9" * n
        with self.opened() as peer:
            peer.send(self.ping_of(digits(4300))[0])
            self.assertEqual(peer.answer(0), (MSG_REPLY, value(int("9" * 4300))))
        for n in (4301, 100_000, 10_000_000):
            self.refused("ValueError", f"int of {n} digits exceeds max_int_digits 4300", *self.ping_of(digits(n)),
                         bound=BOUND_INFLATING)

    def test_what_is_no_slice(self):
        self.ends(*self.ping_of(b"\x19\x02", b"\x19\x11\0\0", b"\x19\x50", b"\x19\x13\0\0\0\0"))

    def test_a_frozenset_of_many(self):
        # The peer chooses what is hashed: equal items, and a great many of them.
        with self.others_are_served(bound=96 * MIB):
            with self.opened() as peer:
                peer.send(self.ping_of(b"\x1a\x15" + struct.pack("!I", 1_000_000) + b"\x51" * 1_000_000)[0])
                with contextlib.suppress(EOFError):
                    peer.answer(0)

    def test_a_wide_tuple(self):
        # This frame of 1 MiB holds a million small values, so what a value costs in memory counts a million times.
        with self.others_are_served(bound=96 * MIB):
            with self.opened() as peer:
                peer.send(self.ping_of(b"\x15" + struct.pack("!I", 1_000_000) + b"\x02" * 1_000_000)[0])
                with contextlib.suppress(EOFError):
                    self.assertEqual(peer.answer(0)[0], MSG_REPLY)


@in_both_dialects
class Messages(Case):
    def test_bad_dialect(self):
        self.ends(*(frame(bytes([first]) + rest) for first in (0x00, 0x04, 0x05, 0x10, 0x11, 0x13, 0x50, 0x78, 0xff)
                    for rest in (b"", b"\x11\x50\x11\x53\x11\x51\x02")), opened=False)

    def test_dialect_switched_in_mid_connection(self):
        self.ends(frame(payload(11 - self.dialect, MSG_REQUEST, 1, (PING, value(("x",))))))

    def test_thread_binding_is_not_spoken(self):
        self.ends(frame(struct.pack("!QQ", 0x11, 0) + self.head() + dump((GETROOT, NOTHING))), opened=False)

    def test_unknown_message_types(self):
        kinds = (0, 4, 5, -1, 10**30, "x", None) if self.dialect == 5 else (0, 4, 5, 47, 255)
        self.ends(*(frame(
            dump((kind, 0, (PING, NOTHING))) if self.dialect == 5 else bytes([kind]) + dump((0, (PING, NOTHING))))
                    for kind in kinds))

    def test_wrong_shapes_of_a_message(self):
        shapes = ((), (1,), (1, 2), (1, 2, 3, 4)) if self.dialect == 5 else ((), (1,), (1, 2, 3), 5, None, "text")
        self.ends(*(frame(dump(shape) if self.dialect == 5 else b"\x01" + dump(shape)) for shape in shapes))

    def test_wrong_shapes_of_a_request(self):
        """This connection gets an exception on that seq, or ends; nothing else happens."""
        with self.others_are_served():
            for args in ((), (1,), (1, NOTHING, 3), 5, None, "text", (None, NOTHING), ("x", NOTHING), (1.5, NOTHING),
                         ((), NOTHING), (PING, ()), (PING, (1,)), (PING, (1, 2, 3)), (PING, 5), (PING, (None, None)),
                         (PING, ("x", ())), (PING, (1, 5)), (PING, (2, 5)), (PING, (2, (5,))), (PING, (2, ((1,),))),
                         (PING, (3, 5)), (PING, (4, 5)), (PING, boxes((3, None))), (PING, boxes((4, None))),
                         (PING, boxes((4, ()))), (PING, boxes((4, (5,)))), (PING, boxes((4, ("x", 1))))):
                with self.subTest(args), self.opened() as peer:
                    peer.send(peer.message(MSG_REQUEST, 900, args))
                    with contextlib.suppress(EOFError):
                        self.assertEqual(peer.answer(900)[0], MSG_EXCEPTION)
                        peer.ping()

    def test_wrong_label(self):
        with self.others_are_served(), self.opened() as peer:
            self.answered(peer, PING, (7, "x"), "ValueError", ("invalid label 7",))
            self.answered(peer, PING, boxes((7, "x")), "ValueError", ("invalid label 7",))
            self.answered(peer, PING, (0, "x"), "ValueError", ("invalid label 0",))
            self.answered(peer, PING, (-1, "x"), "ValueError", ("invalid label -1",))

    def test_unknown_handlers(self):
        with self.others_are_served(), self.opened() as peer:
            for number in (0, 21, 99, -1, 2**63, -2**64, 10**100):
                self.answered(peer, number, NOTHING, "KeyError", (number,))

    def test_unknown_references(self):
        with self.others_are_served(), self.opened() as peer:
            root = peer.its_root
            for id_pack in (("x", 1, 2), ("", 0, 0), (root[0], root[1], root[2] + 1), (root[0], root[1] + 1, root[2]),
                            ("other", root[1], root[2]), ("x", -1, 2**70), ("x", "y", "z"), ("x", None, (1, 2))):
                for handler in (STR, CALL, DEL):
                    self.answered(peer, handler, boxes(yours(id_pack)), "KeyError", (id_pack,))
                self.answered(peer, GETATTR, boxes(yours(id_pack), value("add")), "KeyError", (id_pack,))
            for odd in (5, None, (), ("x",), ("x", 1), "text"):
                self.answered(peer, STR, boxes(yours(odd)))
                self.answered(peer, INSPECT, value((odd,)))

    def test_counts_of_del(self):
        with self.others_are_served(), self.opened() as peer:
            for count in (0, -1, -2**31, -2**63, -10**40, None, "x", 1.5, (), True):
                echo = peer.getattr(peer.its_root, "echo")
                with contextlib.suppress(RemoteError):
                    peer.ask(DEL, boxes(yours(echo), value(count)))
                peer.ping()
            for count in (1, 2, 2**31, 2**63, 10**40):
                root = peer.root()  # stays, whatever its count is
                for one in (peer.getattr(root, "add"), root):
                    with contextlib.suppress(RemoteError):
                        peer.ask(DEL, boxes(yours(one), value(count)))
                    peer.ping()

    def test_del_over_and_over(self):
        with self.others_are_served(), self.opened() as peer:
            method = peer.getattr(peer.its_root, "add")
            peer.ask(DEL, boxes(yours(method), value(1)))
            for _ in range(1000):
                with self.assertRaises(RemoteError):
                    peer.ask(DEL, boxes(yours(method), value(1)))

    def test_replies_to_nothing(self):
        with self.others_are_served(), self.opened() as peer:
            for seq in (0, 1, 77, -1, 2**70, "x", None):
                for box in (value(None), value("x"), boxes(value(1), value(2)), mine(("builtins.list", 5, 6))):
                    peer.send(peer.message(MSG_REPLY, seq, box))
            peer.ping()

    def test_exceptions_of_nothing(self):
        with self.others_are_served(), self.opened() as peer:
            for seq in (0, 77, -1, "x"):
                for args in (1, (("builtins", "ValueError"), ("x",), (), "tb"), (("os", "system"), ("true",), (), "")):
                    peer.send(peer.message(MSG_EXCEPTION, seq, args))
            peer.ping()

    def test_malformed_answers_to_nothing(self):
        """They are ignored, or end this one connection."""
        with self.others_are_served():
            for msg, args in ((MSG_REPLY, 5), (MSG_REPLY, ()), (MSG_REPLY, (9, 9)), (MSG_REPLY, yours(
                ("x", 1, 2))), (MSG_EXCEPTION, None), (MSG_EXCEPTION, "text"), (MSG_EXCEPTION, ((), (), ())),
                              (MSG_EXCEPTION, 5)):
                with self.subTest(msg=msg, args=args), self.opened() as peer:
                    peer.send(peer.message(msg, 3, args))
                    with contextlib.suppress(EOFError, ConnectionError):
                        peer.ping()

    def test_names_that_are_none(self):
        with self.others_are_served(), self.opened() as peer:
            root = yours(peer.its_root)
            for name in (5, None, (), 1.5, b"\xff\xfe", ("add",), b"x" * 1_000_000):
                self.answered(peer, GETATTR, boxes(root, value(name)))
                self.answered(peer, CALLATTR, boxes(root, value(name), value(()), value(())))
            self.answered(peer, GETATTR, boxes(root, value("x" * 1_000_000)), "AttributeError")
            self.answered(peer, CMP, boxes(root, root, value("__init__")))
            self.answered(peer, CMP, boxes(root, root, value(5)))

    def test_arguments_that_are_none(self):
        with self.others_are_served(), self.opened("calculator") as peer:
            method = yours(peer.getattr(peer.its_root, "add"))
            for kwargs in (5, "ab", None, (1, ), (("a", ), ), (("a", 1, 2), ), ((1, 2), ), ((None, 1), ("b", 2)),
                           (("a", 1), 5), (((), 1), )):
                self.answered(peer, CALL, boxes(method, value((1,)), value(kwargs)))
            for args in (5, None, "x", 1.5):
                self.answered(peer, CALL, boxes(method, value(args), value(())))
            for count in (0, 1, 2):
                self.answered(peer, CALL, boxes(*[method] *
                                                count)) if count != 1 else self.answered(peer, CALL, value(()))
            self.assertEqual(peer.call(method[1], 1, 2), 3)

    def test_keywords_without_end(self):
        with self.others_are_served(bound=64 * MIB), self.opened("calculator") as peer:
            method = yours(peer.getattr(peer.its_root, "add"))
            self.answered(peer, CALL, boxes(method, value(()), value(tuple((f"k{i}", i) for i in range(20_000)))),
                          "TypeError")
            self.answered(peer, CALL, boxes(method, value(tuple(range(20_000))), value(())), "TypeError")

    def test_the_last_of_two_keywords_wins(self):
        with self.opened("calculator") as peer:
            method = peer.getattr(peer.its_root, "add")
            self.assertEqual(
                peer.ask_value(CALL, boxes(yours(method), value(()), value((("a", 5), ("b", 2), ("a", 1))))), 3)

    def test_boxes_100_deep(self):
        """The boxes are nested, TUPLE in TUPLE, not the brine."""
        with self.others_are_served(), self.opened() as peer:
            box = value(1)
            for _ in range(60):
                box = boxes(box)
            peer.send(peer.message(MSG_REQUEST, 500, (PING, box)))
            with contextlib.suppress(EOFError):
                peer.answer(500)

    def test_references_without_end(self):
        # Ten thousand objects are lent in one call: the host takes each and gives each back.
        with self.others_are_served(bound=64 * MIB), self.opened() as peer:
            echo = peer.getattr(peer.its_root, "echo")
            lent = tuple(mine(("builtins.list", 5, i + 1)) for i in range(10_000))
            label, items = peer.ask(CALL, boxes(yours(echo), boxes(boxes(*lent)), value(())))
            self.assertEqual((label, len(items)), (2, len(lent)))
            peer.ping()

    def test_an_unknown_class_is_lent_and_never_explained(self):
        # RPyC asks INSPECT about it. A peer that does not answer costs only its own connection.
        with self.others_are_served(), self.opened() as peer:
            echo = peer.getattr(peer.its_root, "echo")
            peer.send(
                peer.message(MSG_REQUEST, 600, (CALL, boxes(yours(echo), boxes(mine(("evil.Class", 5, 6))), value(
                    ())))))
            self.serve_others()


@in_both_dialects
class Sockets(Case):
    def reset(self, peer):
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.sock.close()

    def test_reset_in_mid_call(self):
        with self.others_are_served(bound=64 * MIB):
            for _ in range(50):
                peer = self.opened()
                echo = peer.getattr(peer.its_root, "echo")
                peer.request(CALL, boxes(yours(echo), value((bytes(1 << 20),)), value(())))
                self.reset(peer)

    def test_reset_at_once(self):
        with self.others_are_served():
            for _ in range(200):
                self.reset(self.peer())

    def test_connections_come_and_go(self):
        descriptors, threads = attack.host.descriptors(), attack.host.status("Threads")
        with self.others_are_served():
            for i in range(500):
                with self.peer() as peer:
                    if i % 2:
                        peer.ping()
        harness.eventually("no descriptor is left behind",
                           lambda: attack.bystander.ping() or attack.host.descriptors() <= descriptors + 4)
        harness.eventually("no thread is left behind", lambda: attack.bystander.ping() or attack.host.status("Threads") <= threads + 4)

    def test_a_peer_that_never_reads(self):
        # The peer asks for 1 MiB again and again and reads nothing. The host may stop reading from it, but not hoard.
        with self.others_are_served(bound=(64 + 64) * MIB), self.opened() as peer:
            echo = peer.getattr(peer.its_root, "echo")
            ask = peer.message(MSG_REQUEST, 5, (CALL, boxes(yours(echo), value((bytes(1 << 20),)), value(()))))
            peer.sock.setblocking(False)
            sent, view = 0, memoryview(ask)
            while sent < 256 << 20 and select.select([], [peer.sock], [], 0.5)[1]:
                sent += peer.sock.send(view[sent % len(ask):])
            self.serve_others()

    def test_more_connections_than_a_backlog(self):
        with self.others_are_served(bound=96 * MIB), contextlib.ExitStack() as peers:
            crowd = [peers.enter_context(self.peer()) for _ in range(room(500))]
            for peer in crowd:
                peer.request(PING, value(("hi",)))
            for peer in crowd:
                self.assertEqual(peer.answer(0), (MSG_REPLY, value("hi")))
            for peer in crowd:
                peer.request(CLOSE)
            for peer in crowd:
                self.assertIsNone(peer.read_frame())
