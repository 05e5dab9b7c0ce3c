"""The registry as a program, with real rpyc servers and clients."""

import contextlib
import os
import re
import signal
import socket
import tempfile
import unittest

import harness
from discovery import OK, VERSIONS, Registry, Side, ask_tcp, ask_udp, error, query, register, request
from harness import Process, binary, eventually
from wire import dump, load


class Case(unittest.TestCase):
    def made(self, process):
        self.addCleanup(process.kill)
        return process

    def registry(self, *flags):
        return self.made(Registry(*flags))

    def side(self, *arguments):
        return self.made(Side(*arguments))

    def each(self, check, versions=VERSIONS):
        for version in versions:
            for kind in ("udp", "tcp"):
                with self.subTest(f"{version} {kind}"):
                    check(version, kind)


class Python(Case):
    """Real servers register, real clients find them."""

    def test_servers_are_found_by_each_of_their_names(self):
        def check(version, kind):
            registry = self.registry("--mode", "BOTH")
            server = self.side(version, "serve", kind, "127.0.0.1", registry.port, "127.0.0.1", "Foo", "bar")
            asker = self.side(version, "ask", kind, "127.0.0.1", registry.port)
            eventually("it is registered", lambda: asker.ask("raw_discover", "foo"))
            self.assertEqual(asker.ask("discover", "FOO"), [["127.0.0.1", server.said]])
            self.assertEqual(asker.ask("discover", "Bar"), [["127.0.0.1", server.said]])
            self.assertEqual(asker.ask("call", "bar", "who"), "Foo")
            self.assertEqual(asker.ask("call", "nobody", "who"), error("DiscoveryError"))
            self.assertEqual(server.close(), 0)
            if version in VERSIONS:  # servers of 4.1 forget to unregister
                eventually("it is unregistered", lambda: asker.ask("raw_discover", "foo") == [])
                self.assertEqual(asker.ask("discover", "bar"), error("DiscoveryError"))
            self.assertEqual(registry.stop(), 0)

        self.each(check, harness.VERSIONS)

    def test_the_server_that_was_silent_longest_is_first(self):
        registry = self.registry()
        asker = self.side(VERSIONS[-1], "ask", "udp", "127.0.0.1", registry.port)
        for port in (3000, 2000, 1000, 3000):
            self.assertTrue(asker.ask("register", ["X"], port))
        self.assertEqual([port for _, port in asker.ask("discover", "X")], [2000, 1000, 3000])

    def test_listing(self):
        def check(version, kind):
            registry = self.registry("--mode", kind, "-l", "yes")
            asker = self.side(version, "ask", kind, "127.0.0.1", registry.port)
            self.assertEqual(asker.ask("list"), [])
            self.assertTrue(asker.ask("register", ["Foo", "bar"], 18861))
            self.assertEqual(ask_any(kind, registry.port, register("elsewhere"), source="127.0.0.2"), OK)
            self.assertEqual(sorted(asker.ask("list")), ["BAR", "ELSEWHERE", "FOO"])
            self.assertEqual(sorted(asker.ask("list", "127.0.0.1")), ["BAR", "FOO"])
            self.assertEqual(asker.ask("list", "127.0.0.2"), ["ELSEWHERE"])
            self.assertEqual(asker.ask("list", "127.0.0.3"), [])

        self.each(check)

    def test_listing_is_forbidden_by_default(self):
        def check(version, kind):
            registry = self.registry("--mode", kind)
            asker = self.side(version, "ask", kind, "127.0.0.1", registry.port)
            self.assertEqual(asker.ask("list"), error("ForbiddenError"))

        self.each(check)

    def test_a_killed_server_is_pruned(self):
        def check(version, kind):
            registry = self.registry("--mode", kind, "--timeout", "1", "-l", "yes")
            server = self.side(version, "serve", kind, "127.0.0.1", registry.port, "127.0.0.1", "mortal")
            asker = self.side(version, "ask", kind, "127.0.0.1", registry.port)
            eventually("it is registered", lambda: asker.ask("raw_discover", "mortal"))
            server.kill()
            # LIST does not prune in RPyC's registry; here a timer does.
            eventually("it is pruned", lambda: asker.ask("list") == [])
            self.assertEqual(asker.ask("discover", "mortal"), error("DiscoveryError"))

        self.each(check, VERSIONS[-1:])

    def test_a_broadcast_is_heard(self):
        registry = self.registry("--host", "0.0.0.0", "--mode", "UDP")
        for version in VERSIONS:
            with self.subTest(version):
                server = self.side(version, "serve", "udp", "127.255.255.255", registry.port, "127.0.0.1", "loud")
                asker = self.side(version, "ask", "udp", "127.255.255.255", registry.port)
                eventually("it is registered", lambda: asker.ask("raw_discover", "loud"))
                self.assertEqual(asker.ask("call", "loud", "who"), "loud")
                self.assertEqual(server.close(), 0)
                eventually("it is unregistered", lambda: asker.ask("raw_discover", "loud") == [])


