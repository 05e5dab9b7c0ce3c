"""Bytes in and bytes out: the host's answers to frames that these tests write by hand, in both dialects."""

import unittest
import zlib

import harness
import wire
from wire import (CALL, CALLATTR, CLOSE, CMP, DEL, DIR, GETATTR, GETROOT, HASH, INSPECT, MSG_REPLY, MSG_REQUEST, PING,
                  REPR, STR, NOTHING, Peer, RemoteError, boxes, frame, mine, payload, value, yours)

host = None


def in_both_dialects(case):
    for dialect in harness.DIALECTS:
        name = f"{case.__name__}InDialect{dialect}"
        globals()[name] = type(name, (case,), {"dialect": dialect, "__module__": __name__})


def setUpModule():
    global host
    host = harness.start_host()


def tearDownModule():
    harness.ends_well(host)


class Case(unittest.TestCase):
    dialect = None

    def peer(self, service="calculator"):
        return Peer(host.servers[service], self.dialect)

    def answers(self, peer, request, expected_body):
        """The frame, byte for byte, that answers `request`."""
        peer.send(request)
        flag, body, whole = peer.read_frame()
        self.assertEqual(whole.hex(), frame(expected_body).hex())

    def remote_error(self, peer, handler, box, cls, args=None):
        with self.assertRaises(RemoteError) as caught:
            peer.ask(handler, box)
        error = caught.exception
        self.assertEqual((error.module, error.cls), ("builtins", cls), error.raw)
        if args is not None:
            self.assertEqual(error.remote_args, args)
        return error


@in_both_dialects
class Golden(Case):
    def reply(self, peer, seq, box):
        return payload(peer.dialect, MSG_REPLY, seq, box)

    def request(self, peer, seq, handler, box=NOTHING):
        return peer.message(MSG_REQUEST, seq, (handler, box))

    def test_our_own_encoder(self):
        # wire.py writes the frames below; these are the bytes that rpyc itself wrote for the same messages.
        for dialect, getroot, ping, call in (
            (5, "000000080012515011531151020a", "0000000c001251651151115110080b68690a",
             "0000002b001251531157115212115312080e0f6275696c74696e732e6d6574686f64aa160336303011511151521151020a"),
            (6, "000000080001115011531151020a", "0000000c000111651151115110080b68690a",
             "0000002b000111531157115212115312080e0f6275696c74696e732e6d6574686f64aa160336303011511151521151020a")):
            write = lambda seq, handler, box: frame(payload(dialect, MSG_REQUEST, seq, (handler, box))).hex()
            self.assertEqual(write(0, GETROOT, NOTHING), getroot)
            self.assertEqual(write(21, PING, value(("hi",))), ping)
            method = yours(("builtins.method", 90, 600))
            self.assertEqual(write(3, CALL, boxes(method, value((1, 2)), value(()))), call)

    def test_ping(self):
        with self.peer() as peer:
            expected = {5: "00000009001252651151080b68690a", 6: "00000009000211651151080b68690a"}[peer.dialect]
            peer.send(self.request(peer, 21, PING, value(("hi",))))
            self.assertEqual(peer.read_frame()[2].hex(), expected)

    def test_a_session(self):
        with self.peer() as peer:
            peer.send(self.request(peer, 0, GETROOT))
            body = peer.read_frame()[1]
            msg, seq, (label, root) = wire.load(body) if peer.dialect == 5 else (body[0],) + wire.load(body[1:])
            self.assertEqual((msg, seq, label, len(root)), (MSG_REPLY, 0, 4, 3))
            self.assertEqual([type(part) for part in root], [str, int, int])
            self.assertNotEqual(root[2], 0, "instance id 0 is for classes")
            self.assertEqual(body, self.reply(peer, 0, mine(root)), "the shortest form of everything")
            # The same object again has the same id_pack, bit for bit.
            self.answers(peer, self.request(peer, 1, GETROOT), self.reply(peer, 1, mine(root)))

            peer.send(self.request(peer, 2, INSPECT, value((root,))))
            _, body, _ = peer.read_frame()
            _, _, (label, methods) = wire.load(body) if peer.dialect == 5 else (body[0],) + wire.load(body[1:])
            self.assertEqual(label, 1)
            for name, doc in methods:
                self.assertIs(type(name), str)
                self.assertIn(type(doc), (str, type(None)))
            self.assertEqual(body, self.reply(peer, 2, value(methods)))

            method = peer.getattr(root, "add")
            self.assertIn(method[0], ("builtins.builtin_function_or_method", "builtins.method", "builtins.function"),
                          "names that cost a client no INSPECT")
            self.answers(peer, self.request(peer, 3, CALL, boxes(yours(method), value((1, 2)), value(()))),
                         self.reply(peer, 3, value(3)))
            self.answers(peer, self.request(peer, 4, CALL, boxes(yours(method), value((1,)), value((("b", 2),)))),
                         self.reply(peer, 4, value(3)))
            self.answers(peer, self.request(peer, 5, CALL, boxes(yours(method), value((1, 2)))),
                         self.reply(peer, 5, value(3)))
            self.answers(
                peer, self.request(peer, 6, CALLATTR, boxes(yours(root), value("add"), value((2**70, 1)), value(()))),
                self.reply(peer, 6, value(2**70 + 1)))
            self.answers(peer, self.request(peer, 7, DEL, boxes(yours(method), value(1))),
                         self.reply(peer, 7, value(None)))
            self.answers(peer, self.request(peer, 8, CMP, boxes(yours(root), yours(root), value("__eq__"))),
                         self.reply(peer, 8, value(True)))
            self.answers(peer, self.request(peer, 9, CMP, boxes(yours(root), value(5), value("__eq__"))),
                         self.reply(peer, 9, value(NotImplemented)))
            peer.send(self.request(peer, 10, CLOSE))
            self.assertIsNone(peer.read_frame(), "CLOSE is answered by the end of the stream alone")

    def test_texts(self):
        with self.peer() as peer:
            root = peer.root()
            for handler, kind in ((STR, str), (REPR, str), (HASH, int)):
                self.assertIs(type(peer.ask_value(handler, boxes(yours(root)))), kind)
            names = peer.ask_value(DIR, boxes(yours(root)))
            self.assertIs(type(names), tuple)
            self.assertTrue({"add", "exposed_add"} & set(names), names)

    def test_close_as_the_first_message(self):
        with self.peer() as peer:
            peer.request(CLOSE)
            self.assertIsNone(peer.read_frame())

    def test_what_follows_close_is_not_served(self):
        with self.peer() as peer:
            peer.send(self.request(peer, 0, PING, value(("hi",))) + self.request(peer, 1, CLOSE)
                      + self.request(peer, 2, PING, value(("hi",))))
            self.assertEqual(peer.read()[:2], (MSG_REPLY, 0))
            self.assertIsNone(peer.read_frame())


