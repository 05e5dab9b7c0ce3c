"""Requests that jam RPyC's own registry, or fill it. Ours still answers other clients within the time that RPyC's clients wait.

`served` checks that: a server registers and a client finds it, by UDP and TCP, each in less than two seconds (the timeout of
RPyC's registry clients). It does not measure speed.
"""

import contextlib
import os
import random
import socket
import unittest

from discovery import OK, Registry, ask_tcp, ask_udp, query, register, request
from harness import eventually
from wire import DEADLINE_S, dump, load

RPYC_TIMEOUT_S = 2
WELL = dump((("127.0.0.1", 1000),))
MIB = 1024  # /proc counts in KiB
BOUND = 16 * MIB


class Limits(unittest.TestCase):
    def test_they_can_be_said(self):
        registry = Registry("--mode", "TCP", "--max-per-source", "2", "--max-registrations", "3")
        self.addCleanup(registry.kill)
        for source, name, answer in (("127.0.0.1", "a", OK), ("127.0.0.1", "b", OK), ("127.0.0.1", "c", b""),
                                     ("127.0.0.2", "a", OK), ("127.0.0.3", "a", b""), ("127.0.0.1", "a", OK)):
            self.assertEqual(ask_tcp(registry.port, register(name), source=source), answer, (source, name))
        self.assertEqual(registry.stop(), 0)


