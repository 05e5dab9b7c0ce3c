"""Limits and protocol configuration of a server: each is given to StartServer and then tested on the wire."""

import select
import socket
import unittest
import zlib

import harness
from harness import address_of, admin
from wire import (CALL, CMP, DEL, DELATTR, GETATTR, MSG_EXCEPTION, MSG_REPLY, MSG_REQUEST, PING, SETATTR, STR, Peer,
                  RemoteError, boxes, frame, mine, payload, value, yours)

host = None


def setUpModule():
    global host
    host = harness.start_host()


def tearDownModule():
    harness.ends_well(host)


class Case(unittest.TestCase):
    def peer(self, server):
        peer = Peer(address_of(server))
        self.addCleanup(peer.sock.close)
        return peer

    def error(self, peer, handler, box, cls, args=None):
        with self.assertRaises(RemoteError) as caught:
            peer.ask(handler, box)
        self.assertEqual(caught.exception.cls, cls, caught.exception.raw)
        if args is not None:
            self.assertEqual(caught.exception.remote_args, args)
        return caught.exception


def ping_of(size):
    """The payload of a PING, `size` bytes in all."""
    short = payload(6, MSG_REQUEST, 0, (PING, value((b"x" * 256,))))
    return payload(6, MSG_REQUEST, 0, (PING, value((b"x" * (size - len(short) + 256),))))


def nested(depth):
    v = ()
    for _ in range(depth):
        v = (v,)
    return v


