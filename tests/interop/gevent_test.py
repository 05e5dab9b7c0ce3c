"""Fibers: what the gevent kind promises beyond what every kind promises. The conformance suite tests that."""

import contextlib
import os
import re
import resource
import tempfile
import unittest

import harness
from harness import admin, address_of
from wire import CALL, CALLATTR, MSG_REPLY, MSG_REQUEST, Peer, boxes, mine, value, yours

SANITIZED = bool(os.environ.get("RPYC_SANITIZER"))


class Case(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        cls.host = harness.Host("--admin_address=127.0.0.1:0", "--drain_timeout=1s", name="loops_host")

    @classmethod
    def tearDownClass(cls):
        harness.ends_well(cls.host)

    def setUp(self):
        self.peers = contextlib.ExitStack()
        self.addCleanup(self.peers.close)

    def start(self, service="LOOPS", **spec):
        server = harness.start_server(self.host, kind="gevent", service=service, **spec)
        self.addCleanup(admin, self.host, "ServerService/CloseServer", name=server["name"])
        return server

    def stats(self, server):
        return admin(self.host, "ServerService/GetServer", name=server["name"])["fibers"]

    def count(self, server, field):
        return int(self.stats(server).get(field, 0))

    def peer(self, server):
        """A raw connection that knows its root."""
        peer = self.peers.enter_context(Peer(address_of(server)))
        peer.root_id = peer.root()
        return peer

    def begin(self, peer, method, *args):
        """Calls a method of the root without waiting; returns the seq. `args` are boxes."""
        return peer.request(CALLATTR, boxes(yours(peer.root_id), value(method), boxes(*args), value(())))

    def end(self, peer, seq):
        msg, box = peer.answer(seq)
        self.assertEqual(msg, MSG_REPLY, box)
        return box[1]

    def call(self, peer, method, *args):
        return self.end(peer, self.begin(peer, method, *map(value, args)))


class HighConcurrency(Case):

    def test_thousands_of_calls_wait_at_once_on_one_thread(self):
        # Each connection needs a descriptor at both ends. Calls that waited one after the other would exceed the test's deadline.
        wanted = 500 if SANITIZED else 5000
        count = min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 200)
        server = self.start("HIGHCONCURRENCY", loops=1)
        threads = self.host.status("Threads")
        peers = [self.peer(server) for _ in range(count)]
        self.assertEqual(self.count(server, "busy"), 0, "an idle connection has no fiber")
        calls = [(peer, self.begin(peer, "io_operation", value(str(n)))) for n, peer in enumerate(peers)]
        for n, (peer, seq) in enumerate(calls):
            self.assertEqual(self.end(peer, seq), f"Processed: {n}")
        # The first call has ended before the last one is sent.
        self.assertGreater(self.count(server, "most_busy"), count // 10)
        self.assertLessEqual(self.host.status("Threads"), threads + 1)
        self.assertEqual(self.count(server, "busy"), 0)

    def test_no_more_than_max_fibers(self):
        server = self.start("HIGHCONCURRENCY", max_fibers=2)
        calls = [(peer, self.begin(peer, "io_operation", value("x"))) for peer in [self.peer(server) for _ in range(7)]]
        for peer, seq in calls:
            self.assertEqual(self.end(peer, seq), "Processed: x")
        stats = self.stats(server)
        self.assertEqual((stats["size"], stats["most_busy"]), ("2", "2"))
        self.assertGreater(int(stats["saturated"]), 1)


class Callbacks(Case):

    def test_nested_callbacks_on_a_thousand_connections(self):
        server = self.start()
        peers = [self.peer(server) for _ in range(100 if SANITIZED else 1000)]
        function = mine(("__main__.f", 1, 1))
        calls = [(peer, self.begin(peer, "sum", function, value(3))) for peer in peers]
        harness.eventually("all wait for their clients", lambda: self.count(server, "busy") == len(peers))
        for peer, seq in calls:
            for turn in range(3):
                msg, at, (handler, box) = peer.read()
                self.assertEqual((msg, handler), (MSG_REQUEST, CALL))
                # While it waits for this answer, another call of the same connection goes through.
                self.assertEqual(self.call(peer, "wait", "in between") if turn == 1 and peer is peers[0] else None,
                                 "waited: in between" if turn == 1 and peer is peers[0] else None)
                peer.send(peer.message(MSG_REPLY, at, value(10 + turn)))
            self.assertEqual(self.end(peer, seq), 33)

    def test_what_waits_in_a_catch_keeps_its_exception(self):
        server = self.start()
        peers = [self.peer(server) for _ in range(5)]
        calls = [(peer, self.begin(peer, "wait_in_catch", value(str(n)), mine(("__main__.f", 1, 1))))
                 for n, peer in enumerate(peers)]
        asked = [peer.read()[1] for peer in peers]
        for n, ((peer, seq), at) in enumerate(zip(calls, asked)):
            peer.send(peer.message(MSG_REPLY, at, value(None)))
            self.assertEqual(self.end(peer, seq), str(n))


class Loops(Case):

    def test_a_call_through_the_client_parks_its_fiber(self):
        server = self.start(loops=1)
        peers = [self.peer(server) for _ in range(20)]
        # Each call is a client of the loop that it runs on: if it blocked the loop it would wait for itself.
        calls = [(peer, self.begin(peer, "through", value(server["port"]), value(str(n)))) for n, peer in enumerate(peers)]
        for n, (peer, seq) in enumerate(calls):
            self.assertEqual(self.end(peer, seq), f"waited: {n}")

    def test_connections_are_spread_over_the_loops_and_stay(self):
        server = self.start(loops=3)
        peers = [self.peer(server) for _ in range(9)]
        threads = [self.call(peer, "thread") for peer in peers]
        self.assertEqual(sorted(threads.count(thread) for thread in set(threads)), [3, 3, 3])
        self.assertEqual([self.call(peer, "thread") for peer in peers], threads)

    def test_a_blocked_loop_is_named(self):
        server = self.start()
        peer, other = self.peer(server), self.peer(server)
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "go on")
            blocks = self.begin(peer, "block_until", value(path))
            waits = self.begin(other, "wait", value("others"))
            harness.eventually("it is seen", lambda: self.stats(server).get("blocked_by") == "block_until")
            self.assertNotEqual(self.stats(server)["blocked_for"], "0s")
            self.logged(r"LOOPS, loop 1: blocked for \S+ so far, by block_until\(\)")
            with open(path, "w"):
                pass
            self.assertIsNone(self.end(peer, blocks))
            self.assertEqual(self.end(other, waits), "waited: others")
        stats = self.stats(server)
        self.assertEqual((stats["blocked"], stats["longest_blocked_by"]), ("1", "block_until"))
        self.assertNotIn("blocked_for", stats)
        self.logged(r"LOOPS, loop 1: was blocked for \S+, by block_until\(\)")

    def logged(self, pattern):
        harness.eventually(f"{pattern} in the log", lambda: any(re.search(pattern, line) for line in self.host.stderr))


if __name__ == "__main__":
    unittest.main()
