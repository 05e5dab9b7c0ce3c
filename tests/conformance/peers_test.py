"""Many clients, silent ones and hostile ones do not disturb the other clients."""

import contextlib
import os
import pwd
import resource
import socket
import struct

import async_scenarios
import callback_scenarios
import harness
import serving_scenarios
import suite
from harness import address_of, dial
from wire import CALL, GETROOT, MSG_REQUEST, NOTHING, Peer, boxes, frame, payload, value, yours

CROWD = 100  # connections of each version of the clients
SILENT = 1000
# Longer than a method must run for the watcher to read ahead, and than the 3 s for which a stock client waits for a write that
# stands still.
SLEEP_S = 4

HALF_FRAME = frame(payload(6, MSG_REQUEST, 0, (GETROOT, NOTHING)))[:7]
# The start of a TLS record that announces a handshake of 512 bytes.
HALF_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
# What a peer has sent before it falls silent. Over TLS it has not finished its handshake.
HALF_SAID = HALF_HELLO if suite.TRANSPORT == "tls" else HALF_FRAME


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Shared(suite.Case):
    """Kinds whose connections share a server."""

    @staticmethod
    def applies_to(kind):
        return not kind.one_at_a_time

    def nobody_at(self, server):
        harness.eventually("all are gone", lambda: self.count(server, "connections_open") == 0)

    def works_for_all(self, server):
        for client in self.each_client():
            self.run_in(client, "connects", address=address_of(server))
            self.run_in(client, "leaves")


