"""Peers that mean harm when they are asked: what they answer to a callback, raise from it, and pass on to other peers. One
named test an attack, in both dialects; what each demands is in attack.py.
"""

import attack
import harness
from attack import MIB, Case, in_both_dialects
from wire import (BUFFITER, CALL, CMP, DEL, DIR, GETATTR, HASH, INSPECT, MSG_EXCEPTION, MSG_REPLY, MSG_REQUEST, REPR, STR,
                  RemoteError, boxes, dump, frame, mine, value, yours)

DEPTH = 64  # max_callback_depth
FUNCTION = ("builtins.function", 16, 32)


def setUpModule():
    attack.attack_host(
        harness.Host("--admin_address=127.0.0.1:0", "--server=threaded:RELAY@127.0.0.1:0",
                     "--server=threaded:FIXTURE@127.0.0.1:0", name="fixture_host"), "fixture", "arguments", (1, 2))


tearDownModule = attack.host_ends_well


class RelayCase(Case):
    server = "relay"

    def relay(self):
        """Opens a connection, with `methods` by name."""
        peer = self.opened()
        peer.methods = {name: peer.getattr(peer.its_root, name) for name in ("call", "both", "keep", "kept", "forget")}
        return peer

    def begin(self, peer, method, *boxed):
        return peer.request(CALL, boxes(yours(peer.methods[method]), boxes(*boxed), value(())))

    def next_request(self, peer):
        """Returns the next request of the host other than DEL: (seq, handler, box)."""
        while True:
            msg, seq, args = peer.read()
            self.assertEqual(MSG_REQUEST, msg, args)
            if args[0] != DEL:
                return seq, *args

    def outcome(self, peer, seq):
        """Returns (label, content) of a reply, or the RemoteError."""
        msg, args = peer.answer(seq)
        return args if msg == MSG_REPLY else RemoteError(args)

    def asked_back(self, peer, answer, msg=MSG_REPLY):
        """Returns the outcome of a callback that gets this answer."""
        seq = self.begin(peer, "call", mine(FUNCTION))
        asked, handler, _ = self.next_request(peer)
        self.assertEqual(CALL, handler)
        peer.send(peer.message(msg, asked, answer))
        return self.outcome(peer, seq)

    def releases(self, peer, times):
        """Returns the sum of what the host gives back, by id_pack; reads until there are this many."""
        peer.ping()
        got = {}

        def take(args):
            handler, box = args
            self.assertEqual(DEL, handler)
            (label, id_pack), (_, count) = box[1]
            self.assertEqual(3, label)
            got[id_pack] = got.get(id_pack, 0) + count

        for _, args in peer.requests:
            take(args)
        peer.requests.clear()
        while sum(got.values()) < times:
            msg, _, args = peer.read()
            self.assertEqual(MSG_REQUEST, msg)
            take(args)
        peer.ping()
        for _, args in peer.requests:
            take(args)
        peer.requests.clear()
        return got