class Jam(unittest.TestCase):
    def setUp(self):
        self.registry = Registry("--mode", "BOTH", "-l", "yes")
        self.port = self.registry.port
        self.addCleanup(self.registry.kill)

    def tearDown(self):
        self.assertEqual(self.registry.stop(), 0, self.registry.story())

    def memory(self):
        with open(f"/proc/{self.registry.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))

    def grew_little(self, before):
        if not os.environ.get("RPYC_SANITIZER"):  # a sanitizer's memory is not the product's
            self.assertLess(self.memory() - before, BOUND)

    def served(self):
        # A datagram may be lost where another program floods the socket; RPyC's servers try again then.
        eventually("it registers", lambda: ask_udp(self.port, register("well", port=1000), RPYC_TIMEOUT_S) == OK)
        eventually("it is found", lambda: ask_udp(self.port, query("well"), RPYC_TIMEOUT_S) == WELL)
        with socket.create_connection(("127.0.0.1", self.port), RPYC_TIMEOUT_S) as sock:
            sock.sendall(register("well", port=1000))
            self.assertEqual(sock.recv(1500), OK)
        with socket.create_connection(("127.0.0.1", self.port), RPYC_TIMEOUT_S) as sock:
            sock.sendall(query("well"))
            self.assertEqual(sock.recv(1500), WELL)

    def peers(self, count, said=b""):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        peers = []
        for _ in range(count):
            peer = stack.enter_context(socket.create_connection(("127.0.0.1", self.port), DEADLINE_S))
            if said:
                peer.sendall(said)
            peers.append(peer)
        return peers

    def test_a_hundred_silent_peers(self):
        self.peers(100)
        self.served()

    def test_half_a_message(self):
        self.peers(100, register("half")[:-3])
        self.served()

    def test_more_peers_than_may_be(self):
        before = self.memory()
        oldest = self.peers(1)[0]
        peers = self.peers(700, b"\x12")
        self.served()
        oldest.settimeout(DEADLINE_S)
        self.assertEqual(oldest.recv(1), b"", "the oldest has made room")
        peers[-1].sendall(register("late")[1:])
        self.assertEqual(peers[-1].recv(1500), OK, "the latest is still there")
        self.grew_little(before)

    def test_a_peer_that_says_nothing_is_left(self):
        peers = [self.peers(1, said)[0] for said in (b"", register("half")[:-1], b"GET / HTTP/1.1\r\n\r\n")]
        for peer in peers:
            peer.settimeout(DEADLINE_S)
            self.assertEqual(peer.recv(1), b"")

    def test_a_message_in_pieces(self):
        whole = register("pieces", port=77)
        self.assertEqual(ask_tcp(self.port, *(whole[i:i + 1] for i in range(len(whole)))), OK)
        self.served()

    def test_two_thousand_names(self):
        names = [f"n{i}" for i in range(2000)]
        self.assertEqual(ask_tcp(self.port, register(*names)), b"")
        self.assertIsNone(ask_udp(self.port, register(*names), 0.1))
        # This fits into a request, and is more than one server has.
        self.assertEqual(ask_tcp(self.port, register(*(chr(65 + i % 26) + chr(97 + i // 26) for i in range(300)))), b"")
        self.served()
        self.assertEqual(load(ask_udp(self.port, request("LIST", (None,)))), ("WELL",))

    def test_ports_that_are_none(self):
        for port in ("18861", "", None, 0, -1, 65536, 10**30, 1.5, True, (1,), b"1"):
            with self.subTest(port):
                self.assertEqual(ask_tcp(self.port, register("bad", port=port)), b"")
                self.assertEqual(ask_tcp(self.port, request("UNREGISTER", port)), b"")
                self.assertIsNone(ask_udp(self.port, register("bad", port=port), 0.02))
        self.served()
        self.assertEqual(load(ask_udp(self.port, query("bad"))), ())

    def test_names_that_are_none(self):
        for names in (("",), ("x" * 129,), (1,), (None,), (b"x",), ("fine", 1)):
            with self.subTest(names):
                self.assertEqual(ask_tcp(self.port, register(*names)), b"")
        self.served()
        self.assertEqual(load(ask_udp(self.port, request("LIST", (None,)))), ("WELL",))

    def test_what_crashes_rpycs_registry(self):
        for value in (("RPYC", 1, ()), ("RPYC", None, ()), ("RPYC", b"QUERY", ("x",)), (b"RPYC", "QUERY", ("x",)),
                      ("RPYC", "QUERY", ()), ("RPYC", "QUERY", ("a", "b")), ("RPYC", "QUERY", "x"), ("RPYC", "LIST", ()),
                      ("RPYC", "LIST", ((),)), ("RPYC", "LIST", (None,)), ("RPYC", "LIST", ((1,),)), ("RPYC", "__INIT__", ()),
                      ("RPYC", "NONSENSE", ()), ("RPYC", "REGISTER", ("foo", 1)), (), 5, None, "RPYC", ("RPYC", "QUERY")):
            with self.subTest(value):
                self.assertEqual(ask_tcp(self.port, dump(value)), b"")
                self.assertIsNone(ask_udp(self.port, dump(value), 0.02))
        self.served()

    def test_oversized_datagrams(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for size in (1501, 9000, 65507):
                for body in (register("big")[:-1], b"\x12" * 10, b""):
                    sock.sendto(body.ljust(size, b"\x00"), ("127.0.0.1", self.port))
            sock.sendto(b"", ("127.0.0.1", self.port))
            # A whole request with too many bytes behind it is no request: RPyC's registry reads 1500 bytes of it.
            sock.sendto(register("big").ljust(1501), ("127.0.0.1", self.port))
        self.served()
        self.assertEqual(load(ask_udp(self.port, query("big"))), ())
        self.assertEqual(ask_tcp(self.port, register("big").ljust(1501)), b"")

    def test_unregistering_what_is_anothers(self):
        self.served()
        for port in range(1000, 1010):
            self.assertEqual(ask_udp(self.port, request("UNREGISTER", port), source="127.0.0.2"), OK)
        self.assertEqual(load(ask_udp(self.port, query("well"))), (("127.0.0.1", 1000),))

    def test_a_hundred_thousand_random_datagrams(self):
        self.served()
        before = self.memory()
        dice = random.Random(20261126)
        seeds = [register("seed"), query("seed"), request("LIST", (None,)), request("UNREGISTER", 5)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", self.port))
            sock.setblocking(False)
            for i in range(100_000):
                message = bytearray(seeds[i % 4]) if i % 3 else bytearray(dice.randbytes(dice.randrange(1, 200)))
                for _ in range(i % 3):
                    message[dice.randrange(len(message))] = dice.randrange(256)
                with contextlib.suppress(OSError):  # datagrams that do not fit are lost
                    sock.send(message)
                if i % 20_000 == 0:
                    self.served()
        self.served()
        self.grew_little(before)

    def test_names_without_end(self):
        self.served()
        before = self.memory()
        taken = 0
        for i in range(300):
            taken += ask_tcp(self.port, register(*(f"name-{i}-{j}" for j in range(20)), port=2000), source="127.0.0.9") == OK
        self.assertEqual(taken, 50, "a thousand of one source")
        self.served()
        self.assertEqual(ask_tcp(self.port, register("name-0-0", port=2000), source="127.0.0.9"), OK, "which it may renew")
        self.grew_little(before)
        self.assertEqual(ask_tcp(self.port, request("UNREGISTER", 2000), source="127.0.0.9"), OK)
        self.assertEqual(ask_tcp(self.port, register("name-x", port=2000), source="127.0.0.9"), OK)
