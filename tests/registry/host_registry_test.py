"""The registry in a host: its state over gRPC, and servers of every kind that announce themselves."""

import socket
import unittest

import harness
from discovery import OK, VERSIONS, Side, Watch, ask_tcp, ask_udp, error, query, register, request
from harness import GrpcError, Host, Process, admin, eventually, grpcurl_tool, start_server
from wire import DEADLINE_S, load


class Case(unittest.TestCase):
    def setUp(self):
        grpcurl_tool()

    def made(self, process):
        self.addCleanup(process.kill)
        return process

    def host(self, *flags, name="demo_host"):
        host = self.made(Host("--admin_address=127.0.0.1:0", "--registry_address=127.0.0.1:0", *flags, name=name))
        self.port = int(host.registry.rpartition(":")[2])
        return host

    def side(self, *arguments):
        return self.made(Side(*arguments))

    def refused(self, code, reason, host, method, field=None, **asked):
        with self.assertRaises(GrpcError) as caught:
            admin(host, "RegistryService/" + method, **asked)
        self.assertEqual((caught.exception.code, caught.exception.reason), (harness.CODES[code], reason), caught.exception)
        self.assertEqual((caught.exception.domain, caught.exception.infos), ("rpyc.admin", 1))
        if field:
            self.assertEqual(caught.exception.metadata.get("field"), field)


