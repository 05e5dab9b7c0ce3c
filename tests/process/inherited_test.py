"""Listening sockets that a host inherits: from systemd, as its own tool passes them, and from any parent."""

import os
import shutil
import socket
import tempfile
import unittest

import harness
from harness import Host, Process, binary
from wire import Peer

ADMIN_OFF = "--admin_address="
ADMIN_ANY = "--admin_address=127.0.0.1:0"

# Starts a program as systemd does: the sockets begin at descriptor 3, and the environment describes them.
ACTIVATE = """
import fcntl, os, sys
fds = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in sys.argv[1].split(",")]
for i, fd in enumerate(fds):
    os.dup2(fd, 3 + i, inheritable=True)
    os.close(fd)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
"""


def address_of(sock):
    if sock.family == socket.AF_UNIX:
        return "unix:" + sock.getsockname()
    host, port = sock.getsockname()[:2]
    return f"{host}:{port}"


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rpychost-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def tcp(self, host="127.0.0.1", listens=True):
        return self.bound(socket.AF_INET, (host, 0), listens)

    def unix(self):
        return self.bound(socket.AF_UNIX, os.path.join(self.folder, "x.sock"))

    def bound(self, family, address, listens=True):
        sock = socket.socket(family)
        self.addCleanup(sock.close)
        sock.bind(address)
        if listens:
            sock.listen()
        return sock

    def activation(self, sockets):
        """The command in front of a host's that makes it inherit these sockets, by name."""
        numbers = [str(sock.fileno()) for sock in sockets.values()]
        return {"under": ["/usr/bin/python3", "-c", ACTIVATE, ",".join(numbers), ":".join(sockets)],
                "pass_fds": [sock.fileno() for sock in sockets.values()]}

    def activated(self, sockets, *flags):
        host = Host(*flags, **self.activation(sockets))
        self.addCleanup(host.kill)
        return host

    def refused(self, *flags, code, says, under=(), pass_fds=()):
        process = Process([*under, *binary("demo_host"), *flags], pass_fds=pass_fds)
        self.addCleanup(process.kill)
        self.assertEqual(process.wait(), code, process.story())
        self.assertEqual((process.lines, len(process.stderr)), ([], 1), process.story())
        for text in says:
            self.assertIn(text, process.stderr[0])

    def echoes(self, address):
        for dialect in (5, 6):
            with Peer(address, dialect) as peer:
                self.assertEqual(peer.call(peer.getattr(peer.root(), "echo"), "x"), "x")


class Activation(Case):
    def test_by_name(self):
        web, lab = self.tcp(), self.unix()
        host = self.activated({"web": web, "lab": lab}, ADMIN_ANY, "--server=threaded:ECHO@fd:lab",
                              "--server=threaded:ECHO@fd:web")
        self.assertEqual(host.servers, {"echo": address_of(lab), "echo-2": address_of(web)})
        for address in host.servers.values():
            self.echoes(address)
        shown = harness.admin(host, "ServerService/GetServer", name="servers/echo-2")
        port = web.getsockname()[1]
        self.assertEqual((shown["hostname"], shown["port"]), ("127.0.0.1", port))
        self.assertEqual((shown["spec"]["hostname"], shown["spec"]["port"]), ("127.0.0.1", port))
        shown = harness.admin(host, "ServerService/GetServer", name="servers/echo")
        self.assertEqual((shown["socket_path"], shown["spec"]["socket_path"]), (lab.getsockname(),) * 2)
        self.assertEqual(host.stop(), 0)

    def test_real_clients(self):
        for sock in (self.tcp(), self.unix()):
            host = self.activated({"calc": sock}, ADMIN_OFF, "--server=threaded:CALCULATOR@fd:calc")
            for version in harness.VERSIONS:
                with self.subTest(version, address=address_of(sock)):
                    client = harness.Client(version, host.servers)
                    self.addCleanup(client.kill)
                    self.assertEqual(client.run("call_at", address=address_of(sock)), "CALCULATOR")
            self.assertEqual(host.stop(), 0)

    def test_the_next_host_goes_on(self):
        # The process that made the socket has it still: it outlives the host, and a client that connects meanwhile waits.
        for sock in (self.tcp(), self.unix()):
            with self.subTest(address_of(sock)):
                flags = (ADMIN_OFF, "--server=threaded:ECHO@fd:it")
                first = self.activated({"it": sock}, *flags)
                with Peer(address_of(sock)) as peer:
                    peer.ping()
                    self.assertEqual(first.stop(), 0)
                    self.assertIsNone(peer.read_frame())
                with Peer(address_of(sock)) as early:
                    second = self.activated({"it": sock}, *flags)
                    early.ping()
                    self.echoes(address_of(sock))
                    self.assertEqual(second.stop(), 0)

    def test_a_closed_server_listens_no_more_where_nobody_else_does(self):
        sock = self.tcp()
        host = self.activated({"it": sock}, ADMIN_ANY, "--server=threaded:ECHO@fd:it")
        sock.close()
        self.echoes(host.servers["echo"])
        harness.admin(host, "ServerService/CloseServer", name="servers/echo")
        with self.assertRaises(ConnectionRefusedError):
            Peer(host.servers["echo"])
        self.assertEqual(host.stop(), 0)

    def test_the_file_is_its_makers(self):
        lab = self.unix()
        host = self.activated({"lab": lab}, ADMIN_OFF, "--server=threaded:ECHO@fd:lab")
        self.echoes("unix:" + lab.getsockname())
        self.assertEqual(host.stop(), 0)
        self.assertEqual(os.listdir(self.folder), ["x.sock"])

    def test_one_connection(self):
        sock = self.tcp()
        host = self.activated({"it": sock}, ADMIN_ANY, "--server=one_shot:ECHO@fd:it")
        state = lambda: harness.admin(host, "ServerService/GetServer", name="servers/echo")["state"]
        with Peer(address_of(sock)) as only:
            only.ping()
            with Peer(address_of(sock)):
                self.assertEqual(state(), "DRAINING")
                accepted, _ = sock.accept()  # its maker accepts: the host does not want it
                accepted.close()
            only.ping()
        harness.eventually("it closes by itself", lambda: state() == "CLOSED")
        self.assertEqual(host.stop(), 0)

    def test_one_that_nobody_uses_is_said(self):
        host = self.activated({"web": self.tcp(), "lab": self.tcp()}, ADMIN_OFF, "--server=threaded:ECHO@fd:web")
        harness.eventually("a warning", lambda: any("lab" in line and "no --server" in line for line in host.stderr))
        self.assertFalse([line for line in host.stderr if "web" in line])
        self.assertEqual(host.stop(), 0)

    def test_by_systemds_own_tool(self):
        tool = shutil.which("systemd-socket-activate")
        if tool is None:
            self.skipTest("no systemd-socket-activate")
        path = os.path.join(self.folder, "x.sock")
        process = Process([tool, f"--listen={path}", "--fdname=lab", *binary("demo_host"), ADMIN_OFF,
                           "--server=threaded:ECHO@fd:lab"])
        self.addCleanup(process.kill)
        harness.eventually("it listens", lambda: os.path.exists(path))

        def connected():
            try:
                return Peer("unix:" + path)
            except ConnectionRefusedError:  # bound, and not listening yet
                return None

        peers = []
        harness.eventually("it takes connections", lambda: peers.append(connected()) or peers[-1] is not None)
        with peers[-1] as peer:  # which starts the host
            peer.ping()
        self.assertEqual(process.line(), f"rpycd: server servers/echo (threaded, ECHO) listening on unix:{path}")
        self.assertEqual(process.line(), "rpycd: ready")
        process.child.terminate()
        self.assertEqual(process.wait(), 0)


