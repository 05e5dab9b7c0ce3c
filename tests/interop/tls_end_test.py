"""A TLS connection ends with close_notify, so that neither side takes a cut connection for an ended one."""

import ssl
import tempfile
import unittest

import certificates
import harness
from harness import address_of, admin
from wire import CLOSE, NOTHING, MSG_REQUEST, Peer, dial, trusting

host = None
folder = None
tls = {}


def setUpModule():
    global host, folder
    host = harness.start_host()
    folder = tempfile.TemporaryDirectory()
    tls["keyfile"], tls["certfile"] = certificates.Authority(folder.name, "ends").issue("server")


def tearDownModule():
    folder.cleanup()
    harness.ends_well(host)


class Strict(Peer):
    """A raw peer that takes an end without close_notify for an error (ssl.SSLEOFError); Python's default takes it for an end."""

    def __init__(self, address, version=None):
        self.dialect, self.buffer, self.next_seq, self.requests, self.replies = 6, b"", 0, [], {}
        context = trusting()
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # which Python sets since 3.10
        if version is not None:
            context.maximum_version = version
        self.sock = context.wrap_socket(dial(address), suppress_ragged_eofs=False)


class TlsEnds(unittest.TestCase):
    def each_kind(self, check):
        for kind in admin(host, "ServerService/ListServerKinds")["server_kinds"]:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.subTest(kind["name"], version=version.name):
                    server = harness.start_server(host, kind=kind["name"], tls=tls)
                    try:
                        with Strict(address_of(server), version) as peer:
                            peer.ping()
                            check(peer, server)
                    finally:
                        if not kind["traits"].get("one_connection"):
                            admin(host, "ServerService/CloseServer", name=server["name"])

    def test_after_close(self):
        def check(peer, _):
            peer.send(peer.message(MSG_REQUEST, 9, (CLOSE, NOTHING)))
            self.assertEqual(peer.sock.recv(1), b"")

        self.each_kind(check)

    def test_a_close_notify_is_answered_by_one(self):
        def check(peer, _):
            peer.sock.unwrap()  # sends one, and waits for the host's

        self.each_kind(check)

    def test_after_a_drain(self):
        for kind in admin(host, "ServerService/ListServerKinds")["server_kinds"]:
            with self.subTest(kind["name"]):
                server = harness.start_server(host, kind=kind["name"], tls=tls)
                with Strict(address_of(server)) as peer:
                    peer.ping()
                    admin(host, "ServerService/CloseServer", name=server["name"], drain_timeout="10s")
                    self.assertEqual(peer.sock.recv(1), b"")


if __name__ == "__main__":
    unittest.main()
