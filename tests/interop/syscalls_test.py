"""The system calls of one RPyC call: one receive and one send, counted by strace. No test reads a clock."""

import collections
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import unittest

import harness
from wire import CALL, DEL, MSG_REQUEST, Peer, boxes, value, yours

CALLS = 500
SETUP = 12  # other system calls of the serving thread: locks, memory

RECEIVES = {"recvfrom", "recvmsg", "read", "readv"}
SENDS = {"sendto", "sendmsg", "write", "writev"}

host = None


def setUpModule():
    global host
    host = harness.start_host()


def tearDownModule():
    harness.ends_well(host)


class Tracer(harness.Process):
    """An strace of every thread of the host."""

    @staticmethod
    def command():
        strace = shutil.which("strace", path="/usr/bin:/bin:/usr/local/bin")
        if not strace:
            raise unittest.SkipTest("no strace")
        return strace

    def __init__(self, pid, path):
        super().__init__([self.command(), "-f", "-o", path, "-p", str(pid)])
        self.path = path
        self.heard.wait(harness.DEADLINE_S)
        if not any("attached" in line for line in self.stderr):
            self.kill()
            raise unittest.SkipTest("ptrace is refused: " + " ".join(self.stderr))

    def stop(self):
        """Calls by thread: {tid: {name: count}}."""
        self.child.send_signal(signal.SIGINT)
        self.wait()
        threads = collections.defaultdict(collections.Counter)
        with open(self.path, errors="replace") as file:
            for line in file:
                # "123 <... recvfrom resumed>" is the second half of a call that was counted when it began.
                if found := re.match(r"(\d+)\s+(\w+)\(", line):
                    threads[int(found[1])][found[2]] += 1
        return threads