@in_both_dialects
class Exceptions(Case):
    def test_form(self):
        with self.peer() as peer:
            root = peer.root()
            error = self.remote_error(peer, GETATTR, boxes(yours(root), value("nosuch")), "AttributeError",
                                      ("cannot access 'nosuch'",))
            self.assertEqual(len(error.raw), 4)
            self.assertIs(type(error.attrs), tuple)
            name, version = error.attrs[-1]
            self.assertEqual(name, "_remote_version")
            if version != "<version denied>":
                self.assertEqual(version[0], str(peer.dialect), "the digit that keeps a client from warning")
            self.assertIs(type(error.traceback), str)
            if error.traceback != "<traceback denied>":
                self.assertIn("AttributeError: cannot access 'nosuch'", error.traceback)

    def test_an_exception_does_not_count_references(self):
        with self.peer() as peer:
            method = peer.getattr(peer.root(), "add")
            with self.assertRaises(RemoteError):
                peer.call(method, "x", 1)
            peer.ask(DEL, boxes(yours(method), value(1)))
            self.remote_error(peer, CALL, boxes(yours(method), value((1, 2)), value(())), "KeyError", (method,))


@in_both_dialects
class References(Case):
    def test_counts(self):
        with self.peer("echo") as peer:
            root = peer.root()
            echo = peer.getattr(root, "echo")
            # Lent twice more, in one message: three in all.
            label, items = peer.ask(CALL, boxes(yours(echo), boxes(boxes(yours(echo), yours(echo))), value(())))
            self.assertEqual((label, items), (2, (mine(echo), mine(echo))))
            peer.ask(DEL, boxes(yours(echo), value(2)))
            self.assertEqual(peer.call(echo, 5), 5)
            peer.ask(DEL, boxes(yours(echo)))  # count defaults to 1
            self.remote_error(peer, CALL, boxes(yours(echo), value((5,)), value(())), "KeyError", (echo,))
            self.assertEqual(peer.ask_value(STR, boxes(yours(root))), peer.ask_value(STR, boxes(yours(root))))

    def test_the_root_outlives_its_count(self):
        with self.peer() as peer:
            root = peer.root()
            peer.ask(DEL, boxes(yours(root), value(1)))
            self.assertEqual(peer.call(peer.getattr(peer.root(), "add"), 1, 2), 3)

    def test_borrowed_references_are_given_back(self):
        with self.peer("echo") as peer:
            echo = peer.getattr(peer.root(), "echo")
            lists = [("builtins.list", 77, 1000 + i) for i in range(50)]
            # Each is lent twice in one call and must be given back twice, in one DEL or two.
            args = boxes(boxes(*[mine(one) for one in lists + lists]))
            label, items = peer.ask(CALL, boxes(yours(echo), args, value(())))
            self.assertEqual((label, items), (2, tuple(yours(one) for one in lists + lists)))
            given_back = {}
            for _ in range(100):
                for seq, (handler, request) in peer.requests:
                    self.assertEqual(handler, DEL)
                    (kind, id_pack), count = request[1][0], request[1][1][1] if len(request[1]) > 1 else 1
                    self.assertEqual(kind, 3)
                    given_back[id_pack] = given_back.get(id_pack, 0) + count
                    peer.send(peer.message(MSG_REPLY, seq, value(None)))
                peer.requests.clear()
                if len(given_back) == len(lists):
                    break
                peer.ping()
            self.assertEqual(given_back, {one: 2 for one in lists})

    def test_id_packs_come_back_bit_exact(self):
        with self.peer("echo") as peer:
            echo = peer.getattr(peer.root(), "echo")
            for odd in (("builtins.list", -1, -2), ("builtins.list", 2**80, 2**90), ("builtins.list", "text", "ids")):
                self.assertEqual(peer.ask(CALL, boxes(yours(echo), boxes(mine(odd)), value(()))), yours(odd))

    def test_connections_do_not_share_references(self):
        with self.peer() as peer:
            method = peer.getattr(peer.root(), "add")
            with Peer(host.servers["calculator"], peer.dialect) as other:
                other.root()
                with self.assertRaises(RemoteError) as caught:
                    other.call(method, 1, 2)
                self.assertEqual(caught.exception.cls, "KeyError")

    def test_names_may_be_bytes(self):
        with self.peer() as peer:
            root = peer.root()
            self.assertEqual(peer.call(peer.getattr(root, b"add"), 1, 2), 3)
            self.remote_error(peer, GETATTR, boxes(yours(root), value(5)), "TypeError")
            peer.ping()


