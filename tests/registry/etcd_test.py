"""Registries that share their state through a real etcd, which stops and starts again."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import harness
from discovery import OK, VERSIONS, Registry, Side, Watch, ask_tcp, ask_udp, error, query, register, request
from harness import GrpcError, Host, admin, eventually, grpcurl_tool
from wire import dump, load


KNOWN = dump((("127.0.0.1", 18861),))


class Etcd:
    """A cluster of one etcd on free ports. It keeps its data and its ports when it is killed and started again."""

    def __init__(self):
        path = shutil.which("etcd", path="/usr/bin:/usr/local/bin")
        if path is None:
            raise unittest.SkipTest("no etcd")
        self.path, self.child = path, None
        self.folder = tempfile.mkdtemp(prefix="etcd-")
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
            self.port, self.peer_port = (sock.getsockname()[1] for sock in held)
        self.start()

    def start(self):
        client, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.peer_port}"
        self.child = subprocess.Popen(
            [self.path, "--name", "one", "--data-dir", self.folder, "--listen-client-urls", client,
             "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
             "--initial-cluster", f"one={peer}", "--log-level", "error", "--logger", "zap"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "ETCD_UNSUPPORTED_ARCH": ""})
        eventually("etcd listens", self.answers)

    def answers(self):
        if self.child.poll() is not None:
            raise AssertionError(f"etcd has ended: {self.child.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as sock:
            sock.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            return b'"true"' in sock.recv(4096)
        return False

    def kill(self):
        if self.child is not None and self.child.poll() is None:
            self.child.kill()
            self.child.wait()

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Case(unittest.TestCase):
    def setUp(self):
        self.etcd = Etcd()
        self.addCleanup(self.etcd.remove)

    def made(self, process):
        self.addCleanup(process.kill)
        return process

    def registry(self, *flags):
        return self.made(Registry("--etcd", f"127.0.0.1:{self.etcd.port}", "--mode", "BOTH", "-l", "yes", *flags))

    def host(self, *flags):
        grpcurl_tool()
        host = self.made(Host("--admin_address=127.0.0.1:0", "--registry_address=127.0.0.1:0",
                              f"--registry_etcd=127.0.0.1:{self.etcd.port}", *flags))
        host.port = int(host.registry.rpartition(":")[2])
        return host

    def found(self, registry, name):
        return load(ask_udp(registry.port, query(name)))

    def listed(self, host):
        return [one["service_name"] for one in
                admin(host, "RegistryService/ListRegistrations").get("registrations", [])]


class Shared(Case):
    def test_two_registries_show_each_others_services(self):
        first, second = self.registry(), self.registry()
        for version in VERSIONS:
            with self.subTest(version):
                server = self.made(Side(version, "serve", "udp", "127.0.0.1", first.port, "127.0.0.1", "both", "names"))
                asker = self.made(Side(version, "ask", "tcp", "127.0.0.1", second.port))
                eventually("the other one knows", lambda: asker.ask("raw_discover", "both"))
                self.assertEqual(asker.ask("discover", "names"), [["127.0.0.1", server.said]])
                self.assertEqual(sorted(asker.ask("list")), ["BOTH", "NAMES"])
                self.assertEqual(asker.ask("call", "both", "who"), "both")
                self.assertEqual(server.close(), 0)
                eventually("the other one forgets", lambda: asker.ask("raw_discover", "both") == [])
                self.assertEqual(asker.ask("call", "names", "who"), error("DiscoveryError"))
        # A registry shows at once what it has acknowledged.
        self.assertEqual(ask_tcp(first.port, register("x")), OK)
        self.assertEqual(self.found(first, "x"), (("127.0.0.1", 18861),))
        # And a server that registered with one unregisters with another.
        eventually("the other one knows", lambda: self.found(second, "x"))
        self.assertEqual(ask_tcp(second.port, request("UNREGISTER", 18861)), OK)
        self.assertEqual(self.found(second, "x"), ())
        eventually("the first one hears of it", lambda: self.found(first, "x") == ())

    def test_the_server_that_was_silent_longest_is_first_everywhere(self):
        registries = [self.registry(), self.registry()]
        for i, port in enumerate((3000, 1000, 2000, 3000)):
            self.assertEqual(ask_udp(registries[i % 2].port, register("sorted", port=port)), OK)
        for registry in registries:
            eventually("in order", lambda: [p for _, p in self.found(registry, "sorted")] == [1000, 2000, 3000])

    def test_a_killed_registry_loses_nothing(self):
        registry = self.registry()
        for port in range(5000, 5040):
            self.assertEqual(ask_udp(registry.port, register("kept", f"also-{port}", port=port)), OK)
        registry.child.send_signal(signal.SIGKILL)
        registry.wait()
        again = self.registry()
        self.assertEqual([port for _, port in self.found(again, "kept")], list(range(5000, 5040)))
        self.assertEqual(self.found(again, "also-5001"), (("127.0.0.1", 5001),))
        self.assertEqual(ask_udp(again.port, request("UNREGISTER", 5001)), OK)
        self.assertEqual(self.found(again, "also-5001"), ())
        self.assertEqual(again.stop(), 0)

    def test_leases_prune(self):
        first, second = self.registry("--timeout", "2"), self.registry("--timeout", "2")
        self.assertEqual(ask_udp(first.port, register("mortal")), OK)
        eventually("the other one knows", lambda: self.found(second, "mortal"))
        first.kill()  # only etcd's timer ends it
        eventually("it is pruned", lambda: self.found(second, "mortal") == ())

    def test_limits_hold(self):
        registry = self.registry()
        self.assertEqual(ask_tcp(registry.port, register(*(f"n{i}" for i in range(64)))), OK)
        self.assertEqual(ask_tcp(registry.port, register(*(f"n{i}" for i in range(65)))), b"")
        self.assertEqual(ask_tcp(registry.port, request("UNREGISTER", 18861)), OK)
        self.assertEqual(load(ask_udp(registry.port, request("LIST", (None,)))), ())

    def test_what_others_wrote_there_is_no_matter(self):
        registry = self.registry()
        tool = shutil.which("etcdctl", path="/usr/bin:/usr/local/bin")
        if tool is None:
            self.skipTest("no etcdctl")
        for key, value in (("/rpyc/registry/", "x"), ("/rpyc/registry/A@1.2.3.4:5", "nonsense"),
                           ("/rpyc/registry/junk", ""), ("/rpyc/registry/\xff", "x")):
            subprocess.run([tool, f"--endpoints=127.0.0.1:{self.etcd.port}", "put", key, value], check=True,
                           env={"ETCDCTL_API": "3", "PATH": "/usr/bin"}, stdout=subprocess.DEVNULL)
        self.assertEqual(ask_udp(registry.port, register("fine")), OK)
        self.assertEqual(load(ask_udp(registry.port, request("LIST", (None,)))), ("FINE",))
        self.assertEqual(load(ask_udp(self.registry().port, request("LIST", (None,)))), ("FINE",))


class Lost(Case):
    def test_etcd_goes_and_comes_back(self):
        first, second = self.host(), self.host()
        self.assertEqual(ask_udp(first.port, register("before")), OK)
        eventually("the other one knows", lambda: self.listed(second) == ["BEFORE"])
        watch = self.made(Watch(second))
        watch.until("SYNCED")

        self.etcd.kill()
        stale = lambda host: admin(host, "RegistryService/ListRegistrations")["state"].get("stale")  # noqa: E731
        for host in (first, second):
            eventually("it is marked stale", lambda: stale(host))
            state = admin(host, "RegistryService/LookupService", service_name="before")["state"]
            self.assertIn("etcd at 127.0.0.1", state["error"])
            self.assertIn("as_of", state)
            self.assertEqual(self.listed(host), ["BEFORE"], "what it knew last")
            self.assertEqual(self.found(host, "before"), (("127.0.0.1", 18861),))
            with self.assertRaises(GrpcError) as caught:
                admin(host, "RegistryService/CreateRegistration",
                      registration={"service_name": "NEW", "host": "127.0.0.1", "port": 1})
            self.assertEqual((caught.exception.code, caught.exception.reason),
                             (harness.CODES["UNAVAILABLE"], "REGISTRY_UNAVAILABLE"))
            self.assertEqual(ask_tcp(host.port, register("during")), b"", "refused, not forgotten later")
            self.assertEqual(self.listed(host), ["BEFORE"])
        asker = self.made(Side(VERSIONS[-1], "ask", "udp", "127.0.0.1", first.port))
        self.assertFalse(asker.ask("register", ["during"], 5))

        self.etcd.start()
        for host in (first, second):
            eventually("it is up to date again", lambda: not stale(host))
            self.assertEqual(self.listed(host), ["BEFORE"])
        self.assertEqual(ask_tcp(first.port, register("after")), OK)
        self.assertEqual(watch.until("REGISTERED")[-1]["registration"]["service_name"], "AFTER")
        self.assertEqual(self.found(second, "after"), (("127.0.0.1", 18861),))
        for host in (first, second):
            self.assertEqual(host.stop(), 0)

    def test_a_server_is_registered_when_etcd_comes_back(self):
        registry = self.host()
        self.etcd.kill()
        server = self.made(Side(VERSIONS[-1], "serve", "udp", "127.0.0.1", registry.port, "127.0.0.1", "patient"))
        ours = self.made(Host("--admin_address=127.0.0.1:0"))
        harness.start_server(ours, registrar={"hostname": "127.0.0.1", "port": registry.port, "timeout": "0.5s"})
        eventually("ours has tried", lambda: any("not registered" in line for line in ours.stderr))
        self.etcd.start()
        eventually("both are registered", lambda: self.listed(registry) == ["CALCULATOR", "PATIENT"])
        self.assertEqual(self.found(registry, "patient"), (("127.0.0.1", server.said),))

    def test_a_registry_that_starts_without_etcd(self):
        self.etcd.kill()
        host = self.host()
        answer = admin(host, "RegistryService/ListRegistrations")
        self.assertTrue(answer["state"]["stale"])
        self.assertEqual(ask_tcp(host.port, register("early")), b"")
        self.etcd.start()
        eventually("it registers", lambda: ask_tcp(host.port, register("early")) == OK)
        self.assertEqual(self.listed(host), ["EARLY"])

    def test_many_changes_at_once_while_etcd_is_silent(self):
        registry = self.registry()
        self.assertEqual(ask_udp(registry.port, register("known")), OK)
        self.etcd.child.send_signal(signal.SIGSTOP)  # connected, and no answer
        self.addCleanup(self.etcd.child.send_signal, signal.SIGCONT)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for i in range(5000):
                sock.sendto(register("flood", port=1 + i), ("127.0.0.1", registry.port))
                if i % 500 == 0:  # a datagram may be lost in the flood
                    eventually("it answers", lambda: ask_udp(registry.port, query("known"), 2) == KNOWN)
        self.assertEqual(ask_tcp(registry.port, register("late")), b"", "it says no")
        self.assertEqual(ask_tcp(registry.port, register("known")), b"", "nor is one renewed")
        self.etcd.child.send_signal(signal.SIGCONT)
        # This is a renewal: the requests of the flood that wait may by now be all that one host may have.
        eventually("it renews", lambda: ask_tcp(registry.port, register("known")) == OK)
        self.assertEqual(registry.stop(), 0)

    def test_what_happened_meanwhile_is_told(self):
        registry = self.host()
        self.assertEqual(ask_udp(registry.port, register("goes")), OK)
        watch = self.made(Watch(registry))
        watch.until("SYNCED")
        registry.child.send_signal(signal.SIGSTOP)
        self.addCleanup(registry.child.send_signal, signal.SIGCONT)
        other = self.registry()
        self.assertEqual(ask_udp(other.port, request("UNREGISTER", 18861)), OK)
        self.assertEqual(ask_udp(other.port, register("comes")), OK)
        registry.child.send_signal(signal.SIGCONT)
        seen = watch.until("ADDED")
        self.assertEqual({(one["type"], one["registration"]["service_name"]) for one in seen},
                         {("REMOVED", "GOES"), ("ADDED", "COMES")})
