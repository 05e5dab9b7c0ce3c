"""Servers whose connections have processes of their own. A process that fails or is killed disturbs neither other connections nor
the server nor the host; no process outlives its owner, and nothing remains of them."""

import contextlib
import os
import pwd
import signal
import subprocess
import tempfile
import threading
import unittest

import harness
import processes
from certificates import Authority
from harness import Process, address_of, admin, eventually
from wire import CALL, MSG_REQUEST, PING, Peer, RemoteError, boxes, frame, payload, value, yours

MIB = 1 << 20
CHURN = 2000  # connections, one after the other
SANITIZER = os.environ.get("RPYC_SANITIZER")
if SANITIZER:  # the signal kills them
    for options in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
        os.environ[options] = os.environ.get(options, "") + ":handle_segv=0:handle_abort=0"


class Unruly(Peer):
    """A peer that calls UNRULY's methods by name."""

    def ask_for(self, method, *args):
        return self.call(self.getattr(self.root(), method), *args)


class Case(unittest.TestCase):
    def setUp(self):
        self.host = self.new_host()

    def new_host(self):
        host = harness.Host("--admin_address=127.0.0.1:0", "--drain_timeout=1s", name="fixture_host")
        self.addCleanup(host.kill)
        return host

    def start(self, service="UNRULY", **spec):
        return harness.start_server(self.host, kind="forking", service=service, **spec)

    def get(self, server):
        return admin(self.host, "ServerService/GetServer", name=server["name"])

    def close(self, server, drain_timeout="0s"):
        return admin(self.host, "ServerService/CloseServer", name=server["name"], drain_timeout=drain_timeout)

    def connect(self, server):
        """A connection, and the pid of its process."""
        peer = Unruly(address_of(server))
        self.addCleanup(peer.sock.close)
        return peer, peer.ask_for("pid")

    def client(self, server, version, method, *arguments):
        """A real client that calls it now."""
        client = Process([harness.venv_python(version), "-u", "tests/process/unruly_client.py", str(server["port"]), method,
                          *map(str, arguments)])
        self.addCleanup(client.kill)
        self.assertEqual(client.line(), "calls", client.story())
        return client

    def hears(self, client, *lines):
        self.assertEqual(client.wait(), 0, client.story() + self.host.story())
        self.assertEqual(client.lines[1:], list(lines))

    def logged(self, *texts):
        eventually(f"the log says {texts}: {self.host.story()}",
                   lambda: any(all(text in line for text in texts) for line in self.host.stderr))

    def are_open(self, count, server):
        eventually(f"{count} connections are open: {self.host.story()}",
                   lambda: int(self.get(server).get("connections_open", 0)) == count)

    def all_gone(self, pids):
        for pid in pids:
            eventually(f"{pid} is gone", lambda pid=pid: not processes.exists(pid))