def ask_any(kind, port, message, **where):
    return (ask_tcp if kind == "tcp" else ask_udp)(port, message, **where)


class Wire(Case):
    """Byte for byte: what RPyC's own programs sent and were sent."""

    REGISTER = bytes.fromhex("12080d52505943080e0852454749535445521111080c466f6f080c62617216053138383631")
    UNREGISTER = bytes.fromhex("12080d52505943080e0a554e52454749535445521016053138383631")
    QUERY = bytes.fromhex("12080d52505943080e05515545525910080c666f6f")
    LIST = bytes.fromhex("12080d52505943080d4c495354101000")
    LIST_HOST = bytes.fromhex("12080d52505943080d4c4953541010080e093132372e302e302e31")

    def test_captured_bytes(self):
        for kind in ("udp", "tcp"):
            with self.subTest(kind):
                open_registry = self.registry("--mode", kind, "-l", "1")
                closed_registry = self.registry("--mode", kind)
                for port in (open_registry.port, closed_registry.port):
                    ask = lambda message: ask_any(kind, port, message).hex()  # noqa: E731
                    self.assertEqual(ask(self.QUERY), "02")
                    self.assertEqual(ask(self.REGISTER), "080b4f4b")
                    self.assertEqual(ask(self.QUERY), "1011080e093132372e302e302e3116053138383631")
                    self.assertEqual(ask(register("foo", port=18862)), "080b4f4b")
                    self.assertEqual(
                        ask(self.QUERY),
                        "1111080e093132372e302e302e311605313838363111080e093132372e302e302e3116053138383632")
                    listed = "11080c424152080c464f4f" if port == open_registry.port else "00"
                    self.assertEqual(ask(self.LIST), listed)
                    self.assertEqual(ask(self.LIST_HOST), listed)
                    self.assertEqual(ask(self.UNREGISTER), "080b4f4b")
                    self.assertEqual(ask(self.UNREGISTER), "080b4f4b")
                    self.assertEqual(ask(self.QUERY), "1011080e093132372e302e302e3116053138383632")

    def test_commands_in_any_case_and_bytes_after_the_value(self):
        registry = self.registry("--mode", "BOTH")
        for ask in (ask_udp, ask_tcp):
            self.assertEqual(ask(registry.port, dump(("RPYC", "reGister", (("a",), 7))) + b"tail"), OK)
            self.assertEqual(load(ask(registry.port, query("A"))), (("127.0.0.1", 7),))

    def test_the_source_address_identifies_a_server(self):
        registry = self.registry("--mode", "BOTH")
        for ask in (ask_udp, ask_tcp):
            for source in ("127.0.0.1", "127.0.0.2"):
                self.assertEqual(ask(registry.port, register("shared"), source=source), OK)
            # It says OK, as RPyC's registry does, although this server had registered nothing.
            self.assertEqual(ask(registry.port, request("UNREGISTER", 18861), source="127.0.0.3"), OK)
            self.assertEqual({host for host, _ in load(ask(registry.port, query("shared")))}, {"127.0.0.1", "127.0.0.2"})
            self.assertEqual(ask(registry.port, request("UNREGISTER", 18861), source="127.0.0.1"), OK)
            self.assertEqual(load(ask(registry.port, query("shared"))), (("127.0.0.2", 18861),))

    def test_answers_come_from_the_address_that_was_asked(self):
        registry = self.registry("--host", "0.0.0.0")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(harness.DEADLINE_S)
            sock.bind(("127.0.0.1", 0))
            sock.connect(("127.0.0.5", registry.port))  # receives nothing from other machines
            sock.send(query("x"))
            self.assertEqual(load(sock.recv(1500)), ())

    def test_answers_fit_into_what_clients_read(self):
        registry = self.registry("--mode", "BOTH", "-l", "1")
        for port in range(10000, 10200):
            self.assertEqual(ask_udp(registry.port, register("many", f"name-{port}" * 3, port=port)), OK)
        for ask, most in ((ask_udp, 15000), (ask_tcp, 1500)):
            servers = ask(registry.port, query("many"))
            self.assertLessEqual(len(servers), 1500)
            self.assertGreater(len(servers), 1400)
            self.assertEqual([port for _, port in load(servers)], list(range(10000, 10000 + len(load(servers)))))
            names = ask(registry.port, request("LIST", (None,)))
            self.assertLessEqual(len(names), most)
            self.assertGreater(len(load(names)), 40)

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 here")
        registry = self.registry("--host", "::", "--mode", "BOTH")
        for source, host in (("::1", "::1"), ("127.0.0.1", "127.0.0.1")):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.settimeout(harness.DEADLINE_S)
                sock.bind((source, 0))
                sock.sendto(register("six"), (host, registry.port))
                self.assertEqual(sock.recv(1500), OK)
            self.assertEqual(ask_tcp(registry.port, register("six", port=6), host=host, source=source), OK)
        found = load(ask_tcp(registry.port, query("six")))
        self.assertEqual(found, (("::1", 18861), ("::1", 6), ("127.0.0.1", 18861), ("127.0.0.1", 6)))