@in_both_dialects
class Framing(Case):
    def test_byte_by_byte(self):
        with self.peer() as peer:
            for byte in peer.message(MSG_REQUEST, 0, (PING, value(("slow",)))):
                peer.send(bytes([byte]))
            self.assertEqual(peer.answer(0), (MSG_REPLY, value("slow")))

    def test_many_at_once(self):
        with self.peer() as peer:
            peer.send(b"".join(peer.message(MSG_REQUEST, i, (PING, value((i,)))) for i in range(500)))
            for i in range(500):
                self.assertEqual(peer.answer(i), (MSG_REPLY, value(i)))

    def test_one_and_a_half(self):
        with self.peer() as peer:
            first, second = (peer.message(MSG_REQUEST, i, (PING, value(("x" * 50,)))) for i in (0, 1))
            peer.send(first + second[:20])
            self.assertEqual(peer.answer(0)[0], MSG_REPLY)
            peer.send(second[20:])
            self.assertEqual(peer.answer(1)[0], MSG_REPLY)

    def test_any_trailing_byte(self):
        with self.peer() as peer:
            for i, byte in enumerate((0, 0x0d, 0xff)):
                peer.send(frame(payload(peer.dialect, MSG_REQUEST, i, (PING, value((i,)))), trailer=bytes([byte])))
                self.assertEqual(peer.answer(i), (MSG_REPLY, value(i)))

    def test_compressed(self):
        with self.peer() as peer:
            for seq, (text, flag, level) in enumerate(
                (("x" * 5000, 1, 1), ("small", 1, 9), ("x" * 100_000, 7, 0), ("", 255, 6))):
                body = payload(peer.dialect, MSG_REQUEST, seq, (PING, value((text,))))
                peer.send(frame(zlib.compress(body, level), flag))
                self.assertEqual(peer.answer(seq), (MSG_REPLY, value(text)))

    def test_compressed_from_the_first_message(self):
        # The dialect is told by the first byte of the payload, which is inside.
        with self.peer() as peer:
            peer.send(frame(zlib.compress(payload(peer.dialect, MSG_REQUEST, 0, (GETROOT, NOTHING))), 1))
            self.assertEqual(peer.answer(0)[1][0], 4)

    def test_uncompressed_of_any_size(self):
        with self.peer("echo") as peer:
            echo = peer.getattr(peer.root(), "echo")
            for n in (2999, 3001, 64_000, 1_000_000):
                self.assertEqual(peer.call(echo, b"x" * n), b"x" * n)

    def test_empty_frames_are_ignored(self):
        with self.peer() as peer:
            for i in range(3):
                peer.send(frame(b"") * 2 + peer.message(MSG_REQUEST, i, (PING, value((i,)))) + frame(b""))
                self.assertEqual(peer.answer(i), (MSG_REPLY, value(i)))

    def test_bytes_after_the_value_are_ignored(self):
        with self.peer() as peer:
            peer.send(frame(payload(peer.dialect, MSG_REQUEST, 0, (PING, value((1,)))) + b"\xff\xffmore"))
            self.assertEqual(peer.answer(0), (MSG_REPLY, value(1)))

    def test_liberal_forms(self):
        # Every reader accepts these forms, which no writer uses: ints as text, long forms of short values.
        with self.peer() as peer:
            for i, (form, meaning) in enumerate(
                ((b"\x16\x015", 5), (b"\x17\0\0\0\x0235", 35), (b"\x14\0", ()), (b"\x0e\x02ab", b"ab"),
                 (b"\x0f\0\0\0\0", b""), (b"\x08\x0e\x01x", "x"), (b"\x15\0\0\0\x01\x51", (1, )), (b"\x16\x02+7", 7),
                 (b"\x16\x03007", 7), (b"\x16\x02-0", 0))):
                head = b"\x12\x51" if peer.dialect == 5 else b"\x01\x11"
                body = head + wire.dump(i) + b"\x11\x51\x11\x51\x10" + form  # (PING, (1, (form,)))
                peer.send(frame(body))
                self.assertEqual(peer.answer(i), (MSG_REPLY, value(meaning)))

    def test_half_close_after_a_request(self):
        with self.peer() as peer:
            peer.request(PING, value(("last",)))
            peer.sock.shutdown(1)
            self.assertEqual(peer.answer(0), (MSG_REPLY, value("last")))
            self.assertIsNone(peer.read_frame())

    def test_the_dialect_is_the_first_bytes(self):
        with Peer(host.servers["calculator"], 5) as five, Peer(host.servers["calculator"], 6) as six:
            for _ in range(3):
                five.ping()
                six.ping()

    def test_the_host_never_speaks_first(self):
        with self.peer() as peer:
            peer.sock.shutdown(1)
            self.assertIsNone(peer.read_frame())


@in_both_dialects
class Sequences(Case):
    def test_any_value_is_echoed(self):
        with self.peer() as peer:
            for seq in (0, -1, 2**63, 2**64, -2**70, 10**300, "text", b"bytes", None, True, 1.5, (1, "x"), ()):
                peer.send(peer.message(MSG_REQUEST, seq, (PING, value(("hi",)))))
                msg, got, box = peer.read()
                self.assertEqual((msg, type(got), got, box), (MSG_REPLY, type(seq), seq, value("hi")))

    def test_the_same_again(self):
        with self.peer() as peer:
            for i in range(3):
                peer.send(peer.message(MSG_REQUEST, 5, (PING, value((i,)))))
            self.assertEqual([peer.read() for _ in range(3)], [(MSG_REPLY, 5, value(i)) for i in range(3)])

    def test_out_of_order(self):
        with self.peer() as peer:
            order = (92, 93, 91, 5)
            peer.send(b"".join(peer.message(MSG_REQUEST, i, (PING, value((i,)))) for i in order))
            self.assertEqual({peer.read()[1] for _ in order}, set(order))
