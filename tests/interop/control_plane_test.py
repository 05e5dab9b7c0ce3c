"""The control plane as an operator meets it: the real grpcurl with nothing but reflection, and real clients beside it."""

import concurrent.futures
import contextlib
import json
import re
import select
import socket
import unittest

import harness
from harness import CODES, GrpcError, address_of, admin, grpcurl
from wire import CALL, MSG_REQUEST, Peer, boxes, value, yours

host = None

SERVER = "ServerService/"
CATALOG = "CatalogService/"
HOST = "HostService/"


def setUpModule():
    global host
    host = harness.start_host()


def tearDownModule():
    harness.ends_well(host)


def never_read(peer):
    """Has ECHO answer more than the peer reads: a thread of the host stands in a write."""
    echo = peer.getattr(peer.root(), "echo")
    ask = peer.message(MSG_REQUEST, 5, (CALL, boxes(yours(echo), value((bytes(8 << 20),)), value(()))))
    peer.sock.setblocking(False)
    sent, view = 0, memoryview(ask)
    while sent < 64 << 20 and select.select([], [peer.sock], [], 0.5)[1]:
        sent += peer.sock.send(view[sent % len(ask):])


class Case(unittest.TestCase):
    def start(self, server_id="", **spec):
        """StartServer on a port of its choice; closed again when the test ends."""
        server = harness.start_server(host, server_id, **spec)
        self.addCleanup(self.close_quietly, server["name"])
        return server

    def close_quietly(self, name):
        with contextlib.suppress(GrpcError):
            admin(host, SERVER + "CloseServer", name=name)

    def close(self, server):
        return admin(host, SERVER + "CloseServer", name=server["name"])

    def names(self, **request):
        return [s["name"] for s in admin(host, SERVER + "ListServers", page_size=1000, **request).get("servers", [])]

    def refused(self, code, reason, method, field=None, says=(), **request):
        """The status of the error table: code, one ErrorInfo, and a message that names what it is about."""
        with self.assertRaises(GrpcError) as caught:
            admin(host, method, **request)
        error = caught.exception
        self.assertEqual((error.code, error.reason), (CODES[code], reason), error)
        self.assertEqual((error.domain, error.infos), ("rpyc.admin", 1), error)
        if field:
            self.assertEqual(error.metadata.get("field"), field, error)
        for word in says:
            self.assertIn(word, error.message)
        return error


class Reflection(Case):
    SERVICES = ("HostService", "ServerService", "CatalogService")

    def test_list(self):
        listed = grpcurl(host.admin, "list").split()
        for service in self.SERVICES:
            self.assertIn("rpyc.admin.v1." + service, listed)
        self.assertIn("grpc.health.v1.Health", listed)

    def test_list_methods(self):
        listed = grpcurl(host.admin, "list", "rpyc.admin.v1.ServerService").split()
        for method in ("ListServerKinds", "StartServer", "CloseServer", "GetServer", "ListServers"):
            self.assertIn("rpyc.admin.v1.ServerService." + method, listed)

    def test_describe_service(self):
        text = grpcurl(host.admin, "describe", "rpyc.admin.v1.ServerService")
        self.assertRegex(
            text,
            r"rpc StartServer \( \.rpyc\.admin\.v1\.StartServerRequest \) returns \( \.rpyc\.admin\.v1\.Server \);")
        self.assertRegex(
            text,
            r"rpc CloseServer \( \.rpyc\.admin\.v1\.CloseServerRequest \) returns \( \.rpyc\.admin\.v1\.Server \);")

    def test_describe_every_listed_service(self):
        for service in grpcurl(host.admin, "list").split():
            with self.subTest(service):
                self.assertIn("is a service", grpcurl(host.admin, "describe", service))

    def test_describe_messages(self):
        for message, fields in {
                "StartServerRequest":
            ("string server_id", "ServerSpec spec", "bool validate_only", "string request_id"),
                "CloseServerRequest": ("string name", "Duration drain_timeout", "string etag"),
                "ListServersRequest": ("int32 page_size", "string page_token", "bool show_closed"),
                "ListServersResponse": (r"repeated \.rpyc\.admin\.v1\.Server servers = 1", "string next_page_token"),
                "ServerSpec": ("string kind", "string service", "string hostname", "int32 port", "string socket_path",
                               "bool ipv6", "bool allow_insecure", "int32 backlog", "bool reuse_addr",
                               "int32 nbthreads", "int32 request_batch_size", "int32 loops"),
                "Server":
            ("string name", "ServerSpec spec", "State state", "string hostname", "int32 port", "string socket_path",
             "Timestamp start_time", "int64 connections_total", "int64 connections_open", "int64 calls_total",
             "int64 calls_failed", "Status last_error", "string etag"),
                "Service":
            ("string name", "string service_name", "repeated string aliases", "string doc", "Member members"),
                "Member": ("string name", "Kind kind", "string signature", "string doc"),
                "Host": ("string version", "string build", "Timestamp start_time", "int64 servers_open",
                         "int64 connections_open", "int64 connections_total", "int64 calls_total")
        }.items():
            with self.subTest(message):
                text = grpcurl(host.admin, "describe", "rpyc.admin.v1." + message)
                for field in fields:
                    self.assertRegex(text, rf"{field}\b")

    def test_unknown_symbol(self):
        with self.assertRaises((AssertionError, GrpcError)):
            grpcurl(host.admin, "describe", "rpyc.admin.v1.NoSuchThing")