class Isolation(Case):
    """A connection that fails ends alone."""

    def memory_is_as_usual(self):
        if SANITIZER in ("asan", "tsan"):
            self.skipTest("a sanitizer has an allocator of its own, which ends the program")

    def check(self, end, says, method, *arguments, **spec):
        """A client that calls the method gets `end`, the log has `says`, and another client notices nothing."""
        server = self.start(**spec)
        other, pid = self.connect(server)
        for version in harness.VERSIONS:
            with self.subTest(version):
                client = self.client(server, version, method, *arguments)
                self.hears(client, *end)
                if says:
                    self.logged(f"{server['port']}: goodbye 127.0.0.1:", *says)
                    ended = admin(self.host, "ConnectionService/ListRecentCloses", parent=server["name"])["connections"][0]
                    for text in says:
                        self.assertIn(text, ended["close_status"]["message"])
                self.assertEqual(other.ask_for("pid"), pid)
                self.are_open(1, server)
        self.assertEqual(self.get(server)["state"], "LISTENING")
        self.assertEqual(processes.connections(self.host), [pid])
        self.assertEqual(self.close(server)["state"], "CLOSED")

    def test_a_segmentation_fault(self):
        self.check(["EOFError", "closed"], ["died by signal 11 (Segmentation fault)"], "die_by", int(signal.SIGSEGV))

    def test_an_abort(self):
        self.check(["EOFError", "closed"], ["died by signal 6 (Aborted)"], "die_by", int(signal.SIGABRT))

    def test_a_kill(self):
        self.check(["EOFError", "closed"], ["died by signal 9 (Killed)"], "die_by", int(signal.SIGKILL))

    def test_an_exit(self):
        self.check(["EOFError", "closed"], ["exited with status 7"], "exit", 7)

    def test_too_much_memory_is_a_MemoryError(self):
        self.memory_is_as_usual()
        self.check(["MemoryError", "works"], [], "allocate", 100 * MIB, max_memory_bytes=32 * MIB)

    def test_as_much_memory_as_it_may_have(self):
        self.memory_is_as_usual()
        self.check([f"returned {ord('x') * 20 * 256}", "works"], [], "allocate", 20 * MIB, max_memory_bytes=32 * MIB)

    def test_running_out_of_memory_where_nobody_can_tell(self):
        self.memory_is_as_usual()
        self.check(["EOFError", "closed"], ["died by signal 6 (Aborted)"], "allocate_without_mercy",
                   max_memory_bytes=32 * MIB)

    def test_memory_is_given_back_while_nothing_is_asked(self):
        self.memory_is_as_usual()
        peer, pid = self.connect(self.start())
        before = processes.resident_bytes(pid)
        peer.ask_for("allocate", 20 * MIB)
        eventually("its memory is given back", lambda: processes.resident_bytes(pid) < before + 2 * MIB)
        self.assertEqual(peer.ask_for("pid"), pid)

    def test_a_method_that_loops_for_ever(self):
        self.check(["EOFError", "closed"], ["died by signal 24", "max_cpu_time is 1s"], "spin", max_cpu_time="0.5s")

    def test_connections_share_no_memory(self):
        server = self.start()
        one, other = self.connect(server)[0], self.connect(server)[0]
        one.ask_for("remember", "a secret")
        self.assertEqual(one.ask_for("remembered"), "a secret")
        self.assertEqual(other.ask_for("remembered"), "")
        self.assertEqual(self.connect(server)[0].ask_for("remembered"), "", "nor with what comes later")

    def test_a_process_has_its_own_connection_and_no_other_descriptor(self):
        server, another = self.start(), self.start()
        pids = [self.connect(s)[1] for s in (server, another, server, another, server)]
        self.assertEqual(len(set(pids)), 5)
        for pid in pids:
            self.assertEqual(processes.sockets(pid), 1, os.listdir(f"/proc/{pid}/fd"))
        for pid in processes.nurseries(self.host) + [processes.zygote(self.host)]:
            self.assertEqual(processes.sockets(pid), 1, "its channel")

    def test_niceness(self):
        peer, _ = self.connect(self.start(niceness=7))
        self.assertEqual(peer.ask_for("niceness"), 7)

    def test_another_user(self):
        nobody = pwd.getpwnam("nobody")
        try:
            subprocess.run(["true"], check=True, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=())
        except PermissionError as e:
            self.skipTest(f"nobody here may become another user: {e}")
        peer, pid = self.connect(self.start(user="nobody"))
        self.assertEqual(peer.ask_for("uid"), nobody.pw_uid)
        with open(f"/proc/{pid}/status") as file:
            status = file.read()
        self.assertRegex(status, rf"(?m)^Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}$")
        self.assertRegex(status, rf"(?m)^Gid:\t{nobody.pw_gid}\t{nobody.pw_gid}\t{nobody.pw_gid}\t{nobody.pw_gid}$")
        self.assertRegex(status, rf"(?m)^Groups:\t{nobody.pw_gid} ?$")