class Limits(Case):
    def boundary(self, served, refused, **limits):
        """The frame `served` is answered. `refused` is answered by a ValueError that names the limit, and the connection goes on."""
        server = harness.start_server(host, service="ECHO", limits=limits)
        good = self.peer(server)
        good.send(served)
        self.assertEqual(good.read()[0], MSG_REPLY)
        bad = self.peer(server)
        bad.send(refused)
        msg, args = bad.answer(0)
        self.assertEqual((msg, args[0][1]), (MSG_EXCEPTION, "ValueError"))
        (name, limit), = limits.items()
        self.assertIn(f"{name} {limit}", args[1][0])
        bad.next_seq = 1
        bad.ping()
        good.ping()

    def test_max_total_bytes(self):
        # Connections that have sent no whole message yet may use an eighth; what is small does not count.
        server = harness.start_server(host, service="ECHO", limits={"max_total_bytes": 4 << 20})
        stranger, peer, other = self.peer(server), self.peer(server), self.peer(server)
        self.assertEqual(server["spec"]["limits"]["max_total_bytes"], str(4 << 20))
        for big, seconds in ((peer, 1 << 20), (stranger, 8 << 20)):
            if big is peer:
                peer.ping()
                self.assertEqual(len(peer.ask_value(PING, value((bytes(seconds),)))), seconds)
            with self.assertRaises(RemoteError) as caught:
                big.ask(PING, value((bytes(8 << 20),)))
            self.assertEqual(caught.exception.cls, "MemoryError")
            self.assertIn("max_total_bytes" if big is peer else "before their first whole message",
                          caught.exception.remote_args[0])
            big.ping()
        other.ping()

    def test_frame_timeout(self):
        server = harness.start_server(host, service="ECHO", limits={"frame_timeout": "0.3s"})
        quiet, silent = self.peer(server), self.peer(server)
        quiet.ping()
        silent.send(frame(ping_of(100_000))[:50_000])
        self.assertIsNone(silent.read_frame(), "ended, as nothing more came")
        quiet.ping()

    def test_frame_timeout_lets_a_slow_upload_go_on(self):
        server = harness.start_server(host, service="ECHO", limits={"frame_timeout": "0.3s"})
        slow, seconds = self.peer(server), 3
        data = payload(6, MSG_REQUEST, 0, (PING, value((bytes(1 << 20),))))
        unsent = frame(data)
        for _ in range(seconds):
            # The peer sends for longer than the timeout, for a silent connection ends meanwhile.
            silent = self.peer(server)
            silent.send(frame(data)[:1000])
            while not select.select([silent.sock], [], [], 0.05)[0]:
                slow.send(unsent[:8192])
                unsent = unsent[8192:]
            self.assertIsNone(silent.read_frame())
        self.assertGreater(len(unsent), 0, "it was not slow")
        slow.send(unsent)
        self.assertEqual(slow.answer(0)[0], MSG_REPLY)

    def test_max_frame_bytes(self):
        self.boundary(frame(ping_of(1000)), frame(ping_of(1001)), max_frame_bytes=1000)

    def test_max_inflated_bytes(self):
        self.boundary(frame(zlib.compress(ping_of(5000)), 1), frame(zlib.compress(ping_of(5001)), 1), max_inflated_bytes=5000)

    def test_max_nesting(self):
        # The host decides how it counts the envelope of a message; the two depths are far enough apart.
        self.boundary(*(frame(payload(6, MSG_REQUEST, 0, (PING, value((nested(depth),))))) for depth in (10, 25)), max_nesting=20)

    def test_max_int_digits(self):
        self.boundary(*(frame(payload(6, MSG_REQUEST, 0, (PING, value((10**n,))))) for n in (49, 50)), max_int_digits=50)

    def test_max_local_objects(self):
        server = harness.start_server(host, limits={"max_local_objects": 3})
        peer = self.peer(server)
        root = peer.root()
        add, multiply = peer.getattr(root, "add"), peer.getattr(root, "multiply")
        self.error(peer, GETATTR, boxes(yours(root), value("get_service_name")), "MemoryError")
        self.assertEqual(peer.call(add, 1, 2), 3)
        peer.ask(DEL, boxes(yours(multiply), value(1)))
        self.assertEqual(peer.call(peer.getattr(root, "get_service_name")), "CALCULATOR")

    def test_idle_timeout(self):
        server = harness.start_server(host, limits={"idle_timeout": "0.2s"})
        mute, used = self.peer(server), self.peer(server)
        used.ping()
        for peer in (mute, used):
            self.assertIsNone(peer.read_frame(), "closed though it did nothing wrong")
        harness.eventually("both are counted off", lambda: harness.connections_open(host, server["name"][8:]) == 0)

    def test_max_sessions(self):
        server = harness.start_server(host, limits={"max_sessions": 2})
        count = lambda name: int(admin(host, "ServerService/GetServer", name=server["name"]).get(name, 0))
        first, second = self.peer(server), self.peer(server)
        first.ping()
        second.ping()
        self.assertIsNone(self.peer(server).read_frame(), "one too many is accepted and closed at once")
        self.assertEqual((count("connections_open"), count("connections_refused")), (2, 1))
        first.ping()
        second.sock.close()
        harness.eventually("there is room again", lambda: count("connections_open") == 1)
        self.peer(server).ping()


