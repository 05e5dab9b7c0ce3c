"""The twins of RPyC's own server examples: each program with its Python client, under every real rpyc version."""

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import certificates
import harness
from harness import Process, binary
from wire import PING, Peer, RemoteError


class Case(unittest.TestCase):
    def server(self, name, says, *arguments, **popen):
        """Starts the program on a port that it picks; returns both. `says` is the program's first line."""
        process = Process([*binary(name), *(arguments or ("0",))], **popen)
        self.addCleanup(process.kill)
        found = re.fullmatch(says, process.line() or "")
        self.assertTrue(found, process.story())
        return process, found[1]

    def client(self, version, name, port, says, *arguments):
        client = Process([harness.venv_python(version), "-u", f"examples/{name}_client.py", port, *arguments])
        self.addCleanup(client.kill)
        self.assertEqual(client.wait(), 0, client.story())
        self.assertEqual(client.lines, says)

    def each_version(self, check):
        for version in harness.VERSIONS:
            with self.subTest(version):
                check(version)

    def ends(self, process):
        process.child.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0, process.story())
        self.assertEqual(process.stderr, [])

    def refuses(self, port):
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(port)))


class Twins(Case):
    def test_basic_threaded_server(self):
        server, port = self.server("threaded_server", r"Server listening on port (\d+)")
        self.each_version(
            lambda version: self.client(version, "threaded", port, ["Data for temperature", "Data for pressure"]))
        self.ends(server)
        self.refuses(port)

    def test_thread_pool_server_with_configuration(self):
        server, port = self.server("thread_pool_server", r"Compute server with 20 threads on port (\d+)")
        self.each_version(lambda version: self.client(version, "thread_pool", port, ["40 sums, the last 780"]))
        self.ends(server)
        self.refuses(port)

    def test_forking_server_with_authentication(self):
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        authority = certificates.Authority(directory, "authority")
        stranger = certificates.Authority(directory, "stranger")
        server, port = self.server("forking_server", r"Secure forking server started on port (\d+)", "0",
                                   *authority.issue("server"))
        for version in harness.VERSIONS:
            with self.subTest(version):
                self.client(version, "forking", port, ["Secret data"])
                self.client(version, "forking", port, ["Secret data"], authority.certfile)
                wary = Process([harness.venv_python(version), "-u", "examples/forking_client.py", port, stranger.certfile])
                self.addCleanup(wary.kill)
                self.assertNotEqual(wary.wait(), 0, "it trusts another authority")
                self.assertEqual(wary.lines, [])
        with Peer("127.0.0.1:" + port) as plain:
            with self.assertRaises(RemoteError) as refused:
                plain.ask(PING)
            self.assertEqual(refused.exception.cls, "ConnectionError", "without TLS nobody gets in")
            self.assertIsNone(plain.read_frame())
        self.ends(server)
        self.refuses(port)

    def test_gevent_server_for_high_concurrency(self):
        server, port = self.server("gevent_server", r"High concurrency gevent server started on port (\d+)")
        self.each_version(
            lambda version: self.client(version, "gevent", port, ["40 operations, the last: Processed: data 39"]))
        self.ends(server)
        self.refuses(port)

    def test_one_shot_server(self):
        def check(version):
            server, port = self.server("one_shot_server", r"Test server on port (\d+)")
            self.client(version, "one_shot", port, ["Test successful", "No second connection"])
            self.assertEqual(server.wait(), 0, server.story())
            self.assertEqual(server.lines[1:], ["Test server closed"])

        self.each_version(check)

    def test_server_with_a_registry(self):
        def check(version):
            registry = Process([*binary("rpyc_registry"), "--host", "0.0.0.0", "--port", "0"])
            self.addCleanup(registry.kill)
            where = re.search(r":(\d+) ", registry.line() or "")[1]
            # 127.255.255.255 is the loopback's broadcast: no datagram leaves this machine.
            for host in ("127.0.0.1", "127.255.255.255"):
                server, port = self.server("registered_server", r"Calculator service registered and running on port (\d+)",
                                           "0", host, where)
                found = [harness.venv_python(version), "-c",
                         "import sys; from rpyc.utils.registry import *; "
                         "sys.exit(not UDPRegistryClient(sys.argv[1], port=int(sys.argv[2])).discover('CALCULATOR'))"]
                harness.eventually("it is registered", lambda: subprocess.run([*found, host, where]).returncode == 0)
                client = Process([harness.venv_python(version), "-u", "examples/registered_client.py", host, where])
                self.addCleanup(client.kill)
                self.assertEqual(client.wait(), 0, client.story())
                self.assertEqual(client.lines, ["Found 1", "5", "20"])
                self.ends(server)
                self.assertNotEqual(subprocess.run([*found, host, where]).returncode, 0, "it is unregistered")
                self.refuses(port)

        self.each_version(check)

    def test_server_in_a_scope(self):
        def check(version):
            server, port = self.server("scoped_server", r"Server running on port (\d+)", stdin=subprocess.PIPE)
            self.addCleanup(server.child.stdin.close)
            self.client(version, "scoped", port, ["Running"])
            with Peer("127.0.0.1:" + port) as held:
                held.ping()
                server.child.stdin.write("\n")
                server.child.stdin.flush()
                self.assertIsNone(held.read_frame())
            self.assertEqual(server.line(), "Server closed", server.story())
            self.refuses(port)
            self.assertIsNone(server.child.poll(), "the program goes on")
            server.child.stdin.write("\n")
            server.child.stdin.flush()
            self.assertEqual(server.wait(), 0, server.story())

        self.each_version(check)

    def test_server_with_configuration_options(self):
        server, port = self.server("configured_server", r"Configured server on 127\.0\.0\.1:(\d+)")
        self.each_version(lambda version: self.client(version, "configured", port, [
            "Service running with custom config", "cannot access '_private'"]))
        self.ends(server)
        again, same = self.server("configured_server", r"Configured server on 127\.0\.0\.1:(\d+)", port)
        self.assertEqual(same, port)
        self.ends(again)

    def test_a_port_in_use_is_said(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            for name in ("threaded_server", "thread_pool_server", "gevent_server", "one_shot_server", "scoped_server",
                         "configured_server"):
                with self.subTest(name):
                    process = Process([*binary(name), port], stdin=subprocess.DEVNULL)
                    self.addCleanup(process.kill)
                    self.assertEqual(process.wait(), 1, process.story())
                    self.assertEqual((process.lines, len(process.stderr)), ([], 1))
                    self.assertIn(port, process.stderr[0])

    def test_the_options_by_the_control_plane(self):
        host = harness.Host("--admin_address=127.0.0.1:0")
        self.addCleanup(host.kill)
        given = {"sync_request_timeout": "60s", "allow_pickle": False, "allow_all_attrs": False}
        server = harness.start_server(host, service="CONFIGURED", backlog=50, reuse_addr=True, protocol_config=given)
        shown = server["spec"]
        self.assertEqual((shown["hostname"], shown["backlog"], shown["reuse_addr"]), ("127.0.0.1", 50, True))
        self.assertEqual({key: shown["protocol_config"].get(key) for key in given}, given)
        self.each_version(lambda version: self.client(version, "configured", str(server["port"]), [
            "Service running with custom config", "cannot access '_private'"]))
        self.assertEqual(host.stop(), 0)


class LoggingServer(Case):
    """The twin of the custom subclass: a server kind that the program defines."""

    def start(self, *flags):
        host = harness.Host("--admin_address=127.0.0.1:0", "--server=logging:MY@127.0.0.1:0", *flags, name="logging_host")
        self.addCleanup(host.kill)
        return host

    def logged(self, host, *patterns):
        """Waits for lines of the log with these texts, in this order."""
        def found():
            lines = [line for line in list(host.stderr) if "Client" in line]
            return len(lines) == len(patterns) and all(re.fullmatch(p, line.strip()) for p, line in zip(patterns, lines))
        harness.eventually(f"{patterns} in its log: {host.story()}", found)

    def test_each_client_is_logged(self):
        def check(version):
            host = self.start()
            self.assertRegex(host.lines[1], r"servers/my \(logging, MY\)")
            self.client(version, "logging", host.servers["my"].rpartition(":")[2], ["Hello from logged server"])
            peer = r"(127\.0\.0\.1:\d+)"
            self.logged(host, f"INFO: Client connecting from {peer}", f"INFO: Client {peer} disconnected normally")
            names = [re.search(peer, line)[1] for line in host.stderr if "Client" in line]
            self.assertEqual(names[0], names[1])
            self.assertEqual(host.stop(), 0)

        self.each_version(check)

    def test_an_error_is_logged(self):
        host = self.start()
        address, _, port = host.servers["my"].rpartition(":")
        with socket.create_connection((address, int(port))) as sock:
            sock.settimeout(harness.DEADLINE_S)
            sock.sendall(b"\xff" * 100)
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(sock.recv(1), b"")
        self.logged(host, "INFO: Client connecting from .*", r"ERROR: Client 127\.0\.0\.1:\d+ error: .+")
        self.assertEqual(host.stop(), 0)

    def test_it_drains_as_its_base_does(self):
        host = self.start("--drain_timeout=1h")
        address, _, port = host.servers["my"].rpartition(":")
        with socket.create_connection((address, int(port))) as sock:
            sock.settimeout(harness.DEADLINE_S)
            self.logged(host, "INFO: Client connecting from .*")
            self.assertEqual(host.stop(), 0)
            self.assertEqual(sock.recv(1), b"")

    def test_the_table_shows_it(self):
        host = self.start()
        kinds = {kind["name"]: kind for kind in harness.admin(host, "ServerService/ListServerKinds")["server_kinds"]}
        self.assertIn("threaded", kinds)
        self.assertEqual(kinds["logging"].get("traits"), kinds["threaded"].get("traits"))
        self.assertRegex(kinds["logging"]["summary"], "logs")
        started = harness.start_server(host, kind="logging", service="MY")
        self.assertEqual(started["spec"]["kind"], "logging")
        help_text = Process([*binary("logging_host"), "--help"])
        self.addCleanup(help_text.kill)
        self.assertEqual(help_text.wait(), 0)
        self.assertIn("logging: ", "\n".join(help_text.lines))
        self.assertEqual(host.stop(), 0)
