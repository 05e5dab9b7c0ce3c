"""The promise of a drain, for every kind of server: each request that arrived before it is answered."""

import fcntl
import shutil
import struct
import tempfile
import termios
import threading
import unittest

import harness
from certificates import Authority
from harness import Host, admin, start_server
from wire import CALL, MSG_REPLY, MSG_REQUEST, Peer, boxes, mine, value, yours

CONNECTIONS = 30
PIPELINED = 3  # requests of each client, sent behind each other
DRAIN = "60s"  # far longer than needed


def has_arrived(peer):
    """Whether the host's kernel has received everything that the peer has sent."""
    unsent = fcntl.ioctl(peer.sock.fileno(), termios.TIOCOUTQ, b"\0" * 4)
    return struct.unpack("i", unsent)[0] == 0


class Promise(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="rpychost-", dir="/tmp")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        keyfile, certfile = Authority(cls.folder, "tests").issue("host")
        cls.transports = {"tcp": {}, "tls": {"tls": {"keyfile": keyfile, "certfile": certfile}}}
        cls.host = Host("--admin_address=127.0.0.1:0")
        cls.addClassCleanup(cls.host.kill)
        cls.kinds = {kind["name"]: kind.get("traits", {})
                     for kind in admin(cls.host, "ServerService/ListServerKinds")["server_kinds"]}

    def on_each_server(self, service, check):
        """Calls check(name, address, connections)."""
        for kind, traits in self.kinds.items():
            for transport, spec in self.transports.items():
                # There are fewer threads than connections, so that requests wait in the kernel, too.
                pool = {"nbthreads": 4} if kind == "thread_pool" else {}
                with self.subTest(kind=kind, transport=transport):
                    server = start_server(self.host, kind=kind, service=service, **spec, **pool)
                    tls = "tls:" if spec else ""
                    check(server["name"], f"{tls}127.0.0.1:{server['port']}", 1 if traits.get("one_connection") else CONNECTIONS)

    def drain(self, name):
        """Starts to close the server. The list holds the answer once the thread has ended."""
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            admin(self.host, "ServerService/CloseServer", name=name, drain_timeout=DRAIN)))
        thread.start()
        self.addCleanup(thread.join)
        return thread, answers

    def ends(self, peers, thread, answers):
        for peer in peers:
            while (rest := peer.read()) is not None:
                self.assertEqual(rest[0], MSG_REQUEST)  # for the release of what it has sent
            peer.sock.close()
        thread.join()
        self.assertEqual(answers[0]["state"], "CLOSED")
        self.assertNotIn("abandoned_calls", answers[0])

    def test_requests_that_have_arrived_are_answered(self):
        def check(name, address, connections):
            peers = [Peer(address) for _ in range(connections)]
            functions = [peer.getattr(peer.root(), "io_operation") for peer in peers]
            for peer, function in zip(peers, functions):
                peer.send(b"".join(
                    peer.message(MSG_REQUEST, seq, (CALL, boxes(yours(function), value((f"request {seq}",)), value(()))))
                    for seq in range(100, 100 + PIPELINED)))
            harness.eventually("the requests have arrived", lambda: all(map(has_arrived, peers)))
            first = peers[0].answer(100)  # the host serves them now
            thread, answers = self.drain(name)
            for peer in peers:
                for seq in range(100, 100 + PIPELINED):
                    answer = first if (peer, seq) == (peers[0], 100) else peer.answer(seq)
                    self.assertEqual(answer, (MSG_REPLY, value(f"Processed: request {seq}")))
            self.ends(peers, thread, answers)

        self.on_each_server("HIGHCONCURRENCY", check)

    def test_requests_behind_a_call_that_waits_for_its_client_are_answered(self):
        function = mine(("builtins.function", 2, 4))

        def check(name, address, _):
            peer = Peer(address)
            call = peer.getattr(peer.root(), "call")
            for seq in (100, 101, 102):
                peer.request(CALL, boxes(yours(call), boxes(function), value(())), seq)
            msg, seq, _ = peer.read()  # the first call asks its client
            self.assertEqual(msg, MSG_REQUEST)
            harness.eventually("the requests have arrived", lambda: has_arrived(peer))
            thread, answers = self.drain(name)
            harness.eventually("it drains", lambda: admin(self.host, "ServerService/GetServer", name=name)["state"] == "DRAINING")
            peer.send(peer.message(MSG_REPLY, seq, value("first")))
            asked = {seq}
            for wanted in (100, 101, 102):
                while not peer.replies.get(wanted):
                    msg, at, args = peer.read()
                    if msg != MSG_REQUEST:
                        peer.replies.setdefault(at, []).append((msg, args))
                    elif at not in asked:
                        asked.add(at)
                        peer.send(peer.message(MSG_REPLY, at, value("again" if args[0] == CALL else None)))
            self.assertEqual({peer.replies[wanted][0][0] for wanted in (100, 101, 102)}, {MSG_REPLY})
            self.ends([peer], thread, answers)

        self.on_each_server("CALLBACK", check)


if __name__ == "__main__":
    unittest.main()