class Killed(Case):
    """Another program kills processes of the host."""

    def test_a_connections_process(self):
        server = self.start()
        (peer, pid), (other, other_pid) = self.connect(server), self.connect(server)
        os.kill(pid, signal.SIGKILL)
        self.assertIsNone(peer.read())
        self.logged(f"its process {pid} died by signal 9 (Killed)")
        self.are_open(1, server)
        self.assertEqual(other.ask_for("pid"), other_pid)
        self.all_gone([pid])

    def test_a_connections_process_gives_its_part_of_the_budget_back(self):
        server = self.start(limits={"max_total_bytes": 16 * MIB})
        (hoarder, pid), (other, _) = self.connect(server), self.connect(server)
        whole = frame(payload(hoarder.dialect, MSG_REQUEST, 0, (PING, value((bytes(14 * MIB),)))))
        hoarder.send(whole[:-1])

        def is_served():
            try:
                return len(other.ask_value(PING, value((bytes(4 * MIB),)))) == 4 * MIB
            except RemoteError as e:
                self.assertEqual(e.cls, "MemoryError", e.raw)
                return False

        eventually("nothing is left for another", lambda: not is_served())
        os.kill(pid, signal.SIGKILL)
        eventually("what it held is given back", is_served)

    def test_a_process_that_is_stopped_does_not_hold_up_a_close(self):
        server = self.start()
        peer, pid = self.connect(server)
        os.kill(pid, signal.SIGSTOP)
        self.assertEqual(self.close(server)["state"], "CLOSED")
        self.assertIsNone(peer.read())
        self.all_gone([pid])

    def test_a_nursery_that_is_stopped_goes_with_its_server(self):
        server = self.start()
        peer, pid = self.connect(server)
        nursery, = processes.nurseries(self.host)
        os.kill(nursery, signal.SIGSTOP)
        self.assertEqual(self.close(server)["state"], "CLOSED")
        self.assertIsNone(peer.read())
        self.all_gone([nursery, pid])

    def nursery_after(self, *before):
        """The pid of the nursery that has replaced others."""
        eventually("there is another nursery" + self.host.story(),
                   lambda: len(self.nurseries_but(before)) == 1)
        return self.nurseries_but(before)[0]

    def nurseries_but(self, before):
        return [pid for pid in processes.nurseries(self.host) if pid not in before and processes.runs(pid)]

    def test_the_nursery_is_replaced_while_clients_wait(self):
        server, another = self.start(), self.start(server_id="another")
        nursery, others = processes.nurseries(self.host)
        connections = [self.connect(server) for _ in range(5)]
        other, other_pid = self.connect(another)
        os.kill(nursery, signal.SIGKILL)
        for peer, _ in connections:
            self.assertIsNone(peer.read())
        # The listener never closed: a client that connects now is served, by and by.
        for version in harness.VERSIONS:
            client = self.client(server, version, "pid")
            self.assertEqual(client.wait(), 0, client.story() + self.host.story())
        self.logged(f"{server['port']}: the server's nursery, the parent of its processes, has died; another is made")
        now = self.get(server)
        self.assertEqual(now["state"], "LISTENING")
        self.assertEqual(now["connections_total"], str(5 + len(harness.VERSIONS)))
        self.all_gone([pid for _, pid in connections])
        self.assertEqual(other.ask_for("pid"), other_pid)
        self.assertNotEqual(self.nursery_after(nursery, others), nursery)
        self.assertEqual(self.close(server)["state"], "CLOSED")
        eventually("its nursery has gone", lambda: len(processes.nurseries(self.host)) == 1)

    def test_a_nursery_that_dies_before_it_has_served_its_clients(self):
        server = self.start()
        nursery, = processes.nurseries(self.host)
        os.kill(nursery, signal.SIGSTOP)
        waiting = [self.enterContext(Unruly(address_of(server))) for _ in range(5)]
        self.are_open(5, server)
        gone = waiting.pop()
        gone.sock.close()
        os.kill(nursery, signal.SIGKILL)
        pids = [peer.ask_for("pid") for peer in waiting]
        self.assertEqual(len(set(pids)), 4)
        self.are_open(4, server)
        self.assertEqual(self.get(server)["connections_total"], "5")
        self.assertEqual(self.close(server)["state"], "CLOSED")
        self.all_gone(pids)

    def test_a_nursery_that_dies_over_and_over_fails_its_server(self):
        server = self.start()
        seen = []
        for _ in range(6):
            eventually("a nursery, or none any more" + self.host.story(),
                       lambda: self.nurseries_but(seen) or self.get(server)["state"] == "FAILED")
            for pid in self.nurseries_but(seen):
                seen.append(pid)
                os.kill(pid, signal.SIGKILL)
        eventually("the server has failed" + self.host.story(), lambda: self.get(server)["state"] == "FAILED")
        self.assertEqual(len(seen), 6)
        failed = self.get(server)
        self.assertIn("nursery", failed["last_error"]["message"])
        self.assertIn("6 times in a row", failed["last_error"]["message"])
        with self.assertRaises(ConnectionRefusedError):
            Unruly(address_of(server))
        self.assertEqual(self.close(server)["state"], "CLOSED")
        self.connect(self.start())  # another takes its place

    def test_a_server_closes_while_its_nursery_is_away(self):
        server = self.start()
        seen = []
        for _ in range(4):  # from here on the host waits before it starts the next one
            seen.append(self.nursery_after(*seen))
            os.kill(seen[-1], signal.SIGKILL)
        with Unruly(address_of(server)) as waiting:  # in the backlog
            self.assertEqual(self.close(server)["state"], "CLOSED")
            with contextlib.suppress(ConnectionError):
                self.assertEqual(waiting.sock.recv(1), b"")
        eventually("nothing is left" + self.host.story(), lambda: processes.of(self.host) == [processes.zygote(self.host)])

    def test_certificates_of_a_replaced_nursery(self):
        with tempfile.TemporaryDirectory() as folder:
            keyfile, certfile = Authority(folder, "replaced").issue("server")
            server = self.start(tls={"keyfile": keyfile, "certfile": certfile})
            nursery, = processes.nurseries(self.host)
            os.kill(nursery, signal.SIGKILL)
            self.connect(server)

    def zygote_status(self):
        return admin(self.host, "HostService/GetHost")["zygote"]

    def test_the_zygote_is_replaced(self):
        server = self.start()
        before, _ = self.connect(server)
        zygote = processes.zygote(self.host)
        self.assertEqual(self.zygote_status()["state"], "RUNNING")
        self.assertEqual(self.zygote_status()["process_id"], str(zygote))
        os.kill(zygote, signal.SIGKILL)
        started = self.start(server_id="meanwhile")  # waits for the next one
        self.connect(started)
        before.ask_for("pid")
        self.connect(server)
        status = self.zygote_status()
        self.assertEqual((status["state"], status["restarts"]), ("RUNNING", "1"))
        self.assertIn(f"the zygote, process {zygote}, died by signal 9 (Killed)", status["last_error"])
        self.assertEqual(status["process_id"], str(processes.zygote(self.host)))
        self.assertFalse(processes.exists(zygote), "it has been reaped")
        self.logged(f"the zygote, process {zygote}, died by signal 9 (Killed); another is made")
        self.assertEqual(processes.sockets(processes.zygote(self.host)), 1, "its channel")
        for one in (server, started):
            self.assertEqual(self.close(one)["state"], "CLOSED")
        self.assertEqual(self.host.stop(), 0)
        self.assertEqual(processes.of(self.host), [])

    def test_a_nursery_of_a_zygote_that_was_replaced_is_replaced(self):
        server = self.start()
        zygote, (nursery,) = processes.zygote(self.host), processes.nurseries(self.host)
        os.kill(zygote, signal.SIGKILL)
        os.kill(nursery, signal.SIGKILL)
        self.logged("the server's nursery, the parent of its processes, has died")  # what it had taken is lost
        _, pid = self.connect(server)
        self.assertIn(pid, processes.connections(self.host))

    def test_a_zygote_that_dies_over_and_over_is_given_up(self):
        server = self.start()
        seen = []
        while self.zygote_status()["state"] != "GONE":
            for pid in processes.of(self.host, "rpyc-zygote"):
                if pid not in seen:
                    seen.append(pid)
                    os.kill(pid, signal.SIGKILL)
        self.assertEqual(len(seen), 6)
        self.connect(server)
        with self.assertRaises(harness.GrpcError) as caught:
            self.start()
        self.assertEqual((caught.exception.code, caught.exception.reason),
                         (harness.CODES["FAILED_PRECONDITION"], "KIND_UNAVAILABLE"))
        self.assertIn("died by signal 9", caught.exception.message)
        harness.start_server(self.host, service="PATIENT")
        self.assertEqual(self.close(server)["state"], "CLOSED")

    def test_the_host(self):
        server = self.start("PATIENT")
        busy = Unruly(address_of(server))
        self.addCleanup(busy.sock.close)
        busy.request(CALL, boxes(yours(busy.getattr(busy.root(), "insist")), value(()), value(())))
        idle, _ = self.connect(self.start())
        of_it = processes.of(self.host)
        self.assertEqual(len(of_it), 1 + 2 + 2, "a zygote, and of two servers each a nursery and a process")
        self.host.kill()
        self.assertIsNone(idle.read())
        self.assertIsNone(busy.read())
        for pid in of_it:
            eventually(f"{pid} has ended", lambda pid=pid: not processes.runs(pid))

    def test_a_terminal_interrupts_all_of_them(self):
        """SIGINT goes to the whole group, as with Ctrl-C: the host drains, and its processes ignore the signal."""
        server = self.start("PATIENT")
        client = Unruly(address_of(server))
        self.addCleanup(client.sock.close)
        self.assertEqual(client.ask_for("waiting"), 0)
        of_it = processes.of(self.host)
        for pid in of_it:
            for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(pid, signum)
        self.assertEqual(client.ask_for("waiting"), 0)
        self.assertEqual(self.host.stop(signal.SIGINT), 0)
        self.assertIsNone(client.read())
        for pid in of_it:
            eventually(f"{pid} has ended", lambda pid=pid: not processes.runs(pid))


