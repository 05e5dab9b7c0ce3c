"""The host as a process: flags, lines on stdout, exit codes, signals, sockets. The tests run both binaries."""

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

import harness
from harness import Host, Process, binary
from wire import CALL, GETROOT, MSG_REQUEST, PING, Peer, boxes, frame, payload, value, yours

ADMIN_OFF = "--admin_address="
ADMIN_ANY = "--admin_address=127.0.0.1:0"


class Case(unittest.TestCase):
    def host(self, *flags, name="demo_host"):
        host = Host(*flags, name=name)
        self.addCleanup(host.kill)
        return host

    def run_once(self, *flags, name="demo_host"):
        """For invocations that must end by themselves."""
        process = Process(binary(name) + list(flags))
        self.addCleanup(process.kill)
        return process.wait(), process

    def directory(self):
        """For unix sockets: their path may have 107 bytes, TEST_TMPDIR alone is longer."""
        path = tempfile.mkdtemp(prefix="rpychost-", dir="/tmp")
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path


class Output(Case):
    def test_lines(self):
        host = self.host(ADMIN_ANY, "--server=threaded:CALCULATOR@127.0.0.1:0", "--server=threaded:ECHO@127.0.0.1:0")
        expected = (r"rpycd: admin listening on 127\.0\.0\.1:\d+",
                    r"rpycd: server servers/calculator \(threaded, CALCULATOR\) listening on 127\.0\.0\.1:\d+",
                    r"rpycd: server servers/echo \(threaded, ECHO\) listening on 127\.0\.0\.1:\d+",
                    r"rpycd: ready")
        self.assertEqual(len(host.lines), len(expected), host.lines)
        for line, pattern in zip(host.lines, expected):
            self.assertRegex(line, rf"\A{pattern}\Z")
        self.assertEqual(host.stop(), 0)
        self.assertEqual(len(host.lines), len(expected), "nothing more on stdout, ever")

    def test_ids_of_two_alike(self):
        host = self.host(ADMIN_OFF, *["--server=threaded:CALCULATOR@127.0.0.1:0"] * 3)
        self.assertEqual(list(host.servers), ["calculator", "calculator-2", "calculator-3"])
        for address in host.servers.values():
            with Peer(address) as peer:
                peer.ping()

    def test_service_in_any_case(self):
        host = self.host(ADMIN_OFF, "--server=threaded:calculator@127.0.0.1:0")
        self.assertIn("(threaded, CALCULATOR)", host.lines[0])

    def test_an_empty_hostname_is_loopback(self):
        host = self.host(ADMIN_OFF, "--server=threaded:ECHO@:0")
        self.assertRegex(host.servers["echo"], r"^127\.0\.0\.1:\d+$")

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError as e:
            self.skipTest(f"no IPv6 loopback: {e}")
        host = self.host("--admin_address=[::1]:0", "--server=threaded:ECHO@[::1]:0")
        self.assertRegex(host.servers["echo"], r"^\[::1\]:\d+$")
        self.assertRegex(host.admin, r"^\[::1\]:\d+$")
        with Peer(host.servers["echo"]) as peer:
            peer.ping()

    def test_the_ipv6_wildcard_is_for_ipv4_too(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError as e:
            self.skipTest(f"no IPv6 loopback: {e}")
        host = self.host(ADMIN_OFF, "--server=threaded:CALCULATOR@[::]:0", "--allow_insecure", "--log_level=debug")
        self.assertRegex(host.servers["calculator"], r"^\[::\]:\d+$")
        port = host.servers["calculator"].rpartition(":")[2]
        for version in harness.VERSIONS:
            with self.subTest(version):
                client = harness.Client(version, host.servers)
                self.addCleanup(client.kill)
                for address in (f"127.0.0.1:{port}", f"[::1]:{port}"):
                    self.assertEqual(client.run("call_at", address=address), "CALCULATOR")
        for address in (f"127.0.0.1:{port}", f"[::1]:{port}"):
            with Peer(address) as peer:
                name, peer_port = peer.sock.getsockname()[:2]
                peer.ping()
                shown = f"[{name}]:{peer_port}" if ":" in name else f"{name}:{peer_port}"
                harness.eventually("its address is shown as it knows it",
                                   lambda: any(line.endswith(" accepted " + shown) for line in host.stderr))
        self.assertEqual(host.stop(), 0)

    def test_without_control_plane(self):
        host = self.host(ADMIN_OFF, "--server=threaded:ECHO@127.0.0.1:0")
        self.assertIsNone(host.admin)
        self.assertEqual(len(host.lines), 2)
        self.assertEqual(listening_ports(host.pid), {int(host.servers["echo"].rpartition(":")[2])})

    def test_without_servers(self):
        host = self.host(ADMIN_ANY)
        self.assertEqual(len(host.lines), 2)
        self.assertEqual(host.stop(), 0)

    def test_rpycd_says_that_it_has_no_services(self):
        host = self.host(ADMIN_ANY, name="rpycd")
        self.assertEqual(host.stop(), 0)
        self.assertRegex("\n".join(host.stderr + host.lines).lower(), r"\bno (rpyc )?services?\b")

    def test_help_and_version(self):
        for name in ("demo_host", "rpycd"):
            for flag, expected in (("--help", "--admin_address"), ("--help", "--server"),
                                   ("--help", "--drain_timeout"), ("--help", "--allow_insecure"), ("--version",
                                                                                                   r"\d+\.\d+")):
                with self.subTest(name, flag=flag):
                    code, process = self.run_once(flag, name=name)
                    self.assertEqual((code, process.stderr), (0, []))
                    self.assertRegex("\n".join(process.lines), expected)

    def test_help_wins_over_servers(self):
        code, process = self.run_once("--server=threaded:ECHO@127.0.0.1:0", "--help")
        self.assertEqual(code, 0)
        self.assertFalse([line for line in process.lines if "listening" in line])


class BadFlags(Case):
    def refused(self, *flags, says="", code=2, name="demo_host"):
        got, process = self.run_once(*flags, name=name)
        self.assertEqual(got, code, process.story())
        self.assertEqual(len(process.stderr), 1, process.story())
        self.assertIn(says, process.stderr[0])
        self.assertEqual(process.lines, [], "nothing was started")

    def test_unknown_flags(self):
        for flag in ("--nosuch", "--nosuch=1", "--Server=x", "-x", "--config_file=x"):
            with self.subTest(flag):
                self.refused(flag, says=flag.partition("=")[0].lstrip("-"))

    def test_stray_arguments(self):
        for flags in (["stray"], [ADMIN_ANY, "stray"], ["--", "stray"]):
            with self.subTest(flags):
                self.refused(*flags, says="stray")

    def test_bad_values(self):
        for flag in ("--drain_timeout=abc", "--drain_timeout=", "--drain_timeout=-1s", "--log_level=nonsense",
                     "--allow_insecure=perhaps", "--admin_address=nonsense", "--admin_address=127.0.0.1:70000",
                     "--admin_address=127.0.0.1:x", "--admin_address=unix:"):
            with self.subTest(flag):
                self.refused(flag, says=flag[2:].partition("=")[0])

    def test_bad_servers(self):
        for value in ("", "threaded", "threaded:ECHO", "threaded:ECHO@", "threaded:ECHO@127.0.0.1",
                      "threaded:ECHO@127.0.0.1:", "threaded:ECHO@127.0.0.1:x", "threaded:ECHO@127.0.0.1:70000",
                      "threaded:ECHO@127.0.0.1:-1", "threaded:@127.0.0.1:0", ":ECHO@127.0.0.1:0", "ECHO@127.0.0.1:0",
                      "threaded:ECHO@unix:", "threaded:ECHO@[::1:0", "threaded:ECHO@::1:0"):
            with self.subTest(value):
                self.refused(ADMIN_ANY, "--server=" + value, says="server")

    def test_unknown_kind_and_service(self):
        self.refused("--server=nosuch:ECHO@127.0.0.1:0", says="nosuch")
        self.refused("--server=threaded:NOSUCH@127.0.0.1:0", says="NOSUCH")
        self.refused("--server=threaded:ECHO@127.0.0.1:0", says="ECHO", name="rpycd")

    def test_a_bad_one_among_good_ones(self):
        self.refused(ADMIN_ANY,
                     "--server=threaded:ECHO@127.0.0.1:0",
                     "--server=threaded:NOSUCH@127.0.0.1:0",
                     says="NOSUCH")

    def test_off_loopback_needs_a_word(self):
        got, process = self.run_once(ADMIN_OFF, "--server=threaded:ECHO@0.0.0.0:0")
        self.assertIn(got, (1, 2))
        self.assertEqual(len(process.stderr), 1, process.story())
        self.assertIn("allow_insecure", process.stderr[0])


class BusyPorts(Case):
    def refused(self, *flags, says):
        code, process = self.run_once(*flags)
        self.assertEqual(code, 1, process.story())
        self.assertEqual(len(process.stderr), 1, process.story())
        self.assertIn(says, process.stderr[0])
        self.assertNotIn("rpycd: ready", process.lines)

    def test_server(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            self.refused(ADMIN_ANY, f"--server=threaded:ECHO@127.0.0.1:{port}", says=port)

    def test_second_server(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            self.refused("--server=threaded:ECHO@127.0.0.1:0", f"--server=threaded:ECHO@127.0.0.1:{port}", says=port)

    def test_admin(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            self.refused(f"--admin_address=127.0.0.1:{port}", "--server=threaded:ECHO@127.0.0.1:0", says=port)

    def test_admin_of_another_host(self):
        # By default gRPC lets two processes share a port, and neither notices.
        first = self.host(ADMIN_ANY)
        self.refused(f"--admin_address={first.admin}", says=first.admin.rpartition(":")[2])
        self.assertEqual(first.stop(), 0)

    def test_server_of_another_host(self):
        first = self.host(ADMIN_OFF, "--server=threaded:ECHO@127.0.0.1:0")
        self.refused(ADMIN_OFF, f"--server=threaded:ECHO@{first.servers['echo']}", says=first.servers["echo"])
        with Peer(first.servers["echo"]) as peer:
            peer.ping()

    def test_not_an_address_of_this_machine(self):
        code, process = self.run_once(ADMIN_OFF, "--allow_insecure", "--server=threaded:ECHO@192.0.2.1:0")
        self.assertEqual((code, len(process.stderr)), (1, 1), process.story())

    def test_the_port_can_be_taken_again_at_once(self):
        first = self.host(ADMIN_OFF, "--server=threaded:ECHO@127.0.0.1:0")
        address = first.servers["echo"]
        with Peer(address) as peer:  # leaves the port in TIME_WAIT, or worse
            peer.ping()
            self.assertEqual(first.stop(), 0)
        second = self.host(ADMIN_OFF, f"--server=threaded:ECHO@{address}")
        with Peer(second.servers["echo"]) as peer:
            peer.ping()


class Signals(Case):
    def ends_with_clients(self, signum):
        host = self.host(ADMIN_ANY, "--server=threaded:CALCULATOR@127.0.0.1:0")
        address = host.servers["calculator"]
        with contextlib.ExitStack() as peers:
            used = [peers.enter_context(Peer(address, dialect)) for dialect in (5, 6)]
            for peer in used:
                peer.ping()
            mute = peers.enter_context(Peer(address))
            half = peers.enter_context(Peer(address))
            half.send(frame(payload(6, 1, 0, (GETROOT, (1, ()))))[:7])
            self.assertEqual(host.stop(signum), 0)
            for peer in used + [mute, half]:
                self.assertIsNone(peer.read_frame())
        with self.assertRaises(ConnectionRefusedError):
            Peer(address)

    def test_sigterm(self):
        self.ends_with_clients(signal.SIGTERM)

    def test_sigint(self):
        self.ends_with_clients(signal.SIGINT)

    def test_sigterm_with_real_clients(self):
        for version in harness.VERSIONS:
            with self.subTest(version):
                host = self.host(ADMIN_ANY, "--server=threaded:CALCULATOR@127.0.0.1:0")
                client = harness.Client(version, host.servers)
                self.addCleanup(client.kill)
                client.run("hold", service="calculator")
                self.assertEqual(host.stop(), 0)
                client.run("held_has_ended")

    def test_sigterm_before_anyone_came(self):
        host = self.host(ADMIN_OFF, "--server=threaded:CALCULATOR@127.0.0.1:0")
        self.assertEqual(host.stop(), 0)

    def test_sigterm_with_a_peer_that_never_reads(self):
        # A thread of the host is in a write that the peer never lets it finish.
        host = self.host(ADMIN_OFF, "--server=threaded:ECHO@127.0.0.1:0", "--drain_timeout=1s")
        with Peer(host.servers["echo"]) as peer:
            echo = peer.getattr(peer.root(), "echo")
            ask = peer.message(MSG_REQUEST, 5, (CALL, boxes(yours(echo), value((bytes(8 << 20),)), value(()))))
            peer.sock.setblocking(False)
            sent, view = 0, memoryview(ask)
            while sent < 64 << 20 and select.select([], [peer.sock], [], 0.5)[1]:
                sent += peer.sock.send(view[sent % len(ask):])
            self.assertEqual(host.stop(), 0)

    def test_sigpipe_does_not_kill(self):
        host = self.host(ADMIN_OFF, "--server=threaded:CALCULATOR@127.0.0.1:0")
        os.kill(host.pid, signal.SIGPIPE)
        with Peer(host.servers["calculator"]) as peer:
            peer.ping()
        self.assertEqual(host.stop(), 0)

    def test_a_reader_of_stdout_that_goes_away(self):
        command = binary("demo_host") + [ADMIN_OFF, "--server=threaded:CALCULATOR@127.0.0.1:0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
            self.addCleanup(child.kill)
            address = child.stdout.readline().split()[-1]
            self.assertEqual(child.stdout.readline(), "rpycd: ready\n")
            child.stdout.close()
            with Peer(address) as peer:
                peer.ping()
            child.terminate()
            self.assertEqual(child.wait(harness.DEADLINE_S), 0)

    def test_an_open_grpc_stream_does_not_hold_it(self):
        host = self.host(ADMIN_ANY)
        where, _, port = host.admin.rpartition(":")
        with socket.create_connection((where, int(port))) as sock:
            sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
            self.assertTrue(sock.recv(9))  # the server's SETTINGS have come: gRPC has the connection now
            self.assertEqual(host.stop(), 0)


class Health(Case):
    def test_a_watch_sees_the_drain_and_does_not_hold_it(self):
        host = self.host(ADMIN_ANY, "--server=threaded:ECHO@127.0.0.1:0", "--drain_timeout=1h")
        watches = {name: harness.HealthWatch(host, name) for name in ("", "servers/echo", "servers/nosuch")}
        for watch in watches.values():
            self.addCleanup(watch.kill)
        self.assertEqual({name: watch.status() for name, watch in watches.items()},
                         {"": "SERVING", "servers/echo": "SERVING", "servers/nosuch": "SERVICE_UNKNOWN"})
        with Peer(host.servers["echo"]) as peer:
            peer.ping()
            self.assertEqual(host.stop(), 0)
        for name in ("", "servers/echo"):
            self.assertEqual(watches[name].status(), "NOT_SERVING")
        for watch in watches.values():
            self.assertIsNone(watch.status())
            self.assertNotEqual(watch.wait(), 0)
            self.assertIn("Unavailable", "\n".join(watch.stderr))


class OneShot(Case):
    FLAGS = (ADMIN_ANY, "--server=one_shot:ECHO@127.0.0.1:0")

    def state(self, host):
        return harness.admin(host, "ServerService/GetServer", name="servers/echo")["state"]

    def test_its_line_says_its_kind(self):
        host = self.host(*self.FLAGS)
        self.assertRegex(host.lines[1], r"\Arpycd: server servers/echo \(one_shot, ECHO\) listening on 127\.0\.0\.1:\d+\Z")
        code, process = self.run_once("--help")
        self.assertTrue([line for line in process.lines if line.strip().startswith("one_shot: ")], process.lines)

    def test_one_client_and_no_more(self):
        host = self.host(*self.FLAGS)
        address = host.servers["echo"]
        self.assertEqual(self.state(host), "LISTENING")
        with Peer(address) as peer:
            self.assertEqual(peer.call(peer.getattr(peer.root(), "echo"), "x"), "x")
            with self.assertRaises(ConnectionRefusedError):
                Peer(address)
            self.assertNotIn(int(address.rpartition(":")[2]), listening_ports(host.pid))
            self.assertEqual(self.state(host), "DRAINING")
            peer.ping()
        harness.eventually("it closes by itself", lambda: self.state(host) == "CLOSED")
        self.assertEqual(harness.admin(host, "HostService/GetHost").get("servers_open", "0"), "0")
        self.assertEqual(host.stop(), 0)  # the host runs until a signal comes

    def test_each_real_client(self):
        for version in harness.VERSIONS:
            with self.subTest(version):
                host = self.host(ADMIN_ANY, "--server=one_shot:CALCULATOR@127.0.0.1:0")
                client = harness.Client(version, host.servers)
                self.addCleanup(client.kill)
                client.run("hold", service="calculator")
                client.run("use_held", first=1, count=20)
                client.run("connection_is_refused", address=host.servers["calculator"])
                client.kill()
                harness.eventually("it closes by itself",
                                   lambda: harness.admin(host, "ServerService/GetServer",
                                                         name="servers/calculator")["state"] == "CLOSED")
                self.assertEqual(host.stop(), 0)

    def test_sigterm_while_it_waits(self):
        self.assertEqual(self.host(*self.FLAGS).stop(), 0)

    def test_sigterm_while_it_serves(self):
        host = self.host(*self.FLAGS)
        with Peer(host.servers["echo"]) as peer:
            peer.ping()
            self.assertEqual(host.stop(), 0)
            self.assertIsNone(peer.read_frame())

    def test_sigterm_when_it_has_closed(self):
        host = self.host(*self.FLAGS)
        with Peer(host.servers["echo"]) as peer:
            peer.ping()
        harness.eventually("it closes by itself", lambda: self.state(host) == "CLOSED")
        self.assertEqual(host.stop(), 0)

    def test_a_unix_socket_goes_at_once(self):
        path = os.path.join(self.directory(), "one.sock")
        host = self.host(ADMIN_OFF, f"--server=one_shot:ECHO@unix:{path}")
        with Peer("unix:" + path) as peer:
            peer.ping()
            self.assertFalse(os.path.exists(path))
        self.assertEqual(host.stop(), 0)


class Descriptors(Case):
    def test_running_out_of_them(self):
        host = Host(ADMIN_OFF, "--server=threaded:ECHO@127.0.0.1:0", under=["/bin/sh", "-c", 'ulimit -n 64; exec "$0" "$@"'])
        self.addCleanup(host.kill)
        address = host.servers["echo"]
        with Peer(address) as first:
            first.ping()
            with contextlib.ExitStack() as peers:
                crowd = [peers.enter_context(Peer(address)) for _ in range(150)]  # the kernel completes them all
                for peer in crowd:
                    peer.request(PING, value(("hi",)))
                for _ in range(20):
                    first.ping()
                self.assertEqual(crowd[0].answer(0)[1], value("hi"))

            def a_late_one_is_served():
                # The host closes new connections until it has noticed that the crowd is gone.
                with contextlib.suppress(EOFError, OSError), Peer(address) as late:
                    late.ping()
                    return True
                return False
            harness.eventually("a late peer is served", a_late_one_is_served)
            first.ping()
        self.assertEqual(host.stop(), 0)


class UnixSockets(Case):
    def test_server(self):
        path = os.path.join(self.directory(), "echo.sock")
        host = self.host(ADMIN_OFF, f"--server=threaded:ECHO@unix:{path}")
        self.assertEqual(host.lines[0], f"rpycd: server servers/echo (threaded, ECHO) listening on unix:{path}")
        for dialect in (5, 6):
            with Peer("unix:" + path, dialect) as peer:
                self.assertEqual(peer.call(peer.getattr(peer.root(), "echo"), "x"), "x")
        self.assertEqual(host.stop(), 0)
        self.assertFalse(os.path.exists(path), "the socket file is left behind")

    def test_real_clients(self):
        path = os.path.join(self.directory(), "calc.sock")
        host = self.host(ADMIN_OFF, f"--server=threaded:CALCULATOR@unix:{path}")
        for version in harness.VERSIONS:
            with self.subTest(version):
                client = harness.Client(version, host.servers)
                self.addCleanup(client.kill)
                self.assertEqual(client.run("call_at", address="unix:" + path), "CALCULATOR")

    def test_admin(self):
        path = os.path.join(self.directory(), "admin.sock")
        host = self.host(f"--admin_address=unix:{path}", "--server=threaded:ECHO@127.0.0.1:0")
        self.assertEqual(host.lines[0], f"rpycd: admin listening on unix:{path}")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertTrue(harness.admin(host, "HostService/GetHost")["version"])
        self.assertEqual(host.stop(), 0)

    def test_a_path_in_use_is_not_taken_over(self):
        for flag in ("--admin_address=unix:{}", "--server=threaded:ECHO@unix:{}"):
            with self.subTest(flag):
                path = os.path.join(self.directory(), "in-use.sock")
                first = self.host(*{"--admin_address=unix:{}": [flag.format(path)]}.get(
                    flag, [ADMIN_OFF, flag.format(path)]))
                code, process = self.run_once(*([] if flag.startswith("--admin") else [ADMIN_OFF]), flag.format(path))
                self.assertEqual((code, len(process.stderr)), (1, 1), process.story())
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.connect(path)
                self.assertEqual(first.stop(), 0)

    def test_a_file_left_behind_is_replaced(self):
        path = os.path.join(self.directory(), "stale.sock")
        flags = [ADMIN_OFF, f"--server=threaded:ECHO@unix:{path}"]
        self.host(*flags).kill()
        self.assertTrue(os.path.exists(path))
        self.host(*flags)
        with Peer("unix:" + path) as peer:
            peer.ping()

    def test_a_start_that_fails_leaves_no_file(self):
        folder = self.directory()
        flags = [f"--admin_address=unix:{folder}/admin.sock", f"--server=threaded:ECHO@unix:{folder}/echo.sock"]
        with socket.create_server(("127.0.0.1", 0)) as taken:
            code, process = self.run_once(*flags, f"--server=threaded:ECHO@127.0.0.1:{taken.getsockname()[1]}")
        self.assertEqual((code, len(process.stderr)), (1, 1), process.story())
        self.assertEqual(os.listdir(folder), [])

    def test_what_somebody_else_put_there_stays(self):
        path = os.path.join(self.directory(), "echo.sock")
        host = self.host(ADMIN_OFF, f"--server=threaded:ECHO@unix:{path}")
        os.remove(path)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(path)
            other.listen()
            self.assertEqual(host.stop(), 0)
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(path)

    def test_a_plain_file_is_not_removed(self):
        path = os.path.join(self.directory(), "precious.txt")
        with open(path, "w") as file:
            file.write("data")
        code, process = self.run_once(ADMIN_OFF, f"--server=threaded:ECHO@unix:{path}")
        self.assertEqual((code, len(process.stderr)), (1, 1), process.story())
        with open(path) as file:
            self.assertEqual(file.read(), "data")

    def test_a_path_too_long(self):
        path = os.path.join(self.directory(), "x" * 120)
        code, process = self.run_once(ADMIN_OFF, f"--server=threaded:ECHO@unix:{path}")
        self.assertIn(code, (1, 2))
        self.assertEqual(len(process.stderr), 1, process.story())


def listening_ports(pid):
    """TCP ports on which the process listens, from /proc."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            if found := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}")):
                inodes.add(found[1])
    ports = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/net/{table}") as file:
            for row in file.readlines()[1:]:
                cells = row.split()
                if cells[3] == "0A" and cells[9] in inodes:
                    ports.add(int(cells[1].rpartition(":")[2], 16))
    return ports
