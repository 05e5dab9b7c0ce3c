"""A host may have 64 descriptors, and peers take as many as they get: each kind of server goes on, a client with a connection
is served, the control plane answers, and clients that come too late are told so at once."""

import contextlib
import tempfile
import unittest

import harness
from attack import DESCRIPTORS
from certificates import Authority
from harness import address_of, admin, eventually
from wire import Peer

CONNECTIONS = 150  # connections at a time

HALF_A_FRAME = b"\x00\x10\x00\x00\x00half"
GARBAGE = b"\x00\x00\x00\x05\x00garbage"


class Descriptors(unittest.TestCase):
    def setUp(self):
        self.host = harness.Host("--admin_address=127.0.0.1:0", "--drain_timeout=1s",
                                 under=["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"])
        self.addCleanup(self.host.kill)

    def serves(self, peer):
        self.assertEqual(peer.call(peer.getattr(peer.root(), "add"), 1, 2), 3)

    def is_served(self, address):
        """Returns whether a client that comes now is served; if not, its connection ends at once."""
        with contextlib.suppress(OSError, EOFError):
            with Peer(address) as peer:
                self.serves(peer)
                return True
        return False

    def connect_many(self, address, stack, said):
        """Opens connections that send this and stay."""
        peers = []
        for _ in range(CONNECTIONS):
            with contextlib.suppress(OSError):
                peer = stack.enter_context(Peer(address))
                peers.append(peer)
                peer.send(said)
        return peers

    def controls(self, server, kind):
        """Operators can do their work, one alone and several at once."""
        self.assertEqual(admin(self.host, "ServerService/GetServer", name=server["name"])["state"], "LISTENING")
        self.assertEqual(admin(self.host, "HostService/GetHost")["servers_open"], "1")
        self.assertTrue(admin(self.host, "ConnectionService/ListConnections", parent=server["name"])["connections"])
        other = harness.start_server(self.host, kind=kind)
        self.assertEqual(admin(self.host, "ServerService/CloseServer", name=other["name"])["state"], "CLOSED")

    def check(self, kind, **spec):
        server = harness.start_server(self.host, kind=kind, **spec)
        address = address_of(server)
        with Peer(address) as bystander:
            self.serves(bystander)
            for said in (b"", HALF_A_FRAME, GARBAGE):
                with self.subTest(said), contextlib.ExitStack() as stack:
                    self.connect_many(address.removeprefix("tls:"), stack, said)
                    self.assertIsNone(self.host.child.poll(), self.host.story())
                    self.serves(bystander)
                    self.controls(server, kind)
                    self.serves(bystander)
                eventually("others are served again" + self.host.story(), lambda: self.is_served(address))
            now = admin(self.host, "ServerService/GetServer", name=server["name"])
            self.assertGreater(int(now["connections_refused"]), 0)
        eventually("the log says why" + self.host.story(), lambda: any(
            f"{DESCRIPTORS} descriptors may be open (ulimit -n), and the last 16 are kept" in line
            for line in self.host.stderr))
        self.assertEqual(admin(self.host, "ServerService/CloseServer", name=server["name"])["state"], "CLOSED")
        self.assertEqual(self.host.stop(), 0)

    def test_threaded(self):
        self.check("threaded")

    def test_thread_pool(self):
        self.check("thread_pool")

    def test_gevent(self):
        self.check("gevent")

    def test_forking(self):
        self.check("forking")

    def test_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            keyfile, certfile = Authority(folder, "scarce").issue("server")
            for kind in ("threaded", "gevent", "thread_pool", "forking"):
                with self.subTest(kind):
                    self.setUp()
                    self.check(kind, tls={"keyfile": keyfile, "certfile": certfile})

    def test_one_shot(self):
        """It has one connection; servers of it come and go while other connections hold the rest."""
        crowded = harness.start_server(self.host, "crowded")
        with contextlib.ExitStack() as stack:
            self.connect_many(address_of(crowded), stack, b"")
            server = harness.start_server(self.host, kind="one_shot")
            listing = admin(self.host, "ServerService/ListServers")
            self.assertIn(server["name"], [each["name"] for each in listing["servers"]])
            self.assertEqual(admin(self.host, "ServerService/CloseServer", name=server["name"])["state"], "CLOSED")
        self.assertEqual(self.host.stop(), 0)


if __name__ == "__main__":
    unittest.main()