class Catalog(Case):
    def test_server_kinds(self):
        kinds = {kind["name"]: kind for kind in admin(host, SERVER + "ListServerKinds")["server_kinds"]}
        self.assertIn("threaded", kinds)
        for name, kind in kinds.items():
            self.assertRegex(name, r"^[a-z][a-z_]*$")
            self.assertTrue(kind.get("summary"), name)

    def test_every_listed_kind_works(self):
        for kind in admin(host, SERVER + "ListServerKinds")["server_kinds"]:
            with self.subTest(kind["name"]):
                server = self.start(kind=kind["name"])
                self.assertEqual(server["state"], "LISTENING")
                with Peer(address_of(server)) as peer:
                    self.assertEqual(peer.call(peer.getattr(peer.root(), "add"), 1, 2), 3)

    def test_services(self):
        services = {s["name"]: s for s in admin(host, CATALOG + "ListServices")["services"]}
        for name in ("CALCULATOR", "ECHO", "MY"):
            self.assertEqual(services["services/" + name]["service_name"], name)
            self.assertEqual(services["services/" + name]["aliases"][0], name)

    def test_get_service(self):
        service = admin(host, CATALOG + "GetService", name="services/CALCULATOR")
        members = {member["name"]: member for member in service["members"]}
        self.assertLessEqual({"add", "multiply"}, members.keys())
        add = members["add"]
        self.assertEqual(add["kind"], "METHOD")
        self.assertRegex(add["signature"], r"^(add)?\(a(: \w+)?, b(: \w+)?\)")
        self.assertTrue(add["doc"])
        self.assertEqual(service, {s["name"]: s
                                   for s in admin(host, CATALOG + "ListServices")["services"]}["services/CALCULATOR"])

    def test_members_of_the_others(self):
        for service, names in {
                "ECHO": {"echo", "add"},
                "MY": {"get_data", "get_status", "hello", "get_config"}
        }.items():
            members = admin(host, CATALOG + "GetService", name="services/" + service)["members"]
            self.assertLessEqual(names, {member["name"] for member in members})

    def test_unknown_service(self):
        self.refused("NOT_FOUND", "SERVICE_NOT_FOUND", CATALOG + "GetService", name="services/NOSUCH", says=["NOSUCH"])

    def test_host(self):
        before = admin(host, HOST + "GetHost")
        self.assertTrue(before["version"])
        self.assertRegex(before["start_time"], r"^20\d\d-")
        self.assertGreaterEqual(int(before["servers_open"]), 3)
        with Peer(host.servers["calculator"]) as peer:
            add = peer.getattr(peer.root(), "add")
            for _ in range(5):
                peer.call(add, 1, 2)
            during = admin(host, HOST + "GetHost")
        self.assertEqual(during["version"], before["version"])
        self.assertEqual(during["start_time"], before["start_time"])
        count = lambda answer, name: int(answer.get(name, 0))
        self.assertEqual(count(during, "connections_total"), count(before, "connections_total") + 1)
        self.assertGreaterEqual(count(during, "connections_open"), 1)
        self.assertGreaterEqual(count(during, "calls_total"), count(before, "calls_total") + 5)

    def test_the_version_is_the_one_the_flag_prints(self):
        flag = harness.Process(harness.binary("demo_host") + ["--version"])
        self.assertEqual(flag.wait(), 0)
        self.assertIn(admin(host, HOST + "GetHost")["version"], " ".join(flag.lines))