class Crowds(Shared):

    def test_connections_come_work_and_go(self):
        server = self.start()
        self.works_for_all(server)
        descriptors = self.host.descriptors()
        self.together("connects_often", address=address_of(server), count=CROWD, calls=2)
        self.assertEqual(self.count(server, "connections_open"), CROWD * len(suite.versions()))
        self.together("all_work")
        self.together("all_leave")
        self.nobody_at(server)
        harness.eventually("their descriptors too", lambda: self.host.descriptors() <= descriptors + 8)

    def test_a_close_ends_them_all(self):
        server = self.start()
        self.together("connects_often", address=address_of(server), count=CROWD // 2)
        self.assertEqual(self.close(server)["state"], "CLOSED")
        self.together("all_hear_the_end")

    def test_max_sessions(self):
        server = self.start(limits={"max_sessions": 2})
        for client in self.each_client():
            refused = self.count(server, "connections_refused")
            self.run_in(client, "connects", address=address_of(server), key="one")
            self.run_in(client, "connects", address=address_of(server), key="two")
            self.run_in(client, "cannot_connect", address=address_of(server))
            harness.eventually("it is counted", lambda: self.count(server, "connections_refused") == refused + 1)
            self.run_in(client, "still_works", key="one")
            self.run_in(client, "leaves", key="two")
            harness.eventually("there is room", lambda: self.count(server, "connections_open") == 1)
            self.run_in(client, "connects", address=address_of(server), key="two")
            self.run_in(client, "leaves", key="two")
            self.run_in(client, "leaves", key="one")
            self.nobody_at(server)


class Silent(Shared):

    def silent_with(self, server, said, count=1):
        """Opens `count` sockets that send `said` and then nothing."""
        peers = contextlib.ExitStack()
        for _ in range(count):
            sock = peers.enter_context(dial(address_of(server)))
            if said:
                sock.sendall(said)
        self.addCleanup(peers.close)
        return peers

    def others_work_beside(self, said, count=1):
        server = self.start(**({"limits": {"handshake_timeout": "60s"}} if suite.TRANSPORT == "tls" else {}))
        for client in self.each_client():
            self.run_in(client, "connects", address=address_of(server), key="before")
        open_now = self.count(server, "connections_open")
        peers = self.silent_with(server, said, count)
        harness.eventually("they have come as far as the host",
                           lambda: self.count(server, "connections_open") == open_now + count)
        for client in self.each_client():
            self.run_in(client, "still_works", key="before")
        self.works_for_all(server)
        peers.close()
        for client in self.each_client():
            self.run_in(client, "leaves", key="before")
        self.nobody_at(server)

    def test_without_a_byte(self):
        self.others_work_beside(b"")

    def test_in_the_middle_of_a_message(self):
        self.others_work_beside(HALF_SAID)

    def test_a_thousand(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * SILENT)), hard))
        count = min(SILENT, hard // 4)
        for said in (b"", HALF_SAID):
            with self.subTest(said=said):
                self.others_work_beside(said, count)

    def test_a_thousand_do_not_hold_up_a_close(self):
        server = self.start()
        peers = self.silent_with(server, b"", SILENT // 2)
        final = self.close(server)
        self.assertEqual((final["state"], final.get("abandoned_calls")), ("CLOSED", None))
        peers.close()

    def test_idle_timeout(self):
        server = self.start(limits={"idle_timeout": "0.3s"})
        for client in self.each_client():
            self.run_in(client, "connects", address=address_of(server))
            self.run_in(client, "hears_the_end")


class Vanishing(suite.Case):
    """Peers that vanish in the middle of something."""

    def ended(self, server):
        if self.kind.one_connection:
            harness.eventually("the server closes", lambda: self.get(server)["state"] == "CLOSED")
        else:
            harness.eventually("its connection has ended", lambda: self.count(server, "connections_open") == 0)

    def gone_after(self, said):
        for end in (socket.socket.close, reset):
            with self.subTest(end=end.__name__):
                server = self.start()
                peer = Peer(address_of(server))
                peer.ping()
                peer.send(said)
                end(peer.sock)
                self.ended(server)
                if not self.kind.one_connection:
                    for client in self.each_client():
                        self.run_in(client, "connects", address=address_of(server))
                        self.run_in(client, "leaves")

    def test_between_frames(self):
        self.gone_after(b"")

    def test_within_a_header(self):
        self.gone_after(HALF_FRAME[:3])

    def test_within_a_frame(self):
        self.gone_after(HALF_FRAME)

    def test_within_a_long_frame(self):
        self.gone_after(struct.pack("!IB", 1 << 20, 0) + bytes(300_000))

    def test_with_requests_that_were_not_answered(self):
        ask = frame(payload(6, MSG_REQUEST, 7, (GETROOT, NOTHING)))
        self.gone_after(100 * ask + ask[:9])

    def test_a_silent_peer_does_not_hold_up_a_close(self):
        for said in (b"", HALF_SAID):
            with self.subTest(said=said):
                server = self.start()
                with dial(address_of(server)) as sock:
                    sock.sendall(said)
                    harness.eventually("it has come", lambda: self.count(server, "connections_open") == 1)
                    final = self.close(server)
                self.assertEqual((final["state"], final.get("abandoned_calls")), ("CLOSED", None))

    def test_with_garbage(self):
        server = self.start()
        peer = Peer(address_of(server))
        self.addCleanup(peer.sock.close)
        peer.send(b"\xff" * 100)
        self.assertIsNone(peer.read_frame())
        self.ended(server)

    def test_a_peer_that_does_not_read_holds_up_nobody(self):
        server = self.start("ECHO")
        peer = Peer(address_of(server))
        self.addCleanup(peer.sock.close)
        echo = peer.getattr(peer.root(), "echo")
        ask = peer.message(MSG_REQUEST, 5, (CALL, boxes(yours(echo), value((bytes(4 << 20), )), value(()))))
        peer.sock.settimeout(0.5)
        with contextlib.suppress(TimeoutError):  # until the host reads no more
            while True:
                peer.send(ask)
        if not self.kind.one_at_a_time:
            for client in self.each_client():
                self.run_in(client, "connects", address=address_of(server))
                self.run_in(client, "leaves")
        self.assertEqual(self.close(server, "0.1s")["state"], "CLOSED")


class Patient(suite.Case):
    """Methods that take long: their client may go on writing, or go away."""

    def test_a_client_uploads_while_a_method_sleeps(self):
        # The clients spend seconds on compression, so that one client has to do.
        self.run_in(self.one_client(old_ones_too=True), "uploads_while_a_method_sleeps", seconds=SLEEP_S)

    def cancelled_after(self, scenario):
        for client in self.each_client(old_ones_too=True):
            waiting, cancelled = self.run_in(client, "counts")
            self.assertEqual(0, waiting)
            self.run_in(client, scenario)
            harness.eventually("the method sees it", lambda: self.run_in(client, "counts") == [0, cancelled + 1])

    def test_a_method_sees_that_its_client_has_closed(self):
        self.cancelled_after("closes_in_the_middle")

    def test_a_method_sees_that_its_client_has_vanished(self):
        self.cancelled_after("vanishes_in_the_middle")


class Smallest(suite.Case):
    """Every option of the kind has its smallest value: one loop, one request at a time, as few threads or fibers as there are
    calls that wait for a further one, and as little memory and time as these need."""

    SMALLEST = {"nbthreads": 8, "fiber_stack_kib": 256, "max_fibers": 128, "max_memory_bytes": 64 << 20,
             "max_cpu_time": "60s", "user": pwd.getpwuid(os.geteuid()).pw_name}

    @staticmethod
    def applies_to(kind):
        return bool(kind.option_fields)

    @staticmethod
    def runs_with_each_kind(name):
        return suite.TRANSPORT == "tcp"

    @classmethod
    def start(cls, service="FIXTURE", **spec):
        return super().start(service, **{**spec, **{field: cls.SMALLEST.get(field, 1) for field in cls.kind.option_fields}})


for _module in (async_scenarios, callback_scenarios, serving_scenarios):
    for _name in _module.ALL:
        setattr(Smallest, f"test_{_name}", lambda self, name=_name: self.together(name))

load_tests = suite.for_each_kind(globals())