class Restart(Case):
    def test_a_killed_registry_forgets_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            snapshot = os.path.join(folder, "registry")
            registry = self.registry("--snapshot", snapshot, "--mode", "BOTH")
            for port in range(5000, 5050):
                self.assertEqual(ask_udp(registry.port, register("kept", f"also-{port}", port=port)), OK)
            self.assertEqual(ask_udp(registry.port, request("UNREGISTER", 5000)), OK)
            registry.child.send_signal(signal.SIGKILL)
            registry.wait()
            again = self.registry("--snapshot", snapshot)
            self.assertEqual([port for _, port in load(ask_udp(again.port, query("kept")))], list(range(5001, 5050)))
            self.assertEqual(load(ask_udp(again.port, query("also-5001"))), (("127.0.0.1", 5001),))
            self.assertEqual(ask_udp(again.port, request("UNREGISTER", 5001)), OK)
            self.assertEqual(again.stop(), 0)
            third = self.registry("--snapshot", snapshot)
            self.assertEqual(load(ask_udp(third.port, query("also-5001"))), ())
            self.assertEqual(len(load(ask_udp(third.port, query("kept")))), 48)

    def fills_up(self, snapshot, start):
        """Registers until a disk is full. After a restart exactly the acknowledged registrations are there."""
        registry = start()

        def name(port):
            return f"{port:04}" + "X" * 100

        def is_kept(port):  # by TCP: a refusal is an end without an answer
            answer = ask_tcp(registry.port, register(name(port), port=port))
            self.assertIn(answer, (OK, b""))
            return answer == OK

        kept = {port for port in range(1, 901) if is_kept(port)}
        self.assertIn(1, kept)
        self.assertNotIn(900, kept, "the disk was too large")
        self.assertTrue(is_kept(1), "a renewal")
        self.assertEqual(load(ask_udp(registry.port, query(name(900)))), (), "what is refused does not show")
        eventually("the log says why: " + registry.story(),
                   lambda: any("new registrations are refused" in line for line in registry.stderr))
        self.assertFalse(os.path.exists(snapshot() + ".new"), "it would take what room there is")
        registry.child.send_signal(signal.SIGKILL)
        registry.wait()
        again = start()
        found = {port for port in range(1, 901)
                 if load(ask_udp(again.port, query(f"{port:04}" + "x" * 100)))}
        self.assertEqual(found, kept)
        self.assertEqual(again.stop(), 0)

    def test_a_full_disk_refuses_what_it_cannot_keep(self):
        holder = self.made(Process(["unshare", "-mr", "sh", "-c", "mount -t tmpfs -o size=256k tmpfs /mnt && echo mounted && "
                                    "exec sleep 600"]))
        self.assertEqual(holder.line(), "mounted", holder.story())
        disk = f"/proc/{holder.pid}/root/mnt"
        enter = ["nsenter", "--preserve-credentials", "--wd", "-U", "-m", "-t", str(holder.pid)]
        self.fills_up(lambda: disk + "/registry", lambda: self.made(Registry("--mode", "BOTH", "--snapshot", "/mnt/registry", under=enter)))

    def test_a_file_that_may_not_grow_refuses_what_it_cannot_keep(self):
        with tempfile.TemporaryDirectory() as folder:
            snapshot = os.path.join(folder, "registry")
            self.fills_up(lambda: snapshot, lambda: self.made(
                Registry("--mode", "BOTH", "--snapshot", snapshot, under=["prlimit", "--fsize=65536"])))

    def test_python_servers_are_told_that_a_registration_is_not_kept(self):
        def check(version, kind):
            with tempfile.TemporaryDirectory() as folder:
                snapshot = os.path.join(folder, "registry")
                registry = self.registry("--snapshot", snapshot, "--mode", kind)
                asker = self.side(version, "ask", kind, "127.0.0.1", registry.port)
                self.assertIs(asker.ask("register", ["kept"], 18861), True)
                os.mkdir(snapshot + ".new")
                self.assertFalse(asker.ask("register", ["refused"], 18861))
                self.assertIs(asker.ask("register", ["kept"], 18861), True)
                os.rmdir(snapshot + ".new")
                self.assertIs(asker.ask("register", ["refused"], 18861), True)

        self.each(check, harness.VERSIONS)

    def test_what_was_kept_is_pruned_in_its_time(self):
        with tempfile.TemporaryDirectory() as folder:
            snapshot = os.path.join(folder, "registry")
            registry = self.registry("--snapshot", snapshot, "--timeout", "5")
            self.assertEqual(ask_udp(registry.port, register("mortal")), OK)
            registry.kill()
            again = self.registry("--snapshot", snapshot)
            self.assertEqual(load(ask_udp(again.port, query("mortal"))), (("127.0.0.1", 18861),))
            eventually("it is pruned", lambda: load(ask_udp(again.port, query("mortal"))) == ())
            self.assertEqual(again.stop(), 0)
            self.assertEqual(load(ask_udp(self.registry("--snapshot", snapshot).port, query("mortal"))), ())

    def fails(self, says, *flags):
        port = [] if "--port" in flags else ["--port", "0"]
        process = self.made(Process([*binary("rpyc_registry"), "--host", "127.0.0.1", *port, *flags]))
        self.assertEqual(process.wait(), 1, process.story())
        self.assertEqual((process.lines, len(process.stderr)), ([], 1), process.story())
        self.assertRegex(process.stderr[0], says)

    def test_snapshots_that_are_none(self):
        with tempfile.TemporaryDirectory() as folder:
            snapshot = os.path.join(folder, "registry")
            with open(snapshot, "wb") as file:
                file.write(b"\x12garbage")
            self.fails("snapshot .*" + snapshot, "--snapshot", snapshot)
            with open(snapshot, "rb") as file:
                self.assertEqual(file.read(), b"\x12garbage", "it is left as it was")
            self.fails("No such file", "--snapshot", os.path.join(folder, "no", "registry"))

    def test_a_snapshot_has_one_registry(self):
        with tempfile.TemporaryDirectory() as folder:
            snapshot = os.path.join(folder, "registry")
            self.registry("--snapshot", snapshot)
            self.fails("in use by another registry", "--snapshot", snapshot)

    def test_a_port_in_use(self):
        registry = self.registry("--mode", "BOTH")
        self.fails("cannot listen on .*in use", "--port", str(registry.port))
        self.fails("cannot listen on .*in use", "--mode", "TCP", "--port", str(registry.port))