class Life(Case):
    def test_start_call_close(self):
        """The main job, under each real client: start on port 0, call, close, EOFError, refused."""
        for version in harness.VERSIONS:
            with self.subTest(version):
                server = self.start()
                self.assertEqual(server["state"], "LISTENING")
                self.assertGreater(server["port"], 0)
                client = harness.Client(version, {"calculator": address_of(server)})
                self.addCleanup(client.kill)
                client.run("hold", service="calculator")
                client.run("use_held", first=1, count=20)
                closed = self.close(server)
                self.assertEqual((closed["name"], closed["state"]), (server["name"], "CLOSED"))
                client.run("held_has_ended")
                client.run("connection_is_refused", address=address_of(server))
                client.kill()

    def test_closing_ends_established_connections(self):
        server = self.start()
        with Peer(address_of(server), 5) as five, Peer(address_of(server),
                                                         6) as six, Peer(address_of(server)) as mute:
            five.ping()
            six.ping()
            self.assertEqual(self.close(server)["state"], "CLOSED")
            for peer in (five, six, mute):
                self.assertIsNone(peer.read_frame())
        with self.assertRaises(ConnectionRefusedError):
            Peer(address_of(server))

    def test_the_answer_is_the_resource(self):
        server = self.start("the-answer", port=0)
        self.assertEqual(server["name"], "servers/the-answer")
        self.assertEqual(server["spec"]["kind"], "threaded")
        self.assertEqual(server["spec"]["service"], "CALCULATOR")
        self.assertEqual(server["hostname"], "127.0.0.1")
        self.assertRegex(server["start_time"], r"^20\d\d-")
        again = admin(host, SERVER + "GetServer", name="servers/the-answer")
        self.assertEqual(again, server)

    def test_service_in_any_case(self):
        server = self.start(service="calculator")
        with Peer(address_of(server)) as peer:
            root = peer.root()
            self.assertEqual(peer.call(peer.getattr(root, "get_service_name")), "CALCULATOR")

    def test_an_empty_hostname_is_loopback(self):
        server = self.start(hostname="")
        self.assertEqual(server["hostname"], "127.0.0.1")

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError as e:
            self.skipTest(f"no IPv6 loopback: {e}")
        server = self.start(hostname="", ipv6=True)
        self.assertEqual(server["hostname"], "::1")
        with Peer(f"[::1]:{server['port']}") as peer:
            peer.ping()

    def test_counters(self):
        server = self.start("counted")
        count = lambda name: int(admin(host, SERVER + "GetServer", name="servers/counted").get(name, 0))
        with Peer(address_of(server)) as peer:
            add = peer.getattr(peer.root(), "add")
            for _ in range(7):
                peer.call(add, 1, 2)
            with self.assertRaises(Exception):
                peer.call(add, "x", 1)
            self.assertEqual(count("connections_open"), 1)
            self.assertGreaterEqual(count("calls_total"), 8)
            self.assertGreaterEqual(count("calls_failed"), 1)
        harness.eventually("the connection is gone", lambda: count("connections_open") == 0)
        self.assertEqual(count("connections_total"), 1)

    def test_default_ids(self):
        # setUpModule's host has servers/calculator already.
        first, second = self.start(), self.start()
        self.assertEqual([first["name"], second["name"]], ["servers/calculator-2", "servers/calculator-3"])
        self.close(first)
        self.assertEqual(self.start()["name"], "servers/calculator-2")

    def test_the_id_of_a_closed_server_is_free(self):
        first = self.start("again")
        self.close(first)
        second = self.start("again", service="ECHO")
        self.assertEqual(second["spec"]["service"], "ECHO")
        self.assertEqual(self.names(show_closed=True).count("servers/again"), 1)
        self.assertEqual(admin(host, SERVER + "GetServer", name="servers/again")["state"], "LISTENING")

    def test_the_longest_id(self):
        self.assertEqual(self.start("a" * 63)["name"], "servers/" + "a" * 63)

    def test_closed_twice(self):
        server = self.start("closed-twice")
        self.close(server)
        self.refused("FAILED_PRECONDITION", "INVALID_SERVER_STATE", SERVER + "CloseServer", name=server["name"],
                     says=["closed-twice"])

    def test_its_port_is_free_too(self):
        first = self.start()
        self.close(first)
        second = self.start(port=first["port"])
        self.assertEqual(second["port"], first["port"])

    def test_list_with_and_without_closed(self):
        shown, closed = self.start("shown"), self.start("closed-one")
        self.close(closed)
        self.assertIn("servers/shown", self.names())
        self.assertNotIn("servers/closed-one", self.names())
        self.assertLessEqual({"servers/shown", "servers/closed-one"}, set(self.names(show_closed=True)))
        self.assertEqual(admin(host, SERVER + "GetServer", name="servers/closed-one")["state"], "CLOSED")

    def test_pages(self):
        for i in range(5):
            self.start(f"page-{i}")
        everything = self.names()
        paged, token = [], ""
        for _ in range(len(everything) + 1):
            answer = admin(host, SERVER + "ListServers", page_size=2, page_token=token)
            self.assertLessEqual(len(answer.get("servers", [])), 2)
            paged += [s["name"] for s in answer.get("servers", [])]
            token = answer.get("next_page_token", "")
            if not token:
                break
        self.assertEqual(paged, everything)

    def test_pages_of_every_list(self):
        for method, field in ((SERVER + "ListServers", "servers"), (SERVER + "ListServerKinds", "server_kinds"),
                              (CATALOG + "ListServices", "services")):
            with self.subTest(method):
                everything = [item["name"] for item in admin(host, method)[field]]
                self.assertGreater(len(everything), 1)
                paged, token = [], ""
                while len(paged) < len(everything):
                    answer = admin(host, method, page_size=1, page_token=token)
                    self.assertEqual(len(answer[field]), 1)
                    paged.append(answer[field][0]["name"])
                    token = answer.get("next_page_token", "")
                self.assertEqual((paged, token), (everything, ""))
                self.assertEqual([item["name"] for item in admin(host, method, page_size=2**31 - 1)[field]], everything)
                first = admin(host, method, page_size=1)["next_page_token"]
                other = SERVER + "ListServerKinds" if field != "server_kinds" else SERVER + "ListServers"
                self.refused("INVALID_ARGUMENT", "INVALID_FIELD", other, field="page_token", page_token=first)

    def test_a_page_goes_on_where_servers_come_and_go(self):
        for i in range(3):
            self.start(f"moving-{i}")
        names = self.names()
        first = admin(host, SERVER + "ListServers", page_size=len(names) - 1)
        self.close({"name": first["servers"][-1]["name"]})  # the one that the token speaks of
        self.start("moving-3")
        rest = admin(host, SERVER + "ListServers", page_token=first["next_page_token"])["servers"]
        self.assertEqual([server["name"] for server in rest], [names[-1], "servers/moving-3"])

    def test_a_hundred_closed_are_remembered(self):
        # 100 newer ones push a closed server out; the whole walk also shows that start and close leak no descriptor.
        before = None
        for i in range(104):
            server = self.start(f"old-{i}")
            self.close(server)
            before = before or host.descriptors()
        closed = [name for name in self.names(show_closed=True) if name.startswith("servers/old-")]
        self.assertEqual(len(closed), 100)
        self.refused("NOT_FOUND", "SERVER_NOT_FOUND", SERVER + "GetServer", name="servers/old-0")
        harness.eventually("no descriptor is left behind", lambda: host.descriptors() <= before + 4)

    def test_drain_timeout_of_an_idle_server(self):
        server = self.start()
        with Peer(address_of(server)) as peer:
            peer.ping()
            closed = admin(host, SERVER + "CloseServer", name=server["name"], drain_timeout="20s")
            self.assertEqual(closed["state"], "CLOSED")
            self.assertIsNone(peer.read_frame())