class OneReceiveOneSend(unittest.TestCase):
    def trace(self, peer, calls):
        """The system calls of the thread that served `calls()`."""
        with tempfile.NamedTemporaryFile(prefix="rpychost-strace-", dir="/tmp") as file:
            tracer = Tracer(host.pid, file.name)
            self.addCleanup(tracer.kill)
            calls()
            threads = tracer.stop()
        return max(threads.values(), key=lambda counts: sum(counts[name] for name in RECEIVES | SENDS))

    def assert_lean(self, counts, messages):
        receives = sum(counts[name] for name in RECEIVES)
        sends = sum(counts[name] for name in SENDS)
        others = {name: n for name, n in counts.items() if name not in RECEIVES | SENDS}
        # strace sees only half of a call that runs when it starts or ends; such a call is not counted.
        self.assertAlmostEqual(receives, messages, delta=SETUP, msg=counts)
        self.assertAlmostEqual(sends, messages, delta=SETUP, msg=counts)
        self.assertLessEqual(sum(others.values()), SETUP, f"neither a receive nor a send: {others}")

    def test_sync_calls(self):
        for dialect in harness.DIALECTS:
            with self.subTest(dialect=dialect), Peer(host.servers["calculator"], dialect) as peer:
                add = peer.getattr(peer.root(), "add")

                def calls():
                    for i in range(CALLS):
                        self.assertEqual(peer.call(add, i, 1), i + 1)
                calls()  # everything that happens only once has happened
                self.assert_lean(self.trace(peer, calls), CALLS)

    def test_as_a_stock_client_calls(self):
        # conn.root.add(1, 2) is GETATTR, CALL, DEL: three messages, each answered at once.
        with Peer(host.servers["calculator"], harness.DIALECTS[-1]) as peer:
            root = peer.root()

            def calls():
                for i in range(CALLS // 3):
                    method = peer.getattr(root, "add")
                    self.assertEqual(peer.call(method, i, 1), i + 1)
                    peer.ask(DEL, boxes(yours(method), value(1)))
            calls()
            self.assert_lean(self.trace(peer, calls), CALLS // 3 * 3)

    def test_a_batch_is_answered_with_one_send(self):
        # 20 requests in one segment: far fewer sends than requests.
        with Peer(host.servers["calculator"], harness.DIALECTS[-1]) as peer:
            add = peer.getattr(peer.root(), "add")

            def calls():
                for _ in range(20):
                    seqs = range(1000, 1020)
                    peer.send(b"".join(
                        peer.message(MSG_REQUEST, seq, (CALL, boxes(yours(add), value((seq, 1)), value(()))))
                        for seq in seqs))
                    for seq in seqs:
                        self.assertEqual(peer.answer(seq)[1], value(seq + 1))
            calls()
            counts = self.trace(peer, calls)
            # About one in each batch; a machine that stalls now and then adds some.
            self.assertLess(sum(counts[name] for name in SENDS), 20 * 20 / 2, counts)


class StockClient(unittest.TestCase):
    """The system calls of a real client's call, for each kind that serves in the host's process."""

    CLIENT = """if True:
        import sys, rpyc
        add = rpyc.connect("127.0.0.1", int(sys.argv[1])).root.add
        for line in sys.stdin:
            for i in range(int(line)):
                assert add(i, 1) == i + 1
            print("done", flush=True)
    """

    # Besides a receive and a send: a pool's worker waits for any connection and arms this one again; a loop waits.
    WAITS = {"threaded": 0, "thread_pool": 2, "gevent": 1}

    def test_a_held_function(self):
        versions = harness.client_versions()
        if not versions:
            self.skipTest("no environment with rpyc")
        for kind, waits in self.WAITS.items():
            for version in versions:
                with self.subTest(kind=kind, rpyc=version):
                    counts = self.calls_of(kind, version)
                    for names in (RECEIVES, SENDS):
                        self.assertAlmostEqual(sum(counts.pop(name, 0) for name in names), CALLS, delta=SETUP, msg=counts)
                    self.assertEqual(counts["setsockopt"], 0, "nothing is acknowledged that an answer acknowledges")
                    self.assertLessEqual(sum(counts.values()), waits * CALLS + 3 * SETUP, counts)

    def calls_of(self, kind, version):
        """The system calls of the host while a client calls, of all its threads."""
        served = harness.Host("--admin_address=", f"--server={kind}:CALCULATOR@127.0.0.1:0")
        self.addCleanup(served.kill)
        client = harness.Process([harness.venv_python(version), "-c", self.CLIENT,
                                  served.servers["calculator"].rpartition(":")[2]], stdin=subprocess.PIPE)
        self.addCleanup(client.kill)

        def calls():
            client.child.stdin.write(f"{CALLS}\n")
            client.child.stdin.flush()
            self.assertEqual(client.line(), "done", client.story())

        calls()
        with tempfile.NamedTemporaryFile(prefix="rpychost-strace-", dir="/tmp") as file:
            tracer = Tracer(served.pid, file.name)
            self.addCleanup(tracer.kill)
            calls()
            counts = sum(tracer.stop().values(), collections.Counter())
        client.kill()
        self.assertEqual(served.stop(), 0)
        return counts


class Ends(unittest.TestCase):
    """A connection that breaks wakes few threads: threads that serve many connections do not wake each other."""

    CONNECTIONS = 40
    WAITS = 20  # calls of epoll for each connection

    def test_of_connections_that_are_reset(self):
        for kind in ("thread_pool", "gevent"):
            with self.subTest(kind), tempfile.NamedTemporaryFile(prefix="rpychost-strace-", dir="/tmp") as file:
                served = harness.Host("--admin_address=", f"--server={kind}:ECHO@127.0.0.1:0")
                self.addCleanup(served.kill)
                tracer = Tracer(served.pid, file.name)
                self.addCleanup(tracer.kill)
                for _ in range(self.CONNECTIONS):
                    with Peer(served.servers["echo"]) as peer:
                        peer.ping()
                        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.assertEqual(served.stop(), 0)
                threads = tracer.stop()
                waits = sum(counts["epoll_wait"] + counts["epoll_ctl"] for counts in threads.values())
                self.assertLess(waits, self.CONNECTIONS * self.WAITS)


class Options(unittest.TestCase):
    """A stock client writes a large frame in three pieces with Nagle on: it waits 40 ms for an acknowledgement that is delayed."""

    def test_quickack_while_a_frame_is_incomplete(self):
        with Peer(host.servers["echo"]) as peer, tempfile.NamedTemporaryFile(prefix="rpychost-strace-", dir="/tmp") as file:
            echo = peer.getattr(peer.root(), "echo")
            ask = peer.message(MSG_REQUEST, 7, (CALL, boxes(yours(echo), value((bytes(60_000),)), value(()))))
            tracer = Tracer(host.pid, file.name)
            self.addCleanup(tracer.kill)
            peer.send(ask[:100])
            harness.eventually("TCP_QUICKACK is set", lambda: b"TCP_QUICKACK, [1]" in open(file.name, "rb").read())
            peer.send(ask[100:])
            self.assertEqual(peer.answer(7)[1], value(bytes(60_000)))
            tracer.stop()

    def test_nodelay(self):
        # It is set on the listener, and accepted sockets inherit it.
        with tempfile.NamedTemporaryFile(prefix="rpychost-strace-", dir="/tmp") as file:
            strace = [Tracer.command(), "-D", "-f", "-e", "trace=setsockopt", "-o", file.name]
            traced = harness.Host("--admin_address=", "--server=threaded:ECHO@127.0.0.1:0", under=strace)
            with Peer(traced.servers["echo"]) as peer:
                peer.ping()
            self.assertEqual(traced.stop(), 0)
            self.assertIn(b"TCP_NODELAY, [1]", file.read())
