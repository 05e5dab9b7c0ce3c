"""Peers try to take all the memory of a host whose address space is limited (ulimit -v), in every kind: the host does not die,
it serves others meanwhile, and the control plane answers. A refusal names its error, or the connection ends.
"""

import contextlib
import random
import resource
import struct
import unittest
import zlib

import harness
from attack import ADDRESS_SPACE, gone_is_fine
from wire import MSG_EXCEPTION, PING, Peer, frame, value

CONNECTIONS = 30
UNFINISHED = 60 << 20


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


class Case(unittest.TestCase):
    kind = None

    def setUp(self):
        self.start(limited)

    def start(self, preexec_fn):
        self.host = harness.Host("--admin_address=127.0.0.1:0", f"--server={self.kind}:ECHO@127.0.0.1:0", preexec_fn=preexec_fn)
        self.addCleanup(self.host.kill)
        self.address, = self.host.servers.values()
        self.bystander = Peer(self.address)
        self.bystander.ping()

    def lives(self):
        self.assertIsNone(self.host.child.poll(), "the host has died" + self.host.story())
        self.bystander.ping()
        with Peer(self.address) as peer:
            peer.ping()
        server = harness.admin(self.host, "ServerService/ListServers")["servers"][0]
        self.assertEqual(server["state"], "LISTENING", self.host.story())

    def ends_well(self):
        self.bystander.sock.close()
        self.assertEqual(self.host.stop(), 0, self.host.story())

    def connect_many(self, stack, known):
        for n in range(CONNECTIONS):
            peer = stack.enter_context(Peer(self.address, dialect=5 + n % 2))
            if known:
                peer.ping()
            yield peer

    def test_unfinished_frames(self):
        part = bytes(1 << 20)
        for known in (False, True):
            with self.subTest(known=known), contextlib.ExitStack() as stack:
                for peer in self.connect_many(stack, known):
                    peer.sock.settimeout(20)
                    with gone_is_fine():
                        head = b"\x12\x51\x50" if peer.dialect == 5 else b"\x01\x11\x50"
                        peer.send(struct.pack("!IB", UNFINISHED + (1 << 20), 0) + head)
                        for _ in range(UNFINISHED >> 20):
                            peer.send(part)
                self.lives()
        self.ends_well()

    def test_values_that_are_large_once_decoded(self):
        # These are some kilobytes that inflate to tuples in tuples, which take a hundred times as much again.
        inner = b"\x15" + struct.pack("!I", 2000) + b"\x10\x02" * 2000
        count = 1000
        body = b"\x11\x51\x11\x51\x10\x15" + struct.pack("!I", count) + inner * count
        with contextlib.ExitStack() as stack:
            peers = list(self.connect_many(stack, known=True))
            for peer in peers:
                head = b"\x12\x51\x52" if peer.dialect == 5 else b"\x01\x11\x52"
                peer.send(frame(zlib.compress(head + body), 1))
            self.lives()
            for peer in peers:
                with gone_is_fine(), contextlib.suppress(EOFError):
                    msg, args = peer.answer(2)
                    if msg == MSG_EXCEPTION:
                        self.assertEqual(args[0][1], "MemoryError", args)
        self.lives()
        self.ends_well()

    def test_what_large_messages_took_is_given_back(self):
        self.ends_well()
        self.start(None)  # malloc has all its arenas
        before = self.host.status("VmRSS")
        with contextlib.ExitStack() as stack:
            peers = list(self.connect_many(stack, known=True))[:8]
            for _ in range(3):
                for seq, peer in enumerate(peers):  # at the same time, and of many objects
                    peer.request(PING, value((("x" * 40,) * 50_000, bytes(4 << 20))), seq=100 + seq)
                for seq, peer in enumerate(peers):
                    peer.answer(100 + seq)
            harness.eventually("it is given back",
                               lambda: self.bystander.ping() or self.host.status("VmRSS") - before < 48 << 10)
        self.ends_well()

    def test_replies_that_nobody_takes(self):
        rng = random.Random(1)
        big = value((rng.randbytes(8 << 20),))
        with contextlib.ExitStack() as stack:
            for peer in self.connect_many(stack, known=True):
                peer.sock.settimeout(0.5)
                with gone_is_fine(), contextlib.suppress(TimeoutError):
                    for seq in range(100, 110):
                        peer.request(PING, big, seq=seq)
            self.lives()
        self.lives()
        self.ends_well()


KINDS = ("threaded", "thread_pool", "gevent", "forking")
for kind in KINDS:
    name = f"Memory_{kind}"
    globals()[name] = type(name, (Case,), {"kind": kind, "__module__": __name__})
del Case