@in_both_dialects
class Callbacks(RelayCase):
    def bomb(self, peer):
        """Answers every callback by a call that calls back. Returns the (call, callback) pairs that wait then."""
        waiting = []
        while True:
            call = self.begin(peer, "call", mine(FUNCTION))
            msg, seq, args = peer.read()
            if msg != MSG_REQUEST:
                break
            waiting.append((call, seq))
        self.assertEqual((MSG_EXCEPTION, call), (msg, seq))
        self.assertEqual(("builtins", "RecursionError"), args[0])
        self.assertEqual(DEPTH, len(waiting))
        return waiting

    def test_recursion_bomb(self):
        with self.others_are_served(), self.relay() as peer:
            for _ in range(10):
                for call, callback in reversed(self.bomb(peer)):
                    peer.send(peer.message(MSG_REPLY, callback, value("up")))
                    self.assertEqual(value("up"), self.outcome(peer, call))
                self.assertEqual({FUNCTION: DEPTH + 1}, self.releases(peer, DEPTH + 1))

    def test_recursion_bombs_that_are_left_alone(self):
        with self.others_are_served(bound=64 * MIB):
            peers = [self.relay() for _ in range(20)]
            for peer in peers:
                self.bomb(peer)
            self.serve_others()
            for peer in peers:
                peer.sock.close()

    def test_answers_with_references_to_nothing(self):
        with self.others_are_served(), self.opened() as other, self.relay() as peer:
            stolen = other.its_root
            for odd in (stolen, ("builtins.function", 1, 2), FUNCTION, ("x", 0, 0), 5, None, (), ("x",), "text", (1, 2, 3)):
                got = self.asked_back(peer, yours(odd))
                self.assertEqual("KeyError", got.cls, got.raw)
                self.assertEqual((odd,), got.remote_args)
            for odd in (5, None, (), ("x",), "text", (1, 2, 3), (b"x", 1, 2), ("x", 1)):
                self.assertEqual("TypeError", self.asked_back(peer, mine(odd)).cls)
            for odd in ((0, 1), (5, 1), ("1", 1), (1,), (), (1, 2, 3), 7, None, (2, 7), (2, (1,)), (2, ((9, 9),))):
                self.assertIn(self.asked_back(peer, odd).cls, ("ValueError", "TypeError"))
            self.assertEqual(value(1), self.asked_back(peer, value(1)))

    def test_answers_with_many_references(self):
        with self.others_are_served(bound=256 * MIB), self.relay() as peer:
            many = 100_000
            got = self.asked_back(peer, boxes(*(mine(("builtins.list", 16, 16 * n)) for n in range(1, many + 1))))
            self.assertEqual((2, many), (got[0], len(got[1])))
            self.assertEqual(yours(("builtins.list", 16, 16)), got[1][0])
            released = self.releases(peer, many + 1)
            self.assertEqual({1}, set(released.values()))
            self.assertEqual(many + 1, len(released))

    def test_answers_nested_deeply(self):
        def begin(peer, levels):
            seq = self.begin(peer, "call", mine(FUNCTION))
            asked, _, _ = self.next_request(peer)
            head = b"\x12\x52" if self.dialect == 5 else b"\x02\x11"
            peer.send(frame(head + dump(asked) + b"\x11\x52\x10" * levels + dump(mine(FUNCTION))))  # boxes((...,))
            return seq

        with self.others_are_served():
            with self.relay() as peer:
                got = self.outcome(peer, begin(peer, 150))
                for _ in range(150):
                    self.assertEqual(2, got[0])
                    (got,) = got[1]
                self.assertEqual(yours(FUNCTION), got)
            for levels in (300, 100_000):
                with self.relay() as peer:  # the call fails by the limit's name, and the connection goes on
                    msg, args = peer.answer(begin(peer, levels))
                    self.assertEqual((MSG_EXCEPTION, ("builtins", "ValueError")), (msg, args[0]))
                    self.assertIn("max_nesting 200", args[1][0])
                    peer.ping()

    def test_answers_never_asked_for_and_given_twice(self):
        with self.others_are_served(), self.relay() as peer:
            for _ in range(100):
                seq = self.begin(peer, "call", mine(FUNCTION))
                asked, _, _ = self.next_request(peer)
                for wrong in (asked + 1, asked + 2**40, -1, "x", None, 1.5, (asked,), str(asked)):
                    peer.send(peer.message(MSG_REPLY, wrong, value("wrong")))
                    peer.send(peer.message(MSG_EXCEPTION, wrong, (("builtins", "SystemExit"), (), (), "")))
                peer.send(peer.message(MSG_REPLY, asked, value("right")) + peer.message(MSG_REPLY, asked, value("twice")) +
                          peer.message(MSG_EXCEPTION, asked, 1) + peer.message(MSG_REPLY, asked, mine(("x", 2, 4))))
                self.assertEqual(value("right"), self.outcome(peer, seq))
                peer.ping()

    def test_exceptions_of_its_choosing(self):
        def raised(module, cls, args=(), attrs=(), traceback=""):
            got = self.asked_back(peer, ((module, cls), args, attrs, traceback), MSG_EXCEPTION)
            self.assertIsInstance(got, RemoteError)
            return got

        with self.others_are_served(bound=256 * MIB), self.relay() as peer:
            for cls in ("SystemExit", "KeyboardInterrupt", "GeneratorExit", "BaseException", "eval", "__import__", "type", ""):
                got = raised("builtins", cls, (3,), (("code", 3),))
                self.assertEqual(("builtins", cls, (3,)), (got.module, got.cls, got.remote_args))
                self.assertIn(("code", 3), got.attrs)
            for name in ("__class__", "__main__", "a.b.c", "..", "/etc/passwd", "a\nb", "\x1b[31m", "\u202e", "'\"\\", "x" * 10**6):
                got = raised(name, name, ("text",))
                self.assertEqual((name, name, ("text",)), (got.module, got.cls, got.remote_args))
            # These names would replace the next peer's own attributes.
            names = ("__class__", "__dict__", "__traceback__", "_remote_tb", "_remote_version", "args", "with_traceback", "add_note")
            got = raised("builtins", "ValueError", (), tuple((name, "theirs") for name in names) + (("fine", 1),))
            self.assertEqual(["fine", "_remote_version"], [name for name, _ in got.attrs])
            self.assertNotIn(("_remote_version", "theirs"), got.attrs)
            for args in (("x" * 10**7,), tuple(range(100_000)), (10**4000,), (1.5, b"\xff", None, frozenset((1,)), slice(1))):
                self.assertEqual(args, raised("builtins", "ValueError", args).remote_args)
            deep = ()
            for _ in range(190):
                deep = (deep,)
            self.assertEqual("ValueError", raised("builtins", "ValueError", (deep,), (("a", deep),)).cls)
            self.assertIn("x" * 10**6, raised("builtins", "ValueError", traceback="x" * 10**6).traceback)
            for attrs in ((1,), (("a",),), (("a", 1, 2),), ((1, 2),), ("ab",)):
                self.assertEqual("ValueError", raised("builtins", "ValueError", (), attrs).cls)

    def test_exceptions_that_are_none(self):
        whole = (("builtins", "ValueError"), ("x",), (), "")
        with self.others_are_served(), self.relay() as peer:
            for odd in (None, 0, 2, -1, "ValueError", b"x", (), whole[:3], whole + (1,), ("builtins", "ValueError"), (whole,),
                        ((1, 2), (), (), ""), (("builtins",), (), (), ""), (("builtins", b"ValueError"), (), (), ""),
                        (("builtins", "Value\0Error"), (), (), ""), (whole[0], 1, (), ""), (whole[0], (), 1, ""),
                        (whole[0], (), (), b""), (whole[0], (), (), None), 1.5, frozenset(whole[0]), slice(1)):
                got = self.asked_back(peer, odd, MSG_EXCEPTION)
                self.assertEqual("TypeError", got.cls, odd)
                self.assertIn("the peer raised what is no exception", got.remote_args[0])
            for stop in (1, True):
                self.assertEqual(1, self.asked_back(peer, stop, MSG_EXCEPTION).raw)