class ControlPlane(Case):
    def test_registrations_are_listed(self):
        host = self.host()
        self.assertEqual(admin(host, "RegistryService/ListRegistrations").get("registrations", []), [])
        self.assertEqual(ask_udp(self.port, register("Foo", "bar")), OK)
        self.assertEqual(ask_tcp(self.port, register("foo", port=5), source="127.0.0.2"), OK)

        def names(**asked):
            answer = admin(host, "RegistryService/ListRegistrations", **asked)
            return [one["name"] for one in answer.get("registrations", [])]

        self.assertEqual(names(), ["registrations/BAR@127.0.0.1:18861", "registrations/FOO@127.0.0.1:18861",
                                   "registrations/FOO@127.0.0.2:5"])
        self.assertEqual(names(service_name="foo"), names()[1:])
        self.assertEqual(names(host="127.0.0.2"), names()[2:])
        self.assertEqual(names(source="127.0.0.1", service_name="FOO"), names()[1:2])
        self.assertEqual(names(service_name="nobody"), [])
        answer = admin(host, "RegistryService/ListRegistrations", service_name="bar")
        [one] = answer["registrations"]
        self.assertEqual((one["service_name"], one["host"], one["port"], one["source"]),
                         ("BAR", "127.0.0.1", 18861, "127.0.0.1"))
        self.assertLessEqual(float(one["ttl"].rstrip("s")), 240)
        self.assertGreater(float(one["ttl"].rstrip("s")), 100)
        self.assertLess(one["register_time"], one["expire_time"])
        self.assertNotIn("stale", answer["state"])
        self.assertEqual(host.stop(), 0)

    def test_pages(self):
        host = self.host()
        for port in range(1000, 1007):
            self.assertEqual(ask_udp(self.port, register("many", port=port)), OK)
        found, token = [], ""
        while True:
            answer = admin(host, "RegistryService/ListRegistrations", page_size=3, page_token=token)
            found += [one["port"] for one in answer["registrations"]]
            if not (token := answer.get("next_page_token", "")):
                break
            self.assertEqual(len(found) % 3, 0)
        self.assertEqual(found, list(range(1000, 1007)))
        token = admin(host, "RegistryService/ListRegistrations", page_size=3)["next_page_token"]
        self.refused("INVALID_ARGUMENT", "INVALID_FIELD", host, "ListRegistrations", "page_token", page_token=token,
                     service_name="other")
        self.refused("INVALID_ARGUMENT", "INVALID_FIELD", host, "ListRegistrations", "page_size", page_size=-1)

    def test_a_service_is_looked_up(self):
        host = self.host()
        for port in (3000, 1000, 2000, 3000):
            self.assertEqual(ask_udp(self.port, register("sought", port=port)), OK)
        found = admin(host, "RegistryService/LookupService", service_name="Sought")["registrations"]
        self.assertEqual([one["port"] for one in found], [1000, 2000, 3000], "as RPyC's clients are told")
        self.assertEqual([port for _, port in load(ask_udp(self.port, query("sought")))], [1000, 2000, 3000])
        self.refused("NOT_FOUND", "SERVICE_NOT_FOUND", host, "LookupService", service_name="nobody")
        self.refused("INVALID_ARGUMENT", "INVALID_FIELD", host, "LookupService", "service_name")

    def test_an_operator_creates_and_deletes(self):
        host = self.host()
        wanted = {"service_name": "legacy", "host": "127.0.0.1", "port": 4000}
        made = admin(host, "RegistryService/CreateRegistration", registration=wanted, ttl="3600s")
        self.assertEqual((made["name"], made["source"]), ("registrations/LEGACY@127.0.0.1:4000", "admin"))
        self.assertGreater(float(made["ttl"].rstrip("s")), 3000)
        self.assertEqual(load(ask_udp(self.port, query("legacy"))), (("127.0.0.1", 4000),))
        self.refused("ALREADY_EXISTS", "REGISTRATION_ALREADY_EXISTS", host, "CreateRegistration", registration=wanted)
        # An unregister of the wire applies only to registrations of the wire.
        self.assertEqual(ask_udp(self.port, request("UNREGISTER", 4000)), OK)
        self.assertEqual(load(ask_udp(self.port, query("legacy"))), (("127.0.0.1", 4000),))
        self.assertEqual(admin(host, "RegistryService/DeleteRegistration", name=made["name"]), {})
        self.assertEqual(load(ask_udp(self.port, query("legacy"))), ())
        self.refused("NOT_FOUND", "REGISTRATION_NOT_FOUND", host, "DeleteRegistration", name=made["name"])
        for bad in ("registrations/", "servers/x", "registrations/legacy", "registrations/A@1.2.3.4:99999"):
            self.refused("INVALID_ARGUMENT", "INVALID_FIELD", host, "DeleteRegistration", "name", name=bad)
        odd = admin(host, "RegistryService/CreateRegistration",
                    registration={"service_name": "a/b @ü%", "host": "::1", "port": 1})
        self.assertEqual(odd["name"], "registrations/A%2FB%20%40%C3%BC%25@[::1]:1")
        self.assertEqual(admin(host, "RegistryService/DeleteRegistration", name=odd["name"]), {})
        for field, change in (("registration.port", {"port": 0}), ("registration.port", {"port": 65536}),
                              ("registration.host", {"host": ""}), ("registration.service_name", {"service_name": ""}),
                              ("registration.source", {"source": "me"}), ("registration.name", {"name": "registrations/x"})):
            self.refused("INVALID_ARGUMENT", "INVALID_FIELD", host, "CreateRegistration", field,
                         registration={**wanted, **change})
        for ttl in ("-1s", "0.5s", "99999999s"):
            self.refused("INVALID_ARGUMENT", "INVALID_FIELD", host, "CreateRegistration", "ttl", registration=wanted, ttl=ttl)
        eventually("it is audited", lambda: any("audit: " in line and "DeleteRegistration" in line for line in host.stderr))

    def test_a_host_without_a_registry_says_so(self):
        host = self.made(Host("--admin_address=127.0.0.1:0"))
        for method, asked in (("ListRegistrations", {}), ("LookupService", {"service_name": "x"}),
                              ("CreateRegistration", {}), ("DeleteRegistration", {"name": "registrations/X@h:1"}),
                              ("WatchRegistrations", {})):
            self.refused("FAILED_PRECONDITION", "REGISTRY_DISABLED", host, method, **asked)

    def test_flags(self):
        for flags, says in ((["--registry_address=nowhere"], "--registry_address"),
                            (["--registry_address=unix:/tmp/x"], "--registry_address"),
                            (["--registry_snapshot=x"], "--registry_address"),
                            (["--registry_address=127.0.0.1:0", "--registry_pruning_timeout=soon"], "pruning_timeout"),
                            (["--registry_address=127.0.0.1:0", "--registry_snapshot=a", "--registry_etcd=b:1"], "etcd")):
            with self.subTest(flags):
                process = self.made(Process([*harness.binary("demo_host"), *flags]))
                self.assertEqual((process.wait(), process.lines, len(process.stderr)), (2, [], 1), process.story())
                self.assertIn(says, process.stderr[0])
        host = self.host()
        taken = self.made(Process([*harness.binary("demo_host"), "--admin_address=", f"--registry_address={host.registry}"]))
        self.assertEqual((taken.wait(), taken.lines, len(taken.stderr)), (1, [], 1), taken.story())