class Families(Case):
    def reached(self, server, *families):
        """Which of the addresses reach the server from this machine."""
        found = []
        for host in families:
            try:
                peer = Peer(f"{host}:{server['port']}")
            except ConnectionRefusedError:
                continue
            self.addCleanup(peer.sock.close)
            peer.ping()
            found.append(host)
        return found

    def start(self, **spec):
        return harness.start_server(host, allow_insecure=True, **spec)

    def setUp(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError as e:
            self.skipTest(f"no IPv6 loopback: {e}")

    def test_each_hostname(self):
        both = ("127.0.0.1", "[::1]")
        for hostname, expected in (("::", both), ("0.0.0.0", both[:1]), ("127.0.0.1", both[:1]), ("::1", both[1:])):
            with self.subTest(hostname):
                server = self.start(hostname=hostname, ipv6=":" in hostname)
                self.assertEqual(server["hostname"], hostname)
                self.assertEqual(self.reached(server, *both), list(expected))
        server = self.start(hostname="::", ipv6=True, ipv6_only=True)
        self.assertTrue(server["spec"]["ipv6_only"])
        self.assertEqual(self.reached(server, *both), ["[::1]"])

    def test_ipv6_only_is_the_wildcards(self):
        for spec in ({"hostname": "::1", "ipv6": True}, {"hostname": "127.0.0.1"}, {"hostname": "", "socket_path": "/tmp/x"}):
            with self.subTest(spec), self.assertRaises(harness.GrpcError) as caught:
                self.start(ipv6_only=True, **spec)
            self.assertEqual((caught.exception.reason, caught.exception.metadata.get("field")),
                             ("INVALID_FIELD", "spec.ipv6_only"))


class Protocol(Case):
    def served(self, **protocol_config):
        """A peer of a server with that configuration, and the server's root."""
        peer = self.peer(harness.start_server(host, protocol_config=protocol_config))
        return peer, peer.root()

    def denied(self, peer, target, name):
        self.error(peer, GETATTR, boxes(yours(target), value(name)), "AttributeError", (f"cannot access {name!r}",))

    def test_the_answer_shows_the_defaults(self):
        config = harness.start_server(host, protocol_config={"allow_public_attrs": True})["spec"]["protocol_config"]
        for key, expected in {"allow_safe_attrs": True, "allow_exposed_attrs": True, "allow_public_attrs": True,
                              "allow_all_attrs": False, "exposed_prefix": "exposed_", "allow_getattr": True,
                              "allow_setattr": False, "allow_delattr": False, "allow_pickle": False,
                              "include_local_traceback": True, "include_local_version": True}.items():
            self.assertEqual(config.get(key), expected, key)

    def test_allow_getattr_off(self):
        peer, root = self.served(allow_getattr=False)
        for name in ("add", "exposed_add", "__doc__", "nosuch"):
            self.denied(peer, root, name)
        self.assertIs(type(peer.ask_value(STR, boxes(yours(root)))), str)  # no access rule applies to these

    def test_allow_exposed_attrs_off(self):
        peer, root = self.served(allow_exposed_attrs=False)
        for name in ("add", "exposed_add"):
            self.denied(peer, root, name)

    def test_exposed_prefix(self):
        peer, root = self.served(exposed_prefix="out_")
        for name in ("add", "out_add"):
            self.assertEqual(peer.call(peer.getattr(root, name), 1, 2), 3)
        self.denied(peer, root, "exposed_add")

    def test_allow_safe_attrs_off(self):
        peer, root = self.served(allow_safe_attrs=False)
        self.denied(peer, root, "__doc__")
        self.error(peer, CMP, boxes(yours(root), yours(root), value("__eq__")), "AttributeError", ("cannot access '__eq__'",))
        self.assertEqual(peer.call(peer.getattr(root, "add"), 1, 2), 3)

    def test_private_names_stay_private(self):
        for config in ({"allow_public_attrs": True}, {}):
            peer, root = self.served(**config)
            for name in ("_x", "__dict__", "__class__", "__init__"):
                self.denied(peer, root, name)

    def test_traceback_denied(self):
        peer, root = self.served(include_local_traceback=False)
        error = self.error(peer, GETATTR, boxes(yours(root), value("nosuch")), "AttributeError")
        self.assertEqual(error.traceback, "<traceback denied>")

    def test_version_denied(self):
        peer, root = self.served(include_local_version=False)
        error = self.error(peer, GETATTR, boxes(yours(root), value("nosuch")), "AttributeError")
        self.assertEqual(error.attrs[-1], ("_remote_version", "<version denied>"))

    def test_safe_attrs(self):
        peer, root = self.served(safe_attrs={"names": ["__eq__"]})
        self.assertIs(peer.ask_value(CMP, boxes(yours(root), yours(root), value("__eq__"))), True)
        self.denied(peer, root, "__doc__")
        self.assertEqual(peer.call(peer.getattr(root, "add"), 1, 2), 3)

    def test_no_safe_attrs(self):
        peer, root = self.served(safe_attrs={})
        self.denied(peer, root, "__doc__")
        self.error(peer, CMP, boxes(yours(root), yours(root), value("__eq__")), "AttributeError", ("cannot access '__eq__'",))

    def test_safe_attrs_that_are_not_rpycs(self):
        # The rules allow the name; no object has it, which is another answer.
        peer, root = self.served(safe_attrs={"names": ["_private"]})
        error = self.error(peer, GETATTR, boxes(yours(root), value("_private")), "AttributeError")
        self.assertNotIn("cannot access", error.remote_args[0])

    def changes(self, key, handler, *args):
        """The setting `key`: off, the host denies access; on, the object itself refuses (functions do not change; a root says
        "access denied" in both cases, as RPyC's services do)."""
        peer, root = self.served()
        box = lambda function: boxes(yours(function), value("__doc__"), *map(value, args))
        self.error(peer, handler, box(peer.getattr(root, "add")), "AttributeError", ("cannot access '__doc__'",))
        peer, root = self.served(**{key: True})
        add = peer.getattr(root, "add")
        error = self.error(peer, handler, box(add), "AttributeError")
        self.assertNotIn("cannot access", error.remote_args[0])
        self.assertEqual(peer.call(add, 1, 2), 3)

    def test_allow_setattr(self):
        self.changes("allow_setattr", SETATTR, 5)

    def test_allow_delattr(self):
        self.changes("allow_delattr", DELATTR)

    def test_connid_is_in_the_log(self):
        peer = self.peer(harness.start_server(host, protocol_config={"connid": "bench\n3"}))
        peer.send(b"\xff" * 100)
        self.assertIsNone(peer.read_frame())
        harness.eventually("a line of the log names the connection, on one line",
                           lambda: any(r"(bench\n3)" in line and "goodbye" in line for line in host.stderr))

    def test_dialect(self):
        for dialect in (5, 6):
            server = harness.start_server(host, protocol_config={"dialect": dialect})
            peer = Peer(address_of(server), dialect)
            self.addCleanup(peer.sock.close)
            self.assertEqual(peer.call(peer.getattr(peer.root(), "add"), 1, 2), 3)
            other = Peer(address_of(server), 11 - dialect)
            self.addCleanup(other.sock.close)
            other.request(PING, value(("hi",)))
            self.assertIsNone(other.read_frame(), "a peer of the other dialect is not understood")
            peer.ping()

    def compute(self, **protocol_config):
        """A peer of COMPUTE, whose function iterates over its argument, an object of the caller."""
        peer = self.peer(harness.start_server(host, service="COMPUTE", **protocol_config))
        return peer, peer.getattr(peer.root(), "heavy_computation")

    LIST = ("builtins.list", 1, 2)  # an object of the peer; the host asks nothing of it until it is used

    def ask_back(self, peer, function):
        """Calls with an object of ours, and does not answer the host's requests about it. Returns the seq of the call."""
        return peer.request(CALL, (2, (yours(function), (2, (mine(self.LIST),)), value(()))))

    def test_sync_request_timeout(self):
        peer, function = self.compute(protocol_config={"sync_request_timeout": "0.2s"})
        msg, raw = peer.answer(self.ask_back(peer, function))
        self.assertEqual((msg, RemoteError(raw).cls), (MSG_EXCEPTION, "TimeoutError"))
        self.assertTrue(peer.requests, "it asked")
        peer.ping()

    def test_max_callback_depth(self):
        peer, function = self.compute(limits={"max_callback_depth": 1}, protocol_config={"sync_request_timeout": "-1s"})
        self.ask_back(peer, function)
        # Within that call the host waits for us. It serves us meanwhile, but it makes no further callback.
        msg, raw = peer.answer(self.ask_back(peer, function))
        self.assertEqual((msg, RemoteError(raw).cls), (MSG_EXCEPTION, "RecursionError"))
        peer.ping()

    def test_what_the_answer_shows(self):
        given = {"safe_attrs": {"names": ["__len__", "__doc__"]}, "exposed_prefix": "", "allow_setattr": True,
                 "allow_delattr": True, "sync_request_timeout": "-1s", "dialect": 5, "connid": "x"}
        shown = harness.start_server(host, protocol_config=given)["spec"]["protocol_config"]
        self.assertEqual(sorted(shown["safe_attrs"].pop("names")), ["__doc__", "__len__"])
        given.pop("safe_attrs")
        self.assertEqual({key: shown.get(key) for key in given}, given)
        shown = harness.start_server(host)["spec"]
        self.assertEqual(shown["protocol_config"]["sync_request_timeout"], "30s")
        self.assertNotIn("safe_attrs", shown["protocol_config"])
        self.assertEqual((shown["limits"]["max_read_ahead_bytes"], shown["limits"]["max_callback_depth"]), (str(16 << 20), 64))

    def test_each_of_rpycs_keys_is_honoured_or_refused_by_name(self):
        """The 26 keys of RPyC 5.3.1 and 6.0.2 with values of their own: none is ignored."""
        honoured = {"allow_safe_attrs": False, "allow_exposed_attrs": False, "allow_public_attrs": True,
                    "allow_all_attrs": True, "safe_attrs": {"names": ["x"]}, "exposed_prefix": "x_", "allow_getattr": False,
                    "allow_setattr": True, "allow_delattr": True, "include_local_traceback": False,
                    "include_local_version": False, "sync_request_timeout": "5s", "connid": "c", "bind_threads": True}
        refused = ("allow_pickle", "instantiate_custom_exceptions", "import_custom_exceptions",
                   "instantiate_oldstyle_exceptions", "propagate_SystemExit_locally",
                   "propagate_KeyboardInterrupt_locally", "log_exceptions", "close_catchall")
        objects = ("before_closed", "credentials", "endpoints", "logger")
        self.assertEqual(len(honoured) + len(refused) + len(objects), 26)
        shown = harness.start_server(host, protocol_config=honoured)["spec"]["protocol_config"]
        for key, given in honoured.items():
            self.assertEqual(shown.get(key, False), given)
        for key in refused:
            with self.subTest(key), self.assertRaises(harness.GrpcError) as caught:
                harness.start_server(host, protocol_config={key: True})
            self.assertEqual(caught.exception.metadata.get("field"), "spec.protocol_config." + key)
        for key in objects:  # by reflection grpcurl finds no such field, and says so itself
            with self.subTest(key), self.assertRaises(AssertionError) as caught:
                harness.start_server(host, protocol_config={key: "x"})
            self.assertIn(f"ProtocolConfig has no known field named {key}", str(caught.exception))

    def test_bounds(self):
        for config, field in (({"connid": "x" * 256}, "connid"), ({"exposed_prefix": "x" * 256}, "exposed_prefix"),
                              ({"safe_attrs": {"names": ["x"] * 1001}}, "safe_attrs.names"),
                              ({"safe_attrs": {"names": ["x" * 256]}}, "safe_attrs.names"), ({"dialect": 4}, "dialect"),
                              ({"dialect": 7}, "dialect")):
            with self.subTest(field):
                with self.assertRaises(harness.GrpcError) as caught:
                    harness.start_server(host, protocol_config=config)
                self.assertEqual((caught.exception.reason, caught.exception.metadata.get("field")),
                                 ("INVALID_FIELD", "spec.protocol_config." + field))

    def test_what_means_nothing_here_is_refused_by_name(self):
        for key in ("allow_pickle", "instantiate_custom_exceptions", "import_custom_exceptions",
                    "instantiate_oldstyle_exceptions", "propagate_SystemExit_locally",
                    "propagate_KeyboardInterrupt_locally", "log_exceptions", "close_catchall"):
            with self.subTest(key):
                with self.assertRaises(harness.GrpcError) as caught:
                    harness.start_server(host, protocol_config={key: True})
                self.assertEqual(caught.exception.metadata.get("field"), "spec.protocol_config." + key)
                self.assertIn(key, caught.exception.message)
                self.assertIn(caught.exception.reason, ("INVALID_FIELD", "NOT_SUPPORTED"))