SPEC = {"kind": "threaded", "service": "CALCULATOR"}


class OneShot(Case):
    """A server that closes by itself after its one connection."""

    def state(self, server):
        return admin(host, SERVER + "GetServer", name=server["name"])["state"]

    def test_its_traits(self):
        kinds = {kind["name"]: kind for kind in admin(host, SERVER + "ListServerKinds")["server_kinds"]}
        self.assertEqual(kinds["one_shot"]["traits"], {"serves_inline": True, "one_connection": True})

    def test_its_life(self):
        server = self.start("brief", kind="one_shot")
        self.assertEqual(server["state"], "LISTENING")
        with Peer(address_of(server)) as peer:
            self.assertEqual(peer.call(peer.getattr(peer.root(), "add"), 1, 2), 3)
            with self.assertRaises(ConnectionRefusedError):
                Peer(address_of(server))
            self.assertEqual(self.state(server), "DRAINING")
            self.assertIn("servers/brief", self.names())
        harness.eventually("it closes by itself", lambda: self.state(server) == "CLOSED")
        self.assertNotIn("servers/brief", self.names())
        self.assertIn("servers/brief", self.names(show_closed=True))
        last = admin(host, SERVER + "GetServer", name="servers/brief")
        self.assertEqual((last["connections_total"], last["calls_total"], last.get("connections_open", "0")), ("1", "1", "0"))
        self.refused("FAILED_PRECONDITION", "INVALID_SERVER_STATE", SERVER + "CloseServer", name="servers/brief")
        self.assertEqual(self.start("brief")["state"], "LISTENING", "its id is free")

    def test_ids_and_ports_again_and_again(self):
        port = 0
        for _ in range(10):
            server = self.start("again-and-again", kind="one_shot", port=port)
            port = server["port"]
            with Peer(address_of(server)) as peer:
                peer.ping()
            harness.eventually("it closes by itself", lambda: self.state(server) == "CLOSED")

    def test_closed_while_it_waits(self):
        server = self.start(kind="one_shot")
        self.assertEqual(self.close(server)["state"], "CLOSED")
        with self.assertRaises(ConnectionRefusedError):
            Peer(address_of(server))

    def test_closed_while_it_serves(self):
        server = self.start(kind="one_shot")
        with Peer(address_of(server)) as peer:
            peer.ping()
            closed = admin(host, SERVER + "CloseServer", name=server["name"], drain_timeout="20s")
            self.assertEqual(closed["state"], "CLOSED")
            self.assertIsNone(peer.read_frame())

    def test_closed_under_a_peer_that_never_reads(self):
        server = self.start(kind="one_shot", service="ECHO")
        with Peer(address_of(server)) as peer:
            never_read(peer)
            self.assertEqual(self.close(server)["state"], "CLOSED")

    def test_a_peer_that_says_nothing(self):
        server = self.start(kind="one_shot")
        Peer(address_of(server)).sock.close()
        harness.eventually("it closes by itself", lambda: self.state(server) == "CLOSED")