class Watching(Case):
    def test_a_register_a_refresh_a_prune_and_an_unregister_as_they_happen(self):
        host = self.host("--registry_pruning_timeout=1s")
        made = admin(host, "RegistryService/CreateRegistration", ttl="3600s",
                     registration={"service_name": "THERE", "host": "127.0.0.1", "port": 1})
        watch = self.made(Watch(host))
        begin = watch.until("SYNCED")
        self.assertEqual([one["type"] for one in begin], ["ADDED", "SYNCED"])
        self.assertEqual(begin[0]["registration"]["name"], made["name"])
        server = self.side(VERSIONS[-1], "serve", "udp", "127.0.0.1", self.port, "127.0.0.1", "comes")
        came = watch.until("REGISTERED")[-1]
        self.assertEqual((came["type"], came["registration"]["service_name"], came["registration"]["port"]),
                         ("ADDED", "COMES", server.said))
        # A server of RPyC renews its registration every minute; here the registration ends before that.
        gone = watch.until("PRUNED")[-1]
        self.assertEqual((gone["type"], gone["registration"]["name"]), ("REMOVED", came["registration"]["name"]))
        self.assertEqual(ask_udp(self.port, register("again")), OK)
        watch.until("REGISTERED")
        self.assertEqual(ask_udp(self.port, register("again")), OK)
        self.assertEqual(watch.until("REFRESHED")[-1]["type"], "MODIFIED")
        self.assertEqual(ask_udp(self.port, request("UNREGISTER", 18861)), OK)
        self.assertEqual(watch.until("UNREGISTERED")[-1]["type"], "REMOVED")
        admin(host, "RegistryService/DeleteRegistration", name=made["name"])
        last = watch.until("DELETED")[-1]
        self.assertEqual(last["registration"]["name"], made["name"])
        self.assertEqual(host.stop(), 0, "a watch does not hold it")

    def test_it_goes_on_from_a_revision(self):
        host = self.host()
        watch = self.made(Watch(host))
        start = int(watch.until("SYNCED")[-1]["revision"])
        for name in ("a", "b", "c"):
            self.assertEqual(ask_udp(self.port, register(name)), OK)
        first = watch.until("ADDED")[-1]
        self.assertEqual(int(first["revision"]), start + 1)
        watch.kill()
        self.assertEqual(ask_udp(self.port, request("UNREGISTER", 18861)), OK)
        again = self.made(Watch(host, start_revision=str(start + 2)))
        missed = again.until("SYNCED")
        self.assertEqual([(one["type"], one["registration"]["service_name"]) for one in missed[:2]],
                         [("ADDED", "B"), ("ADDED", "C")])
        self.assertEqual([one["type"] for one in missed[2:]], ["REMOVED"] * 3 + ["SYNCED"])
        revisions = [int(one["revision"]) for one in missed[:-1]]
        self.assertEqual(revisions, list(range(start + 2, start + 7)))
        self.assertEqual(ask_udp(self.port, register("d")), OK)
        self.assertEqual(int(again.until("ADDED")[-1]["revision"]), start + 7)
        self.refused("OUT_OF_RANGE", "REVISION_TOO_OLD", host, "WatchRegistrations", start_revision="1")
        self.refused("INVALID_ARGUMENT", "INVALID_FIELD", host, "WatchRegistrations", "start_revision",
                     start_revision=str(start + 1000))

    def test_only_one_service(self):
        host = self.host()
        self.assertEqual(ask_udp(self.port, register("one", "two")), OK)
        watch = self.made(Watch(host, service_name="two"))
        self.assertEqual([one.get("registration", {}).get("service_name") for one in watch.until("SYNCED")], ["TWO", None])
        self.assertEqual(ask_udp(self.port, request("UNREGISTER", 18861)), OK)
        self.assertEqual(watch.next()["registration"]["service_name"], "TWO")


