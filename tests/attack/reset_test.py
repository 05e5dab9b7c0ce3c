"""Peers that reset their connections while the host is still about to serve them: each kind of server lives on."""

import socket
import struct
import unittest

import harness
from harness import address_of, admin, eventually
from wire import Peer

RESETS = 3000


class Resets(unittest.TestCase):
    def check(self, kind):
        host = harness.Host("--admin_address=127.0.0.1:0", "--drain_timeout=1s")
        self.addCleanup(host.kill)
        server = harness.start_server(host, kind=kind)
        with Peer(address_of(server)) as bystander:
            add = bystander.getattr(bystander.root(), "add")
            for i in range(RESETS):
                peer = Peer(address_of(server))
                if i % 2:
                    peer.send(b"\x00\x00\x00\x05\x00")
                peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.sock.close()
            self.assertEqual(bystander.call(add, 1, 2), 3)
            eventually("all have ended" + host.story(), lambda: int(
                admin(host, "ServerService/GetServer", name=server["name"])["connections_open"]) == 1)
            self.assertEqual(bystander.call(add, 1, 2), 3)
        self.assertEqual(host.stop(), 0)

    def test_threaded(self):
        self.check("threaded")

    def test_thread_pool(self):
        self.check("thread_pool")

    def test_gevent(self):
        self.check("gevent")

    def test_forking(self):
        self.check("forking")


if __name__ == "__main__":
    unittest.main()
