"""A host whose log no program reads still serves, obeys the control plane and ends; it counts the lines that were lost."""

import fcntl
import os
import re
import signal
import unittest

import harness
from harness import address_of, admin
from wire import Peer

GARBAGE = 3000  # connections; the host logs a complaint about each
F_SETPIPE_SZ = 1031


class UnreadHost(harness.Host):
    """Its stderr is a pipe of one page, which is read only when the test reads it."""

    def __init__(self, *flags, **popen):
        self.unread, writes = os.pipe()
        fcntl.fcntl(writes, F_SETPIPE_SZ, 4096)
        super().__init__(*flags, under=["sh", "-c", f'exec "$@" 2>&{writes}', "sh"], pass_fds=(writes,), **popen)
        os.close(writes)

    def read_log(self):
        """Reads the log to its end."""
        with os.fdopen(self.unread, "rb") as log:
            return log.read().decode()


class UnreadLog(unittest.TestCase):
    def setUp(self):
        self.host = UnreadHost("--admin_address=127.0.0.1:0", "--drain_timeout=1s", "--log_level=debug")
        self.addCleanup(self.host.kill)

    def serves(self, peer):
        peer.sock.settimeout(harness.DEADLINE_S)
        self.assertEqual(peer.call(peer.getattr(peer.root(), "add"), 1, 2), 3)

    def check(self, kind, **spec):
        server = harness.start_server(self.host, kind=kind, **spec)
        address = address_of(server)
        with Peer(address) as friend:
            self.serves(friend)
            for _ in range(GARBAGE):
                with Peer(address) as peer:
                    peer.send(b"\x00\x00\x00\x05\x00garbage")
                    self.assertIsNone(peer.read_frame())
            self.serves(friend)
        with Peer(address) as late:
            self.serves(late)
        self.assertEqual(admin(self.host, "ServerService/CloseServer", name=server["name"])["state"], "CLOSED")
        self.assertEqual(self.host.stop(signal.SIGTERM), 0)
        log = self.host.read_log()
        self.assertIn("goodbye", log)
        # The host ended and took with it what the pipe had no room for; what it wrote is whole lines.
        self.assertLessEqual(len(log), 2 * 4096)

    def test_threaded(self):
        self.check("threaded")

    def test_thread_pool(self):
        self.check("thread_pool")

    def test_gevent(self):
        self.check("gevent")

    def test_forking(self):
        self.check("forking")

    def test_a_late_reader_is_told_how_much_is_missing(self):
        server = harness.start_server(self.host, kind="gevent")
        for _ in range(12_000):  # twice as much as the log keeps
            Peer(address_of(server)).sock.close()
        log = b""
        while b" lines of the log were lost here" not in log:
            part = os.read(self.host.unread, 65536)
            self.assertTrue(part, self.host.story())
            log += part
        self.assertRegex(log.decode(), r"\[warning\] [1-9]\d* lines of the log were lost here")


class Complaints(unittest.TestCase):
    def test_an_address_has_so_many_lines_and_a_count(self):
        host = harness.Host("--admin_address=127.0.0.1:0")
        self.addCleanup(host.kill)
        server = harness.start_server(host, kind="thread_pool")
        for _ in range(500):
            with Peer(address_of(server)) as peer:
                peer.send(b"\x00\x00\x00\x05\x00garbage")
                self.assertIsNone(peer.read_frame())
        self.assertEqual(host.stop(), 0)
        lines = [line for line in host.stderr if "goodbye 127.0.0.1:" in line]
        counted = sum(int(found[1]) for line in host.stderr
                      if (found := re.search(r"(\d+) further complaints about 127.0.0.1 were not logged", line)))
        self.assertEqual(len(lines) + counted, 500, host.story())
        self.assertGreater(counted, 0)