class Number(Case):
    def test_any_listening_socket(self):
        sock = self.tcp()
        number = sock.fileno()
        host = Host(ADMIN_OFF, f"--server=threaded:ECHO@fd:{number}", pass_fds=[number])
        self.addCleanup(host.kill)
        self.assertEqual(host.servers["echo"], address_of(sock))
        self.echoes(host.servers["echo"])
        self.assertEqual(host.stop(), 0)
        with socket.create_connection(sock.getsockname()):
            pass  # the socket still listens, for us


class Refusals(Case):
    def test_no_such_name(self):
        self.refused(ADMIN_ANY, "--server=threaded:ECHO@fd:lab", code=1, says=["--server", "fd:lab", "none"])
        self.refused(ADMIN_ANY,
                     "--server=threaded:ECHO@fd:lab",
                     code=1,
                     says=["fd:lab", "web"],
                     **self.activation({"web": self.tcp()}))

    def test_nothing_that_listens(self):
        for what in (self.tcp(listens=False), self.bound(socket.AF_INET, ("127.0.0.1", 0), False), open(os.devnull)):
            number = what.fileno()
            self.refused(ADMIN_ANY, f"--server=threaded:ECHO@fd:{number}", code=1, says=[f"fd:{number}"], pass_fds=[number])
            what.close()
        self.refused(ADMIN_ANY, "--server=threaded:ECHO@fd:999", code=1, says=["fd:999"])
        self.refused(ADMIN_ANY,
                     "--server=threaded:ECHO@fd:web",
                     code=1,
                     says=["fd:web"],
                     **self.activation({"web": self.tcp(listens=False)}))

    def test_twice(self):
        web = self.activation({"web": self.tcp()})
        for other in ("web", "3"):
            self.refused("--server=threaded:ECHO@fd:web", f"--server=threaded:ECHO@fd:{other}", code=2,
                         says=[f"fd:{other}"], **web)

    def test_bad_values(self):
        for value in ("fd:", "fd:0", "fd:2", "fd:99999999999"):
            self.refused("--server=threaded:ECHO@" + value, code=2, says=["--server", value])

    def test_off_loopback_needs_a_word(self):
        sock = self.tcp("0.0.0.0")
        web = self.activation({"web": sock})
        self.refused("--server=threaded:ECHO@fd:web", code=2, says=["0.0.0.0", "allow_insecure"], **web)
        host = self.activated({"web": sock}, ADMIN_OFF, "--server=threaded:ECHO@fd:web", "--allow_insecure")
        self.assertEqual(host.servers["echo"], f"0.0.0.0:{sock.getsockname()[1]}")
        self.assertEqual(host.stop(), 0)

    def test_an_environment_that_cannot_be_true(self):
        launch = 'export LISTEN_PID=$$ LISTEN_FDS=2; exec "$0" "$@"'
        self.refused(ADMIN_ANY, code=1, says=["LISTEN_FDS=2"], under=["/bin/sh", "-c", launch])
