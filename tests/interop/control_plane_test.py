"""The control plane as an operator uses it: the real grpcurl, which has only reflection, and real clients beside it."""

import concurrent.futures
import contextlib
import json
import re
import socket
import unittest

import harness
from harness import CODES, GrpcError, address_of, admin, grpcurl
from wire import Peer

host = None

SERVER = "ServerService/"
CATALOG = "CatalogService/"
HOST = "HostService/"


def setUpModule():
    global host
    host = harness.start_host()


def tearDownModule():
    harness.ends_well(host)


class Case(unittest.TestCase):
    def start(self, server_id="", **spec):
        """Starts a server on any free port, which is closed when the test ends."""
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
        """Asserts that the request is refused with that code and reason, one ErrorInfo, and a message with these words."""
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

    def test_traits_that_are_set_are_told(self):
        kinds = {kind["name"]: kind for kind in admin(host, SERVER + "ListServerKinds")["server_kinds"]}
        self.assertEqual(kinds["one_shot"]["traits"], {"serves_inline": True, "one_connection": True})

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

    def test_list_with_and_without_closed(self):
        shown, closed = self.start("shown"), self.start("closed-one")
        self.close(closed)
        self.assertIn("servers/shown", self.names())
        self.assertNotIn("servers/closed-one", self.names())
        self.assertLessEqual({"servers/shown", "servers/closed-one"}, set(self.names(show_closed=True)))
        self.assertEqual(admin(host, SERVER + "GetServer", name="servers/closed-one")["state"], "CLOSED")

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
        self.close({"name": first["servers"][-1]["name"]})  # the server that the token names
        self.start("moving-3")
        rest = admin(host, SERVER + "ListServers", page_token=first["next_page_token"])["servers"]
        self.assertEqual([server["name"] for server in rest], [names[-1], "servers/moving-3"])

    def test_drain_timeout_of_an_idle_server(self):
        server = self.start()
        with Peer(address_of(server)) as peer:
            peer.ping()
            closed = admin(host, SERVER + "CloseServer", name=server["name"], drain_timeout="20s")
            self.assertEqual(closed["state"], "CLOSED")
            self.assertIsNone(peer.read_frame())


SPEC = {"kind": "threaded", "service": "CALCULATOR"}


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
        with Peer(address_of(server)) as peer:  # it goes on, and counters do not change its etag
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


class Refusals(Case):
    """One case a reason. Every request that is refused, and what is said of it, is in server/admin/refusals_test.cc; reasons of
    connections and of the registry are in connections_test.py and in tests/registry."""

    def test_each_reason(self):
        port = int(host.servers["echo"].rpartition(":")[2])
        tagged, closed = self.start("refused"), self.start("refused-and-closed")
        self.close(closed)
        before = self.names(show_closed=True)
        for code, reason, field, method, request in (
                ("INVALID_ARGUMENT", "UNKNOWN_KIND", "spec.kind", "StartServer", {"spec": {**SPEC, "kind": "nosuch"}}),
                ("INVALID_ARGUMENT", "UNKNOWN_SERVICE", "spec.service", "StartServer", {"spec": {**SPEC, "service": "nosuch"}}),
                ("INVALID_ARGUMENT", "INVALID_FIELD", "spec.port", "StartServer", {"spec": {**SPEC, "port": 65536}}),
                ("INVALID_ARGUMENT", "CERTIFICATE_INVALID", "spec.tls.certfile", "StartServer",
                 {"spec": {**SPEC, "tls": {"certfile": "/nowhere"}}}),
                ("FAILED_PRECONDITION", "INSECURE_LISTENER", "spec.hostname", "StartServer",
                 {"spec": {**SPEC, "hostname": "0.0.0.0"}}),
                ("FAILED_PRECONDITION", "ADDRESS_IN_USE", "spec.port", "StartServer", {"spec": {**SPEC, "port": port}}),
                ("ALREADY_EXISTS", "SERVER_ALREADY_EXISTS", "server_id", "StartServer", {"spec": SPEC, "server_id": "calculator"}),
                ("NOT_FOUND", "SERVER_NOT_FOUND", "name", "GetServer", {"name": "servers/nosuch"}),
                ("FAILED_PRECONDITION", "INVALID_SERVER_STATE", "name", "CloseServer", {"name": closed["name"]}),
                ("ABORTED", "ETAG_MISMATCH", "etag", "CloseServer", {"name": tagged["name"], "etag": "nonsense"})):
            with self.subTest(reason):
                self.refused(code, reason, SERVER + method, field=field, **request)
        self.refused("NOT_FOUND", "SERVICE_NOT_FOUND", CATALOG + "GetService", field="name", name="services/NOSUCH", says=["NOSUCH"])
        self.assertEqual(self.names(show_closed=True), before, "a refused request changes nothing")


class BesideTheDataPlane(Case):
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