class WhatStays(Case):

    def test_nothing_of_many_connections_while_grpc_is_busy(self):
        server = self.start()
        Unruly(address_of(server)).ask_for("pid")
        nursery = processes.nurseries(self.host)[0]
        stop = threading.Event()

        def load():
            while not stop.is_set():
                self.get(server)

        callers = [threading.Thread(target=load) for _ in range(2)]
        for caller in callers:
            caller.start()
        try:
            late = self.start(server_id="late")  # in the middle of it
            for n in range(CHURN):
                with Unruly(address_of(server)) as peer:
                    if n % 100 == 0:
                        peer.ask_for("pid")
                    else:
                        peer.ping()
            self.connect(late)[0].sock.close()
        finally:
            stop.set()
            for caller in callers:
                caller.join()
        self.are_open(0, server)
        self.assertEqual(self.get(server)["connections_total"], str(CHURN + 1))
        eventually("all processes are reaped", lambda: processes.of(self.host, "rpyc-connection") == [])
        self.assertEqual(processes.sockets(nursery), 1)
        self.assertLess(self.host.descriptors(), 60)
        self.assertEqual(self.close(server)["state"], "CLOSED")
        self.assertEqual(self.close(late)["state"], "CLOSED")
        eventually("the nurseries too", lambda: processes.of(self.host) == [processes.zygote(self.host)])

    def test_nothing_of_a_host_that_ends(self):
        server = self.start()
        self.connect(server)
        of_it = processes.of(self.host)
        self.assertEqual(len(of_it), 3)
        self.assertEqual(self.host.stop(), 0)
        for pid in of_it:
            eventually(f"{pid} has ended", lambda pid=pid: not processes.runs(pid))
