"""What the control plane shows of connections, for every kind of server: which there are, what they do and how they ended; and
how CloseConnection ends them."""

import contextlib
import os
import signal
import tempfile
import unittest

import certificates
import harness
from harness import CODES, GrpcError, Process, admin, address_of, eventually
from wire import CALL, MSG_REPLY, Peer, boxes, dial, value, yours

CONNECTION = "ConnectionService/"

CLIENT = """
import sys, rpyc
conn = rpyc.connect("127.0.0.1", int(sys.argv[1]), config={"sync_request_timeout": 60})
conn.root.waiting()
print("connected", flush=True)
try:
    conn.root.wait()  # which may be answered at the last moment
    conn.root.waiting()
except EOFError:
    print("EOFError", flush=True)
"""


class Case(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.host = harness.Host("--admin_address=127.0.0.1:0", "--drain_timeout=1s", name="fixture_host")
        cls.kinds = {
            kind["name"]: kind.get("traits", {})
            for kind in admin(cls.host, "ServerService/ListServerKinds")["server_kinds"]
        }

    @classmethod
    def tearDownClass(cls):
        harness.ends_well(cls.host)

    def setUp(self):
        self.left = contextlib.ExitStack()
        self.addCleanup(self.left.close)

    def each_kind(self, check, service="PATIENT", **spec):
        for kind, traits in self.kinds.items():
            with self.subTest(kind):
                check(self.start(kind, service, **spec), traits)

    def start(self, kind, service="PATIENT", **spec):
        server = harness.start_server(self.host, kind=kind, service=service, **spec)
        self.left.callback(self.close_server, server)
        return server

    def close_server(self, server):
        with contextlib.suppress(GrpcError):  # a one_shot has closed by itself
            admin(self.host, "ServerService/CloseServer", name=server["name"])

    def peer(self, server, dialect=6):
        """A connection that has made a call."""
        peer = self.left.enter_context(Peer(address_of(server), dialect))
        peer.root_id = peer.root()
        peer.call(peer.getattr(peer.root_id, "waiting"))
        return peer

    def calls(self, peer, method, *arguments):
        """Starts a call and does not wait for its answer."""
        return peer.request(CALL, boxes(yours(peer.getattr(peer.root_id, method)), value(arguments), value(())))

    def list(self, server, **more):
        return admin(self.host, CONNECTION + "ListConnections", parent=server["name"], **more).get("connections", [])

    def closes(self, server):
        return admin(self.host, CONNECTION + "ListRecentCloses", parent=server["name"]).get("connections", [])

    def get(self, connection):
        return admin(self.host, CONNECTION + "GetConnection", name=connection["name"])

    def close(self, connection, **more):
        return admin(self.host, CONNECTION + "CloseConnection", name=connection["name"], **more)

    def is_busy(self, connection):
        eventually("its call runs", lambda: self.get(connection).get("busy"))

    def ends(self, connection):
        eventually("it has ended", lambda: self.get(connection)["state"] == "CLOSED")
        return self.get(connection)


class Shown(Case):

    def test_what_is_open(self):

        def check(server, traits):
            self.assertEqual(self.list(server), [])
            with Peer(address_of(server), dialect=5) as peer:
                address = "127.0.0.1:%d" % peer.sock.getsockname()[1]
                peer.root_id = peer.root()
                eventually("it is there", lambda: self.list(server))
                for _ in range(3):
                    peer.call(peer.getattr(peer.root_id, "waiting"))
                with self.assertRaises(Exception):
                    peer.call(peer.getattr(peer.root_id, "sleep"), "no number")
                connection, = self.list(server)
                self.assertRegex(connection["name"], rf"^{server['name']}/connections/[1-9]\d*$")
                self.assertEqual((connection["peer"], connection["state"], connection["dialect"]), (address, "SERVING", 5))
                self.assertGreaterEqual(connection["start_time"], server["start_time"])
                self.assertEqual((connection["calls_total"], connection["calls_failed"]), ("4", "1"))
                self.assertGreater(int(connection["received_bytes"]), 100)
                self.assertGreater(int(connection["sent_bytes"]), 100)
                self.assertEqual("process_id" in connection, traits.get("separate_process", False))
                self.assertNotIn("close_time", connection)
                self.assertFalse(connection.get("busy"))
                self.assertEqual(self.get(connection), connection)
            ended = self.ends(connection)
            self.assertEqual(self.list(server), [])
            self.assertEqual(self.closes(server), [ended])
            self.assertGreaterEqual(ended["close_time"], connection["start_time"])
            self.assertEqual(ended["calls_total"], "4")
            self.assertNotIn("busy", ended)
            # The peer closed the connection in order, or it had unread bytes and so reset it.
            self.assertIn(ended.get("close_status", {}).get("code", 0), (0, CODES["UNAVAILABLE"]))

        self.each_kind(check)

    def test_bytes_are_those_of_messages(self):

        def check(server, traits):
            peer = self.peer(server)
            before, = self.list(server)
            take = peer.getattr(peer.root_id, "take")
            peer.call(take, b"x" * 1_000_000)
            after, = self.list(server)
            received = int(after["received_bytes"]) - int(before["received_bytes"])
            self.assertTrue(1_000_000 < received < 1_001_000, received)  # this peer compresses nothing
            peer.sock.close()

        self.each_kind(check)

    def test_how_one_ended_that_broke_the_protocol(self):

        def check(server, traits):
            peer = self.peer(server)
            connection, = self.list(server)
            peer.send(b"\x00\x00\x00\x04\x00\xff\xff\xff\xff\n")
            self.assertIsNone(peer.read_frame())
            ended = self.ends(connection)
            self.assertEqual(ended["close_status"]["code"], CODES["INVALID_ARGUMENT"], ended)
            self.assertTrue(ended["close_status"]["message"])

        self.each_kind(check)

    def test_a_peer_that_sends_no_handshake(self):
        folder = self.left.enter_context(tempfile.TemporaryDirectory())
        keyfile, certfile = certificates.Authority(folder, "connections").issue("server")

        def check(server, traits):
            with dial(address_of(server)[len("tls:"):]):
                eventually("it is accepted", lambda: self.list(server))
                connection, = self.list(server)
                self.assertEqual(connection["state"], "ENTERING")
                self.assertNotIn("dialect", connection)
                ended = self.ends(connection)
            self.assertEqual(ended["close_status"]["code"], CODES["DEADLINE_EXCEEDED"], ended)
            self.assertIn("handshake_timeout", ended["close_status"]["message"])

        self.each_kind(check, tls={"keyfile": keyfile, "certfile": certfile}, limits={"handshake_timeout": "1s"})

    def test_pages_over_all_servers(self):
        servers = [self.start("threaded"), self.start("thread_pool")]
        peers = [self.peer(server) for server in servers * 2]
        everything = admin(self.host, CONNECTION + "ListConnections", parent="servers/-")["connections"]
        self.assertEqual([c["name"].split("/connections/")[0] for c in everything],
                         [server["name"] for server in servers * 2], "oldest first")
        for method, expected in (("ListConnections", everything), ("ListRecentCloses", None)):
            if expected is None:
                for peer, connection in zip(peers, everything):
                    peer.sock.close()
                    self.ends(connection)
                expected = admin(self.host, CONNECTION + method, parent="servers/-")["connections"]
                self.assertEqual([c["name"] for c in expected[:4]], [c["name"] for c in reversed(everything)], "newest first")
            paged, token = [], ""
            while len(paged) < len(expected):
                answer = admin(self.host, CONNECTION + method, parent="servers/-", page_size=1, page_token=token)
                paged += answer["connections"]
                token = answer.get("next_page_token", "")
            self.assertEqual(([c["name"] for c in paged], token), ([c["name"] for c in expected], ""))

    def test_a_closed_server_still_tells(self):
        server = self.start("threaded")
        self.peer(server)
        connection, = self.list(server)
        self.close_server(server)
        self.assertEqual(self.list(server), [])
        ended, = self.closes(server)
        self.assertEqual((ended["name"], ended["state"]), (connection["name"], "CLOSED"))
        self.assertNotIn("close_status", ended)

    def test_no_id_is_used_again(self):
        seen = set()
        for _ in range(3):
            server = harness.start_server(self.host, server_id="again", service="PATIENT")
            self.peer(server)
            seen.add(self.list(server)[0]["name"])
            self.close_server(server)
        self.assertEqual(len(seen), 3)


class Closed(Case):

    def test_an_idle_one(self):

        def check(server, traits):
            peer = self.peer(server)
            connection, = self.list(server)
            ended = self.close(connection, drain_timeout="60s")  # which it does not take
            self.assertEqual((ended["name"], ended["state"]), (connection["name"], "CLOSED"))
            self.assertEqual(ended["close_status"], {"code": CODES["CANCELLED"], "message": "closed by an operator"})
            self.assertIsNone(peer.read_frame())
            self.assertEqual(self.close(connection), ended, "once more is harmless")
            self.assertEqual(self.closes(server), [ended])

        self.each_kind(check)

    def test_one_whose_call_takes_notice_and_no_other(self):

        def check(server, traits):
            other = None if traits.get("one_connection") else self.peer(server)
            for version in harness.VERSIONS[:1 if traits.get("one_connection") else None]:
                client = Process([harness.venv_python(version), "-c", CLIENT, str(server["port"])])
                self.left.callback(client.kill)
                self.assertEqual(client.line(), "connected", client.story())
                connection = self.list(server)[-1]
                self.is_busy(connection)
                self.assertEqual(connection["dialect"], harness.dialect_of(version))
                self.assertEqual(self.close(connection)["state"], "CLOSED")
                self.assertEqual(client.line(), "EOFError", client.story())
            if other is not None:
                other.call(other.getattr(other.root_id, "waiting"))

        self.each_kind(check)

    def test_one_whose_call_is_waited_for(self):

        def check(server, traits):
            peer = self.peer(server)
            connection, = self.list(server)
            seq = self.calls(peer, "sleep", 0.3)
            self.is_busy(connection)
            ended = self.close(connection, drain_timeout="60s")
            self.assertEqual(ended["state"], "CLOSED")
            self.assertEqual(peer.answer(seq), (MSG_REPLY, value(0.3)))
            self.assertIsNone(peer.read_frame())

        self.each_kind(check)

    def test_one_whose_call_takes_no_notice(self):

        def check(server, traits):
            if traits.get("cooperative"):
                return  # a method that spins would block its whole loop
            peer = self.peer(server)
            connection, = self.list(server)
            self.calls(peer, "insist")
            self.is_busy(connection)
            ended = self.close(connection)
            self.assertIsNone(peer.read_frame())
            if traits.get("separate_process"):
                self.assertEqual(ended["close_status"]["message"], "closed by an operator; its process had to be killed")
                with self.assertRaises(ProcessLookupError):
                    os.kill(int(connection["process_id"]), 0)
                return
            self.assertEqual((ended["state"], ended["busy"]), ("SERVING", True))
            with self.free_threaded() as helper:
                helper.call(helper.getattr(helper.root_id, "release"))
            self.assertEqual(self.ends(connection)["close_status"]["message"], "closed by an operator")

        self.each_kind(check)

    @contextlib.contextmanager
    def free_threaded(self):
        """Yields another client that may call the service: its counters are the host's."""
        yield self.peer(self.start("threaded"))

    def test_a_process_that_loops_or_is_stopped(self):
        for kind, traits in self.kinds.items():
            if not traits.get("separate_process"):
                continue
            server = self.start(kind, "UNRULY")
            for stopped in (False, True):
                peer = self.left.enter_context(Peer(address_of(server)))
                peer.root_id = peer.root()
                connection = self.list(server)[-1]
                if stopped:
                    os.kill(int(connection["process_id"]), signal.SIGSTOP)
                else:
                    self.calls(peer, "spin")
                    self.is_busy(connection)
                ended = self.close(connection)
                self.assertEqual(ended["close_status"]["code"], CODES["CANCELLED"])
                self.assertIn("had to be killed", ended["close_status"]["message"])
                self.assertIsNone(peer.read_frame())

    def test_what_a_process_died_of_is_told(self):
        for kind, traits in self.kinds.items():
            if not traits.get("separate_process"):
                continue
            server = self.start(kind, "UNRULY")
            peer = self.left.enter_context(Peer(address_of(server)))
            peer.root_id = peer.root()
            connection, = self.list(server)
            self.calls(peer, "die_by", int(signal.SIGKILL))
            ended = self.ends(connection)
            self.assertEqual(ended["close_status"]["code"], CODES["ABORTED"])
            self.assertIn("died by signal 9 (Killed)", ended["close_status"]["message"])
            self.assertEqual(ended["process_id"], connection["process_id"])


class Refused(Case):

    def refused(self, code, reason, method, says, **request):
        with self.assertRaises(GrpcError) as caught:
            admin(self.host, CONNECTION + method, **request)
        error = caught.exception
        self.assertEqual((error.code, error.reason, error.domain), (CODES[code], reason, "rpyc.admin"), error)
        self.assertIn(says, error.message)

    def test_what_is_not_there(self):
        server = self.start("threaded")
        for method in ("ListConnections", "ListRecentCloses"):
            self.refused("NOT_FOUND", "SERVER_NOT_FOUND", method, "nosuch", parent="servers/nosuch")
        for method in ("GetConnection", "CloseConnection"):
            self.refused("NOT_FOUND", "SERVER_NOT_FOUND", method, "nosuch", name="servers/nosuch/connections/1")
            name = server["name"] + "/connections/999999999"
            self.refused("NOT_FOUND", "CONNECTION_NOT_FOUND", method, name, name=name)

    def test_bad_input(self):
        server = self.start("threaded")
        for method in ("ListConnections", "ListRecentCloses"):
            for parent in ("", "nosuch", "servers/", "servers/*", "services/X"):
                self.refused("INVALID_ARGUMENT", "INVALID_FIELD", method, parent, parent=parent)
            self.refused("INVALID_ARGUMENT", "INVALID_FIELD", method, "page_size", parent="servers/-", page_size=-1)
            self.refused("INVALID_ARGUMENT", "INVALID_FIELD", method, "page_token", parent="servers/-", page_token="x")
        for method in ("GetConnection", "CloseConnection"):
            for name in ("", "1", server["name"], server["name"] + "/connections/", server["name"] + "/connections/x"):
                self.refused("INVALID_ARGUMENT", "INVALID_FIELD", method, name, name=name)
        self.refused("INVALID_ARGUMENT", "INVALID_FIELD", "CloseConnection", "drain_timeout",
                     name=server["name"] + "/connections/1", drain_timeout="-1s")


if __name__ == "__main__":
    unittest.main()