@in_both_dialects
class IdPacks(RelayCase):
    def test_ping_pong_with_growing_counts(self):
        with self.others_are_served(), self.relay() as peer:
            sent = 0
            thing = ("builtins.list", 16, 48)
            for count in (1, 2, 3, 10, 100, 1000):
                got = self.outcome(peer, self.begin(peer, "both", boxes(*[mine(thing)] * count)))
                self.assertEqual((2, (boxes(*[yours(thing)] * count),) * 2), got)
                sent += count
            self.assertEqual({thing: sent}, self.releases(peer, sent))

    def test_ping_pong_between_two_peers(self):
        """One peer sends it on and on, the other asks for it over and over: each is told what was its own."""
        with self.others_are_served(), self.relay() as owner, self.relay() as user:
            key, thing = f"ping-pong {self.id()}", ("builtins.list", 16, 48)
            for _ in range(100):
                self.assertEqual(value(None), self.outcome(owner, self.begin(owner, "keep", value(key), mine(thing))))
            for _ in range(100):
                self.assertEqual(mine(thing), self.outcome(user, self.begin(user, "kept", value(key))))
                self.assertEqual(boxes(mine(thing), mine(thing)), self.outcome(user, self.begin(user, "both", yours(thing))))
                self.assertEqual(yours(thing), self.outcome(owner, self.begin(owner, "kept", value(key))))
            self.assertEqual(value(None), self.outcome(user, self.begin(user, "forget", value(key))))
            owner.ping()
            self.assertEqual([], owner.requests, "the other one still holds it")
            for count in (299, 1):
                self.assertEqual(mine(thing), self.outcome(user, self.begin(user, "both", yours(thing)))[1][0])
                user.ask(DEL, boxes(yours(thing), value(count + 2)))
                if count > 1:
                    self.answered(user, DEL, boxes(yours(thing), value(0)))
            self.answered(user, DEL, boxes(yours(thing), value(1)), "KeyError", (thing,))
            self.assertEqual({thing: 100}, self.releases(owner, 100))

    def test_forged_as_an_object_of_the_hosts(self):
        with self.others_are_served(), self.relay() as forger, self.relay() as victim:
            key = f"forged {self.id()}"
            its = victim.methods["both"]
            for forged in (its, victim.its_root, (its[0], its[1], 0), (its[0], its[2], its[1]), (its[0], its[1], its[2] + 2)):
                self.outcome(forger, self.begin(forger, "keep", value(key), mine(forged)))
                label, seen = self.outcome(victim, self.begin(victim, "kept", value(key)))
                self.assertEqual((4, forged[0], forged[2] == 0), (label, seen[0], seen[2] == 0))
                self.assertNotEqual(forged[1:], seen[1:])
                self.assertNotEqual(its[1], seen[1], "or isinstance would be fooled")
                # Each id still means what it meant before.
                self.assertEqual(value((1, 1)), self.outcome(victim, self.begin(victim, "both", value(1))))
                self.assertEqual(yours(forged), self.outcome(forger, self.begin(forger, "kept", value(key))))
                user = self.outcome(victim, self.begin(victim, "both", yours(seen)))
                self.assertEqual(boxes(mine(seen), mine(seen)), user)
            self.outcome(victim, self.begin(victim, "forget", value(key)))

    def test_two_owners_call_theirs_the_same(self):
        with self.others_are_served(), self.relay() as one, self.relay() as two, self.relay() as user:
            thing = ("builtins.list", 16, 48)
            for owner, key in ((one, "same one"), (two, "same two")):
                self.outcome(owner, self.begin(owner, "keep", value(key + self.id()), mine(thing)))
            first = self.outcome(user, self.begin(user, "kept", value("same one" + self.id())))
            second = self.outcome(user, self.begin(user, "kept", value("same two" + self.id())))
            self.assertEqual(mine(thing), first)
            self.assertNotEqual(first, second)
            self.assertEqual(boxes(first, first), self.outcome(user, self.begin(user, "both", yours(first[1]))))
            self.assertEqual(boxes(second, second), self.outcome(user, self.begin(user, "both", yours(second[1]))))
            for key in ("same one", "same two"):
                self.outcome(user, self.begin(user, "forget", value(key + self.id())))