class CommandLine(Case):
    """The flags and their errors, compared with RPyC's rpyc_registry."""

    def run_both(self, *flags):
        ours = self.made(Process([*binary("rpyc_registry"), *flags]))
        python = harness.venv_python("6.0.2")
        theirs = self.made(Process([python, os.path.join(os.path.dirname(python), "rpyc_registry"), *flags]))
        return (ours.wait(), ours.lines), (theirs.wait(), theirs.lines)

    def test_help_knows_each_of_their_switches(self):
        for flag in ("-h", "--help", "--help-all"):
            ours, theirs = self.run_both(flag)
            self.assertEqual((ours[0], theirs[0]), (0, 0))

            def switches(lines):
                return {tuple(re.findall(r"--?[\w-]+", found[1])) for line in lines
                        if (found := re.match(r"    ((?:-\w, )?--[\w-]+)", line))}

            self.assertEqual(switches(theirs[1]) - switches(ours[1]), {("--completions",)})
            self.assertEqual(switches(ours[1]) - switches(theirs[1]), {("--host",), ("--snapshot",), ("--etcd",),
                                                                        ("--max-per-source",), ("--max-registrations",)})
            self.assertEqual(ours[1][0], theirs[1][0])

    def test_mistakes(self):
        for flags in (["--bogus"], ["-x"], ["stray"], ["--mode"], ["-q"], ["-l"], ["--port", "70000"], ["--port=abc"],
                      ["-p-1"], ["-m", "FOO"], ["--timeout", "soon"], ["-t"]):
            with self.subTest(flags):
                ours, theirs = self.run_both(*flags)
                self.assertEqual((ours[0], theirs[0]), (2, 2))
                if flags[0] not in ("-m", "--timeout"):  # for which we have more values, or fewer
                    self.assertEqual(ours[1][0].rstrip(":"), theirs[1][0].rstrip(":"))
                self.assertIn("Usage:", ours[1])

    def test_version(self):
        process = self.made(Process([*binary("rpyc_registry"), "--version"]))
        self.assertEqual(process.wait(), 0)
        self.assertRegex(process.lines[0], r"^rpyc_registry \d+\.\d+")

    def test_spellings(self):
        for flags, transports in ((["-m", "tcp"], "tcp"), (["-mTcP"], "tcp"), (["--mode=udp"], "udp"), ([], "udp"),
                                  (["-m", "both", "-q", "whatever", "-l", "no", "-t", "5"], "udp, tcp")):
            with self.subTest(flags):
                registry = self.registry(*flags)
                self.assertEqual(registry.transports, transports)
                self.assertEqual(registry.stop(), 0)

    def test_the_default_host_is_every_address(self):
        for flags, host in (([], "0.0.0.0"), (["--ipv6"], r"\[::\]"), (["-6"], r"\[::\]")):
            with self.subTest(flags):
                process = self.made(Process([*binary("rpyc_registry"), "--port", "0", *flags]))
                text = process.line()
                if host != "0.0.0.0" and text is None:
                    self.skipTest("no IPv6 here")
                self.assertRegex(text, f"listening on {host}:", process.story())

    def test_the_log(self):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")

            def logged():
                with contextlib.suppress(FileNotFoundError), open(log) as file:
                    return file.read()

            registry = self.registry("--logfile", log)
            ask_udp(registry.port, register("x", port=0), timeout=0.01)
            eventually("it is logged", lambda: "port 0" in (logged() or ""))
            self.assertEqual(registry.stop(), 0)
            self.assertEqual(registry.stderr, [])
            os.remove(log)
            quiet = self.registry("--logfile", log, "-q", "1")
            ask_udp(quiet.port, register("x", port=0), timeout=0.01)
            self.assertEqual(load(ask_udp(quiet.port, query("x"))), ())
            self.assertEqual(quiet.stop(), 0)
            self.assertEqual((logged(), quiet.stderr), ("", []))
