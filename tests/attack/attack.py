"""The attacks share this: the host that is attacked, and what must hold whatever is done to it.

Each attack demands three things: the host serves others during and after it, its memory stays within a stated bound at its
very peak, and the attacking connection alone ends, or waits, or is answered with an exception, as the case may be.
"""

import contextlib
import errno
import os
import resource
import sys
import time
import unittest

import harness
from wire import DEADLINE_S, MSG_EXCEPTION, NOTHING, Peer, RemoteError, dump

MIB = 1024  # /proc counts in KiB
# A peer may cost this much by the documented defaults: max_frame_bytes and max_inflated_bytes are 64 MiB each. A buffer that
# grows by doubling holds half as much again for a moment.
BOUND = 16 * MIB
BOUND_INFLATING = (64 + 64 + 32) * MIB

# These say which kind of server is attacked, and whether its host has little of what attackers take (BUILD.bazel).
KIND = os.environ.get("ATTACKED_KIND", "threaded")
LIMITED = bool(os.environ.get("ATTACK_LIMITED"))
DIALECTS = (5, 6)
ADDRESS_SPACE = 1500 << 20  # an idle host takes some 500 MiB of it, most of it stacks and arenas
DESCRIPTORS = 64

host = None
bystander = None  # a well-behaved connection that lives through all attacks
served = None  # what the other clients want of the host: the server, the method, and what it returns for (1, 2)


def attack_host(new_host, server, method, answer):
    global host, bystander, served
    host, served = new_host, (server, method, answer)
    bystander = Peer(host.servers[server])
    bystander.method = bystander.getattr(bystander.root(), method)


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


def start_host(*services):
    """Starts the demo host with servers of these services too, and the bystander; the setUpModule of each file of attacks."""
    servers = (f"--server={KIND}:{service}@127.0.0.1:0" for service in ("CALCULATOR", "ECHO", *services))
    attack_host(harness.Host("--admin_address=127.0.0.1:0", *servers, preexec_fn=limit if LIMITED else None),
                "calculator", "add", 3)


def connections_share_memory():
    """Returns whether an object of one connection can be an argument on another."""
    kinds = harness.admin(host, "ServerService/ListServerKinds")["server_kinds"]
    return not any(kind.get("traits", {}).get("separate_process") for kind in kinds if kind["name"] == KIND)


def room(count):
    """Returns this number of connections, or as many as a host with little may have beside the others."""
    return min(count, 16) if LIMITED else count


def start_fixture_host():
    attack_host(harness.start_fixture_host({}), "fixture", "arguments", (1, 2))


def host_ends_well():
    """Ends what start began; the tearDownModule."""
    bystander.sock.close()
    harness.ends_well(host)


@contextlib.contextmanager
def gone_is_fine():
    """Surrounds what an attacker sends, since the host may have ended the connection already. It suppresses no timeout."""
    try:
        yield
    except OSError as e:
        if not isinstance(e, ConnectionError) and e.errno != errno.ENOTCONN:
            raise


def in_both_dialects(case):
    """Puts the class of cases twice, under the name of each dialect, into the module that defines it."""
    for dialect in DIALECTS:
        name = f"{case.__name__}InDialect{dialect}"
        vars(sys.modules[case.__module__])[name] = type(name, (case,), {"dialect": dialect, "__module__": case.__module__})


class Case(unittest.TestCase):
    dialect = None
    server = "echo"  # this server is attacked unless a test says otherwise

    def peer(self, server=None):
        return Peer(host.servers[server or self.server], self.dialect)

    def opened(self, server=None):
        """Opens a connection and has the host answer once, which settles the dialect."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            peer = self.peer(server)
            try:
                peer.its_root = peer.root()
                return peer
            except (EOFError, ConnectionError):  # there was no room: the connections before it have not gone yet
                peer.sock.close()
                if not LIMITED or time.monotonic() > deadline:
                    raise

    def serve_others(self):
        self.assertIsNone(host.child.poll(), "the host has died")
        server, method, answer = served
        self.assertEqual(bystander.call(bystander.method, 1, 2), answer)
        if LIMITED:
            states = [server["state"] for server in harness.admin(host, "ServerService/ListServers")["servers"]]
            self.assertEqual(set(states), {"LISTENING"}, host.story())
        with self.peer(server) as peer:
            self.assertEqual(peer.call(peer.getattr(peer.root(), method), 1, 2), answer)

    @contextlib.contextmanager
    def others_are_served(self, bound=BOUND):
        """Surrounds an attack and checks memory at its peak, an old connection and a new one, and the process itself."""
        before = host.status("VmRSS")
        measured = not os.environ.get("RPYC_SANITIZER")
        if measured:
            with open(f"/proc/{host.pid}/clear_refs", "w") as file:
                file.write("5")  # this makes VmHWM start anew
        yield
        self.serve_others()
        if measured:
            self.assertLess(host.status("VmHWM") - before, bound, "KiB at the peak over what it had before")

    def head(self, seq=0):
        """Returns a payload up to where (handler, box) follows."""
        return b"\x12\x51" + dump(seq) if self.dialect == 5 else b"\x01\x11" + dump(seq)

    def ends(self, *sent, opened=True, bound=BOUND):
        """Each of these ends the connection that sends it, without an answer: a host never sends CLOSE, nor an exception
        for what it could not read."""
        with self.others_are_served(bound):
            for data in sent:
                with self.subTest(data[:40].hex()):
                    with self.opened() if opened else self.peer() as peer:
                        with gone_is_fine():  # it may end before it has all
                            peer.send(data)
                        self.assertIsNone(peer.read_frame())

    def refused(self, cls, text, *sent, opened=True, bound=BOUND):
        """Each of these is a request 0 over a limit: answered by a `cls` that says `text`, and the connection goes on."""
        with self.others_are_served(bound):
            for data in sent:
                with self.subTest(data[:40].hex()):
                    with self.opened() if opened else self.peer() as peer:
                        peer.send(data)
                        msg, args = peer.answer(0)
                        self.assertEqual(msg, MSG_EXCEPTION)
                        self.assertEqual((args[0][1], text in args[1][0]), (cls, True), args)
                        peer.ping()

    def answered(self, peer, handler, box=NOTHING, cls=None, args=None):
        """The request is answered by an exception, and the connection lives."""
        with self.assertRaises(RemoteError) as caught:
            peer.ask(handler, box)
        if cls:
            self.assertEqual(caught.exception.cls, cls, caught.exception.raw)
        if args is not None:
            self.assertEqual(caught.exception.remote_args, args)
        peer.ping()