@in_both_dialects
class Chained(RelayCase):
    """One peer asks about another peer's object, and the owner answers as it likes."""

    def through(self, handler, more, answer, msg=MSG_REPLY):
        thing = ("mod.Thing", 16, 48)
        key = f"{handler} {self.id()}"
        self.outcome(self.owner, self.begin(self.owner, "keep", value(key), mine(thing)))
        label, seen = self.outcome(self.user, self.begin(self.user, "kept", value(key)))
        box = value((seen,)) if handler == INSPECT else boxes(yours(seen), *map(value, more))
        seq = self.user.request(handler, box)
        asked, _, _ = self.next_request(self.owner)
        self.owner.send(self.owner.message(msg, asked, answer))
        return self.outcome(self.user, seq)

    def test_wrong_types_in_answers(self):
        rows = ((STR, (), "text", (5, None, b"x", ())), (REPR, (), "text", (5, None, b"x", ())),
                (HASH, (), 5, ("x", None, 1.5, ())), (DIR, (), ("a", "b"), (5, None, "ab", (1, 2), (b"a",), ("a", None))),
                (BUFFITER, (10,), (1, 2), (5, None, "ab", frozenset((1,)))),
                (INSPECT, (), (("__len__", None), ("__add__", "doc")),
                 (5, None, "ab", ("a",), (("a",),), (("a", 1),), ((1, "a"),), ((b"a", None),), (("a", None, 1),))))
        with self.others_are_served(), self.relay() as self.owner, self.relay() as self.user:
            for handler, more, right, wrong in rows:
                self.assertEqual(value(right), self.through(handler, more, value(right)))
                for odd in wrong:
                    got = self.through(handler, more, value(odd))
                    self.assertIsInstance(got, RemoteError, (handler, odd))
                    self.assertEqual("TypeError", got.cls)
                got = self.through(handler, more, mine(("x", 2, 4)))
                self.assertEqual("TypeError", got.cls)
                got = self.through(handler, more, (("builtins", "SystemExit"), (1,), (), "tb\n"), MSG_EXCEPTION)
                self.assertEqual(("SystemExit", (1,)), (got.cls, got.remote_args))
                self.assertIn("========= Remote Traceback (1) =========\ntb\n", got.traceback)

    def test_what_anything_may_answer(self):
        with self.others_are_served(), self.relay() as self.owner, self.relay() as self.user:
            for handler, more in ((CALL, ((), ())), (GETATTR, ("__len__",)), (CMP, (1, "__eq__"))):
                for answer in (value(5), value(NotImplemented), mine(("x", 2, 4)), boxes(mine(("x", 2, 4)), value(1))):
                    self.assertEqual(answer, self.through(handler, more, answer))

    def test_the_owner_goes_while_it_is_asked(self):
        with self.others_are_served():
            for _ in range(20):
                with self.relay() as self.owner, self.relay() as self.user:
                    key = f"goes {self.id()}"
                    self.outcome(self.owner, self.begin(self.owner, "keep", value(key), mine(("mod.Thing", 16, 48))))
                    _, seen = self.outcome(self.user, self.begin(self.user, "kept", value(key)))
                    seq = self.user.request(STR, boxes(yours(seen)))
                    self.next_request(self.owner)
                    self.owner.sock.close()
                    self.assertEqual("EOFError", self.outcome(self.user, seq).cls)
                    self.answered(self.user, STR, boxes(yours(seen)), "EOFError")
                    self.user.ask(DEL, boxes(yours(seen), value(1)))
                    self.outcome(self.user, self.begin(self.user, "forget", value(key)))