class Health(Case):
    """grpc.health.v1, as load balancers and supervisors ask it."""

    def check(self, service):
        return json.loads(grpcurl(host.admin, "grpc.health.v1.Health/Check", data={"service": service}))["status"]

    def watch(self, service):
        watch = harness.HealthWatch(host, service)
        self.addCleanup(watch.kill)
        return watch

    def test_host(self):
        self.assertEqual(self.check(""), "SERVING")
        self.assertEqual(json.loads(grpcurl(host.admin, "grpc.health.v1.Health/Check")), {"status": "SERVING"})

    def test_server(self):
        server = self.start("healthy")
        self.assertEqual(self.check("servers/healthy"), "SERVING")
        self.close(server)
        self.assertEqual(self.check("servers/healthy"), "NOT_SERVING")

    def test_unknown(self):
        for name in ("servers/nosuch", "nosuch", "servers/", "CALCULATOR", "rpyc.admin.v1.ServerService"):
            with self.subTest(name):
                with self.assertRaises(GrpcError) as caught:
                    self.check(name)
                self.assertEqual((caught.exception.code, caught.exception.reason), (CODES["NOT_FOUND"], "SERVER_NOT_FOUND"))

    def test_watch(self):
        watch = self.watch("servers/watched")
        self.assertEqual(watch.status(), "SERVICE_UNKNOWN")
        server = self.start("watched", kind="one_shot")
        watch.wait_for("SERVING")
        with Peer(address_of(server)):
            watch.wait_for("NOT_SERVING")
        self.start("watched-too")
        harness.eventually("the server is closed", lambda: self.check("servers/watched") == "NOT_SERVING")
        self.start("watched")
        watch.wait_for("SERVING")

    def test_many_watches_and_one_that_is_killed(self):
        watches = [self.watch("servers/crowd") for _ in range(10)]
        for watch in watches:
            self.assertEqual(watch.status(), "SERVICE_UNKNOWN")
        watches.pop().kill()
        self.start("crowd")
        for watch in watches:
            watch.wait_for("SERVING")