class Servers(Case):
    """Our servers register with RPyC's own registries and with ours, and real clients reach them by name."""

    def registrar(self, kind, port):
        return {"hostname": "127.0.0.1", "port": port, "protocol": kind.upper(), "timeout": "1s"}

    def calls(self, asker):
        return asker.ask("call", "calculator", "add", 1, 2)

    def test_every_kind_with_every_registry(self):
        host = self.host()
        kinds = [kind["name"] for kind in admin(host, "ServerService/ListServerKinds")["server_kinds"]]
        traits = {kind["name"]: kind.get("traits", {}) for kind in admin(host, "ServerService/ListServerKinds")["server_kinds"]}
        for version in VERSIONS:
            for transport in ("udp", "tcp"):
                theirs = self.side(version, "registry", transport, False)
                for where, port in (("ours", self.port), ("theirs", theirs.said)):
                    asker = self.side(version, "ask", transport, "127.0.0.1", port)
                    for kind in kinds:
                        with self.subTest(f"{version} {transport} {where} {kind}"):
                            server = start_server(host, kind=kind, registrar=self.registrar(transport, port))
                            self.assertTrue(server["spec"]["auto_register"])
                            eventually("it is registered", lambda: asker.ask("raw_discover", "CALCULATOR"))
                            self.assertEqual(asker.ask("discover", "calculator"), [["127.0.0.1", server["port"]]])
                            self.assertEqual(self.calls(asker), 3)
                            if not traits[kind].get("one_connection"):
                                admin(host, "ServerService/CloseServer", name=server["name"])
                            # Our server of one connection has served it and is closed.
                            eventually("it is unregistered", lambda: asker.ask("raw_discover", "CALCULATOR") == [])
                            self.assertEqual(asker.ask("call", "calculator", "add", 1, 2), error("DiscoveryError"))
        self.assertEqual(host.stop(), 0)

    def test_the_end_of_the_host_unregisters(self):
        registry = self.host()
        port = self.port
        host = self.made(Host("--admin_address=127.0.0.1:0"))
        start_server(host, registrar=self.registrar("udp", port))
        start_server(host, service="ECHO", registrar=self.registrar("tcp", port))

        def known():
            return [one["service_name"] for one in
                    admin(registry, "RegistryService/ListRegistrations").get("registrations", [])]

        eventually("both are registered", lambda: known() == ["CALCULATOR", "ECHO"])
        self.assertEqual(host.stop(), 0)
        self.assertEqual(known(), [])

    def test_a_registry_that_comes_late(self):
        registry = self.host()
        port = self.port
        self.assertEqual(registry.stop(), 0)
        host = self.made(Host("--admin_address=127.0.0.1:0"))
        server = start_server(host, registrar=self.registrar("udp", port))

        def last_error():
            return admin(host, "ServerService/GetServer", name=server["name"]).get("last_error", {}).get("message", "")

        eventually("it says why", lambda: "registry" in last_error())
        late = self.made(Host("--admin_address=127.0.0.1:0", f"--registry_address=127.0.0.1:{port}"))
        eventually("it is registered", lambda: admin(late, "RegistryService/ListRegistrations").get("registrations"))
        eventually("the error has gone", lambda: last_error() == "")

    def test_on_all_addresses(self):
        host = self.host()
        for advertised in ("", "127.0.0.7"):
            registrar = {**self.registrar("udp", self.port), "advertised_hostname": advertised}
            server = start_server(host, hostname="0.0.0.0", allow_insecure=True, registrar=registrar)
            eventually("it is registered", lambda: load(ask_udp(self.port, query("calculator"))))
            self.assertEqual(load(ask_udp(self.port, query("calculator"))), ((advertised or "127.0.0.1", server["port"]),))
            admin(host, "ServerService/CloseServer", name=server["name"])
            self.assertEqual(load(ask_udp(self.port, query("calculator"))), ())

    def test_specs_that_cannot_be_honoured(self):
        host = self.host()
        registrar = self.registrar("udp", 18811)
        for field, spec in (
            ("spec.registrar", {"registrar": registrar, "hostname": "", "socket_path": "/tmp/never.sock"}),
            ("spec.registrar.hostname", {"registrar": {"protocol": "TCP"}}),
            ("spec.registrar.port", {"registrar": {**registrar, "port": 65536}}),
            ("spec.registrar.port", {"registrar": {**registrar, "port": -1}}),
            ("spec.registrar.timeout", {"registrar": {**registrar, "timeout": "-1s"}}),
            ("spec.registrar.timeout", {"registrar": {**registrar, "timeout": "3600s"}}),
            ("spec.registrar.advertised_hostname", {"registrar": {**registrar, "advertised_hostname": "127.0.0.7"}}),
        ):
            with self.subTest(f"{field} {spec}"), self.assertRaises(GrpcError) as caught:
                start_server(host, **spec)
            self.assertEqual((caught.exception.reason, caught.exception.metadata.get("field")), ("INVALID_FIELD", field))
        silent = start_server(host, registrar=self.registrar("udp", self.port), auto_register=False)
        self.assertFalse(silent["spec"].get("auto_register"))
        self.assertEqual(load(ask_udp(self.port, query("calculator"))), ())

    def test_a_silent_registry_holds_nothing_up(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            host = self.host()
            for _ in range(5):
                server = start_server(host, registrar={**self.registrar("udp", silent.getsockname()[1]), "timeout": "60s"})
                silent.settimeout(DEADLINE_S)
                self.assertIn(b"REGISTER", silent.recv(1500))
                closed = admin(host, "ServerService/CloseServer", name=server["name"])
                self.assertEqual(closed["state"], "CLOSED")
                self.assertIn(b"UNREGISTER", silent.recv(1500))
            self.assertEqual(host.stop(), 0)


class CppClients(Case):
    """client/discovery.h with RPyC's own registries and servers, and with ours."""

    def cpp(self, *arguments):
        process = self.made(Process([*harness.binary("discovery_client"), *map(str, arguments)]))
        return process.wait(), process.lines

    def test_discover_list_and_connect(self):
        host = self.host("--registry_allow_listing")
        for version in VERSIONS:
            for transport in ("udp", "tcp"):
                theirs = self.side(version, "registry", transport, True)
                closed = self.side(version, "registry", transport, False)
                for port in (theirs.said, self.port):
                    with self.subTest(f"{version} {transport} {port}"):
                        where = (transport, "127.0.0.1", port)
                        self.assertEqual(self.cpp("discover", *where, "TALKER")[0], 1)
                        self.assertEqual(self.cpp("discover", *where, "TALKER")[1][0].split(":")[0], "NOT_FOUND")
                        server = self.side(version, "serve", *where, "127.0.0.1", "talker", "speaker")
                        eventually("it is registered", lambda: self.cpp("discover", *where, "talker")[0] == 0)
                        self.assertEqual(self.cpp("discover", *where, "Speaker"), (0, [f"127.0.0.1:{server.said}"]))
                        self.assertEqual(self.cpp("discover", *where, "speaker", "localhost"),
                                         (0, [f"127.0.0.1:{server.said}"]))
                        self.assertEqual(self.cpp("discover", *where, "speaker", "127.0.0.9")[0], 1)
                        self.assertEqual(sorted(self.cpp("list", *where)[1]), ["SPEAKER", "TALKER"])
                        self.assertEqual(self.cpp("list", *where, "127.0.0.9"), (0, []))
                        self.assertEqual(self.cpp("who", *where, "talker"), (0, ["talker"]))
                        server.close()
                        eventually("it is unregistered", lambda: self.cpp("discover", *where, "talker")[0] == 1)
                code, lines = self.cpp("list", transport, "127.0.0.1", closed.said)
                self.assertEqual((code, lines[0].split(":")[0]), (1, "PERMISSION_DENIED"))

    def test_dead_servers_are_skipped(self):
        self.host()
        where = ("udp", "127.0.0.1", self.port)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            dead = closed.getsockname()[1]
        self.assertEqual(ask_udp(self.port, register("alive", port=dead)), OK)
        code, lines = self.cpp("who", *where, "alive")
        self.assertEqual((code, lines[0].split(":")[0]), (1, "UNAVAILABLE"))
        self.side(VERSIONS[-1], "serve", *where, "127.0.0.1", "alive")
        eventually("both are registered", lambda: len(self.cpp("discover", *where, "alive")[1]) == 2)
        self.assertEqual(self.cpp("who", *where, "alive"), (0, ["alive"]))

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        for transport in ("udp", "tcp"):
            code, lines = self.cpp("discover", transport, "127.0.0.1", port, "x")
            self.assertEqual((code, lines[0].split(":")[0]), (1, "UNAVAILABLE"))
            self.assertIn(f"127.0.0.1:{port}", lines[0])