class Careful(Case):
    """What lets an operator, or a script that repeats itself, be careful: validate_only, request_id, etag."""

    def request(self, **request):
        return admin(host, SERVER + "StartServer", **{"spec": SPEC, **request})

    def start_once(self, request_id, **request):
        server = self.request(request_id=request_id, **request)
        self.addCleanup(self.close_quietly, server["name"])
        return server

    def test_validate_only(self):
        before = self.names(show_closed=True)
        for kind in admin(host, SERVER + "ListServerKinds")["server_kinds"]:
            server = self.request(spec={"kind": kind["name"], "service": "calculator"}, server_id="wanted", validate_only=True)
            self.assertEqual(server["name"], "servers/wanted")
            self.assertFalse({"state", "start_time", "port", "etag"} & server.keys(), "nothing runs")
            spec = server["spec"]
            self.assertEqual((spec["kind"], spec["service"], spec["hostname"]), (kind["name"], "CALCULATOR", "127.0.0.1"))
            self.assertEqual(spec["limits"]["max_sessions"], "20000")
        self.assertEqual(self.names(show_closed=True), before)
        self.refused("NOT_FOUND", "SERVER_NOT_FOUND", SERVER + "GetServer", name="servers/wanted")

    def test_validate_only_chooses_the_id(self):
        self.assertEqual(self.request(validate_only=True)["name"], "servers/calculator-2")
        self.assertEqual(self.request(validate_only=True)["name"], "servers/calculator-2", "it did not take it")

    def test_validate_only_finds_what_is_wrong(self):
        for reason, field, code, request in (
                ("UNKNOWN_KIND", "spec.kind", "INVALID_ARGUMENT", {"spec": {**SPEC, "kind": "nosuch"}}),
                ("UNKNOWN_SERVICE", "spec.service", "INVALID_ARGUMENT", {"spec": {**SPEC, "service": "nosuch"}}),
                ("INVALID_FIELD", "server_id", "INVALID_ARGUMENT", {"server_id": "No"}),
                ("SERVER_ALREADY_EXISTS", "server_id", "ALREADY_EXISTS", {"server_id": "calculator"}),
                ("INVALID_FIELD", "spec.port", "INVALID_ARGUMENT", {"spec": {**SPEC, "port": 65536}}),
                ("INVALID_FIELD", "spec.backlog", "INVALID_ARGUMENT", {"spec": {**SPEC, "backlog": -1}}),
                ("INVALID_FIELD", "spec.nbthreads", "INVALID_ARGUMENT", {"spec": {**SPEC, "nbthreads": 2}}),
                ("INVALID_FIELD", "spec.limits.max_nesting", "INVALID_ARGUMENT",
                 {"spec": {**SPEC, "limits": {"max_nesting": -1}}}),
                ("INSECURE_LISTENER", "spec.hostname", "FAILED_PRECONDITION", {"spec": {**SPEC, "hostname": "0.0.0.0"}}),
                ("INVALID_FIELD", "spec.tls.certfile", "INVALID_ARGUMENT", {"spec": {**SPEC, "tls": {"keyfile": "x"}}}),
                ("CERTIFICATE_INVALID", "spec.tls.certfile", "INVALID_ARGUMENT", {"spec": {**SPEC, "tls": {"certfile": "/nowhere"}}}),
                ("INVALID_FIELD", "spec.registrar.port", "INVALID_ARGUMENT", {"spec": {**SPEC, "registrar": {"port": -1}}})):
            with self.subTest(request):
                self.refused(code, reason, SERVER + "StartServer", field=field, validate_only=True,
                             **{"spec": SPEC, **request})

    def test_validate_only_does_not_bind(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.assertEqual(self.request(spec={**SPEC, "port": port}, validate_only=True)["spec"]["port"], port)

    def test_a_repeated_request_answers_the_same_server(self):
        first = self.start_once("7c0ffee0-0000-4000-8000-000000000001")
        before = self.names()
        self.assertEqual(self.start_once("7c0ffee0-0000-4000-8000-000000000001"), first)
        other = self.start_once("7c0ffee0-0000-4000-8000-000000000002")
        self.assertNotEqual(other["name"], first["name"])
        self.assertEqual(self.names(), before + [other["name"]])

    def test_a_repeated_request_never_starts_a_second_one(self):
        first = self.start_once("after the close", server_id="once-only")
        self.close(first)
        self.assertEqual(self.start_once("after the close", server_id="once-only")["name"], "servers/once-only")
        self.assertEqual(admin(host, SERVER + "GetServer", name="servers/once-only")["state"], "CLOSED")

    def test_a_request_id_is_of_one_request(self):
        self.start_once("reused")
        for other in ({"server_id": "x"}, {"spec": {**SPEC, "service": "ECHO"}}, {"validate_only": True, "server_id": "y"}):
            self.refused("INVALID_ARGUMENT", "REQUEST_ID_REUSED", SERVER + "StartServer", says=["reused"],
                         **{"request_id": "reused", "spec": SPEC, **other})

    def test_a_failed_request_may_be_tried_again(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            spec = {**SPEC, "port": other.getsockname()[1]}
            self.refused("FAILED_PRECONDITION", "ADDRESS_IN_USE", SERVER + "StartServer", request_id="again", spec=spec)
        self.assertEqual(self.start_once("again", spec=spec)["state"], "LISTENING")

    def test_equal_requests_at_once(self):
        before = self.names()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            servers = list(pool.map(lambda _: self.start_once("at once"), range(8)))
        self.assertEqual([server["name"] for server in servers], [servers[0]["name"]] * 8)
        self.assertEqual(self.names(), before + [servers[0]["name"]])

    def test_close_with_an_etag(self):
        server = self.start("tagged")
        for etag in ("nonsense", server["etag"] + "0"):
            self.refused("ABORTED", "ETAG_MISMATCH", SERVER + "CloseServer", says=["tagged", etag],
                         name=server["name"], etag=etag)
        with Peer(address_of(server)) as peer:  # it runs on, and counters do not touch its etag
            self.assertEqual(peer.call(peer.getattr(peer.root(), "add"), 1, 2), 3)
            closed = admin(host, SERVER + "CloseServer", name=server["name"], etag=server["etag"])
        self.assertEqual(closed["state"], "CLOSED")
        self.assertNotEqual(closed["etag"], server["etag"])

    def test_an_etag_is_of_one_server_not_of_its_name(self):
        first = self.start("same-name")
        self.close(first)
        second = self.start("same-name", port=first["port"])
        self.refused("ABORTED", "ETAG_MISMATCH", SERVER + "CloseServer", name="servers/same-name", etag=first["etag"])
        self.assertEqual(admin(host, SERVER + "CloseServer", name="servers/same-name", etag=second["etag"])["state"], "CLOSED")


class Errors(Case):
    def start_refused(self, code, reason, field=None, says=(), server_id="", **spec):
        self.refused(code, reason, SERVER + "StartServer", field, says, server_id=server_id, spec={**SPEC, **spec})

    def setUp(self):
        self.before = self.names(show_closed=True)

    def tearDown(self):
        self.assertEqual(self.names(show_closed=True), self.before,
                         "a refused request changes nothing")

    def test_unknown_kind(self):
        self.start_refused("INVALID_ARGUMENT", "UNKNOWN_KIND", kind="nosuch", says=["nosuch", "threaded"])
        self.start_refused("INVALID_ARGUMENT", "UNKNOWN_KIND", field="spec.kind", kind="Threaded",
                           says=['did you mean "threaded"?'])

    def test_unknown_service(self):
        self.start_refused("INVALID_ARGUMENT",
                           "UNKNOWN_SERVICE",
                           service="nosuch",
                           says=["nosuch", "CALCULATOR", "ECHO", "MY"])
        self.start_refused("INVALID_ARGUMENT", "UNKNOWN_SERVICE", service="services/CALCULATOR")
        self.start_refused("INVALID_ARGUMENT", "UNKNOWN_SERVICE", field="spec.service", service="calculater",
                           says=['did you mean "CALCULATOR"?'])
        self.refused("NOT_FOUND", "SERVICE_NOT_FOUND", CATALOG + "GetService", field="name", name="services/EHCO",
                     says=['did you mean "ECHO"?'])

    def test_nothing_given(self):
        for spec, field in (({}, "spec.service"), ({"kind": "threaded"}, "spec.service"), ({"service": "ECHO"}, "spec.kind")):
            with self.subTest(spec):
                self.refused("INVALID_ARGUMENT", "UNKNOWN_" + field[len("spec."):].upper(), SERVER + "StartServer",
                             field=field, says=[field + " is missing; known: "], spec=spec)

    def test_duplicate_id(self):
        self.start_refused("ALREADY_EXISTS", "SERVER_ALREADY_EXISTS", server_id="calculator", says=["calculator"])

    def test_address_in_use(self):
        port = int(host.servers["echo"].rpartition(":")[2])
        self.start_refused("FAILED_PRECONDITION", "ADDRESS_IN_USE", field="spec.port", port=port, says=[str(port)])
        with socket.create_server(("127.0.0.1", 0)) as other:  # in use by someone else
            self.start_refused("FAILED_PRECONDITION", "ADDRESS_IN_USE", port=other.getsockname()[1])

    def test_option_of_another_kind(self):
        for option in ("nbthreads", "request_batch_size", "loops", "fiber_stack_kib", "max_fibers"):
            with self.subTest(option):
                self.start_refused("INVALID_ARGUMENT",
                                   "INVALID_FIELD",
                                   field="spec." + option,
                                   says=[option],
                                   **{option: 4})

    def test_bad_ids(self):
        for bad in ("A", "1a", "-a", "a-", "a_b", "a b", "a/b", "ä", "a" * 64, ".", "servers/a"):
            with self.subTest(bad):
                self.start_refused("INVALID_ARGUMENT", "INVALID_FIELD", field="server_id", server_id=bad)

    def test_no_name_holds_a_nul(self):
        for field, spec in (("spec.hostname", {"hostname": "127.0.0.1\0.example"}),
                            ("spec.socket_path", {"hostname": "", "socket_path": "/tmp/rpychost\0x"}),
                            ("spec.user", {"kind": "forking", "user": "root\0x"}),
                            ("spec.protocol_config.connid", {"protocol_config": {"connid": "a\0b"}}),
                            ("spec.protocol_config.exposed_prefix", {"protocol_config": {"exposed_prefix": "a\0b"}}),
                            ("spec.protocol_config.safe_attrs.names", {"protocol_config": {"safe_attrs": {"names": ["a\0b"]}}}),
                            ("spec.registrar.hostname", {"registrar": {"hostname": "127.0.0.1\0x"}}),
                            ("spec.registrar.advertised_hostname", {"registrar": {"advertised_hostname": "127.0.0.1\0x"}}),
                            ("spec.tls.certfile", {"tls": {"certfile": "/etc/passwd\0x"}}),
                            ("spec.tls.ciphers", {"tls": {"certfile": "x", "ciphers": "ALL\0x"}}),
                            ("server_id", {"server_id": "a\0b"})):
            with self.subTest(field):
                self.start_refused("INVALID_ARGUMENT", "INVALID_FIELD", field=field, says=["NUL"] if field != "server_id" else [],
                                   **spec)
        self.start_refused("INVALID_ARGUMENT", "UNKNOWN_SERVICE", field="spec.service", service="ECHO\0x")
        self.start_refused("INVALID_ARGUMENT", "UNKNOWN_KIND", field="spec.kind", kind="threaded\0x")

    def test_bad_ports(self):
        for port in (65536, 70000, -1, 2**31 - 1):
            with self.subTest(port):
                self.start_refused("INVALID_ARGUMENT", "INVALID_FIELD", field="spec.port", port=port)

    def test_hostname_with_socket_path(self):
        with self.assertRaises(GrpcError) as caught:
            admin(host,
                  SERVER + "StartServer",
                  spec={
                      **SPEC, "hostname": "127.0.0.1",
                      "socket_path": "/tmp/rpychost-never"
                  })
        self.assertEqual((caught.exception.code, caught.exception.reason),
                         (CODES["INVALID_ARGUMENT"], "INVALID_FIELD"))
        self.assertIn(caught.exception.metadata.get("field"), ("spec.hostname", "spec.socket_path"))

    def test_negative_backlog(self):
        self.start_refused("INVALID_ARGUMENT", "INVALID_FIELD", field="spec.backlog", backlog=-1)

    def test_off_loopback(self):
        for hostname in ("0.0.0.0", "::"):
            with self.subTest(hostname):
                self.start_refused("FAILED_PRECONDITION", "INSECURE_LISTENER", hostname=hostname, says=[hostname])

    def test_no_such_server(self):
        for method in ("GetServer", "CloseServer"):
            with self.subTest(method):
                self.refused("NOT_FOUND", "SERVER_NOT_FOUND", SERVER + method, name="servers/nosuch", says=["nosuch"])

    def test_bad_names(self):
        for method in (SERVER + "GetServer", SERVER + "CloseServer", CATALOG + "GetService"):
            for name in ("", "calculator", "servers/", "services/", "servers/a/b", "nosuch/x"):
                with self.subTest(method, name=name):
                    self.refused("INVALID_ARGUMENT", "INVALID_FIELD", method, field="name", name=name)

    def test_bad_pages(self):
        for method in (SERVER + "ListServers", SERVER + "ListServerKinds", CATALOG + "ListServices"):
            with self.subTest(method):
                self.refused("INVALID_ARGUMENT", "INVALID_FIELD", method, field="page_size", page_size=-1)
                self.refused("INVALID_ARGUMENT", "INVALID_FIELD", method, field="page_token", page_token="nonsense")

    def test_negative_drain_timeout(self):
        self.refused("INVALID_ARGUMENT", "INVALID_FIELD", SERVER + "CloseServer", field="drain_timeout",
                     name="servers/calculator", drain_timeout="-1s")

    def test_what_is_not_built_is_refused_by_name(self):
        # "A field that is not honoured is refused, never ignored." Either it works, or the answer names it.
        for field, given in (("tls", {"keyfile": "/nonexistent", "certfile": "/nonexistent"}),
                             ("protocol_config", {"allow_pickle": True})):
            with self.subTest(field):
                with self.assertRaises(GrpcError) as caught:
                    admin(host, SERVER + "StartServer", spec={**SPEC, field: given})
                self.assertIn(caught.exception.code, (CODES["INVALID_ARGUMENT"], CODES["UNIMPLEMENTED"]))
                self.assertIn(caught.exception.reason, ("INVALID_FIELD", "NOT_SUPPORTED", "CERTIFICATE_INVALID"))


class BesideTheDataPlane(Case):
    def test_close_of_a_server_whose_peer_never_reads(self):
        server = self.start("stuck", service="ECHO")
        with Peer(address_of(server)) as peer:
            never_read(peer)
            self.assertEqual(self.close(server)["state"], "CLOSED")

    def test_errors_leave_connections_alone(self):
        with Peer(host.servers["calculator"]) as peer:
            add = peer.getattr(peer.root(), "add")
            for i in range(5):
                with self.assertRaises(GrpcError):
                    admin(host, SERVER + "StartServer", spec={"kind": "nosuch"})
                self.assertEqual(peer.call(add, i, 1), i + 1)

    def test_garbage_on_the_admin_port(self):
        for garbage in (b"\0" * 100, b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 20):
            where, _, port = host.admin.rpartition(":")
            with socket.create_connection((where, int(port))) as sock:
                sock.sendall(garbage)
        self.assertTrue(admin(host, HOST + "GetHost")["version"])

    def test_an_rpyc_client_on_the_admin_port(self):
        with Peer(host.admin) as peer, contextlib.suppress(OSError, EOFError, AssertionError):
            peer.sock.settimeout(5)
            peer.root()
        self.assertTrue(admin(host, HOST + "GetHost")["version"])

    def test_grpc_on_a_data_port(self):
        with self.assertRaises((GrpcError, AssertionError)):
            grpcurl(host.servers["calculator"], "-connect-timeout", "3", "list")
        with Peer(host.servers["calculator"]) as peer:
            peer.ping()

    def test_one_line_of_audit_a_mutation(self):
        server = self.start("audited")
        self.close(server)
        harness.eventually(
            "two log lines that name it",
            lambda: admin(host, HOST + "GetHost") and sum("audited" in line for line in host.stderr) >= 2)
        self.assertFalse([line for line in host.stderr if re.search(r"\bPASSWORD|PRIVATE KEY\b", line)])
