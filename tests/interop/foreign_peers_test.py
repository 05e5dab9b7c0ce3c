"""Peers that connect to the wrong port: the host answers in the peer's own protocol, where that is possible, and logs it."""

import http.client
import ssl
import subprocess
import tempfile
import unittest

import certificates
import harness
from harness import address_of, admin, eventually, grpcurl_tool
from wire import DEADLINE_S, MSG_EXCEPTION, MSG_REPLY, Peer, dial, trusting

SENTENCE = "This is a port of RPyC (Remote Python Call)"

host = None
folder = None
servers = {}  # of each kind: one with TLS, one without


def setUpModule():
    global host, folder
    host = harness.start_host("--log_level=info")
    folder = tempfile.TemporaryDirectory()
    keyfile, certfile = certificates.Authority(folder.name, "foreign").issue("server")
    tls = {"keyfile": keyfile, "certfile": certfile}
    try:
        for kind in admin(host, "ServerService/ListServerKinds")["server_kinds"]:
            if kind["traits"].get("one_connection"):
                continue  # closes after the first connection, as it promises
            servers[kind["name"]] = (address_of(harness.start_server(host, kind=kind["name"])),
                                     address_of(harness.start_server(host, kind=kind["name"], tls=tls)))
    except unittest.SkipTest:  # no grpcurl
        pass


def tearDownModule():
    folder.cleanup()
    harness.ends_well(host)


class Case(unittest.TestCase):
    def each_port(self, secure=(False, True)):
        """The ports of every kind, without TLS and with: (whether it has TLS, its address for a bare socket)."""
        if not servers:
            self.skipTest("no grpcurl")
        return [(bool(with_tls), address.removeprefix("tls:")) for addresses in servers.values()
                for with_tls, address in enumerate(addresses) if bool(with_tls) in secure]

    def setUp(self):
        self.logged_before = len(host.stderr)

    def logged(self, name, text):
        """Waits for the only line about the peer with the address `name`, and checks it. The kernel uses an address again after some
        hundred connections, so only lines that are newer than the last such check, or than the start of the test, count."""
        name = "{}:{}".format(*name)
        lines = lambda: [line for line in host.stderr[self.logged_before:] if f"goodbye {name}: " in line]
        eventually(f"the log names {name}", lines)
        line, = lines()
        self.logged_before = len(host.stderr)
        self.assertIn("[warning]", line)
        self.assertIn(text, line)

    def hears(self, address, said):
        """Everything that the host answers to `said` until it ends the connection, and the address of the peer."""
        sock = dial(address)
        self.addCleanup(sock.close)
        sock.sendall(said)
        heard = b""
        while piece := sock.recv(4096):
            heard += piece
        return heard, sock.getsockname()


class Told(Case):
    def test_http(self):
        for secure, address in self.each_port():
            connection = http.client.HTTPConnection(address, timeout=DEADLINE_S)
            connection.request("GET", "/metrics", headers={"x-long": "x" * 5000})
            name = connection.sock.getsockname()
            answer = connection.getresponse()
            self.assertEqual(answer.status, 400)
            self.assertEqual(answer.read().decode(), SENTENCE + (" over TLS.\n" if secure else ".\n"))
            self.logged(name, "it seems to be an HTTP client")

    def test_grpc(self):
        for _, address in self.each_port(secure=(False, )):
            before = len(host.stderr)
            done = subprocess.run([grpcurl_tool(), "-plaintext", "-max-time", "1", address, "list"], capture_output=True,
                                  text=True, timeout=DEADLINE_S, env={"GRPC_GO_LOG_SEVERITY_LEVEL": "info"})
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("error reading server preface: http2: frame too large", done.stderr, "what it says itself, in its own log")
            lines = lambda: [line for line in host.stderr[before:] if "such as one of gRPC" in line]
            eventually("it is logged", lines)
            self.assertLess(len(lines()), 10, "it backs off")

    def test_tls_to_a_port_without(self):
        for _, address in self.each_port(secure=(False, )):
            sock = dial(address)
            self.addCleanup(sock.close)
            name = sock.getsockname()
            with self.assertRaises(ssl.SSLError) as caught:
                trusting().wrap_socket(sock)
            self.assertEqual(caught.exception.reason, "SSLV3_ALERT_UNEXPECTED_MESSAGE")
            self.logged(name, "the peer does not speak RPyC: it seems to be a TLS client")

    def test_text(self):
        for said, answer, seems in ((b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n", b"%s\r\n", "ssh"),
                                    (b"*1\r\n$4\r\nPING\r\n", b"-ERR %s\r\n", "a Redis client"),
                                    (b"\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f", b"%s\r\n", "a telnet client"),
                                    (b"is this thing on?\r\n", b"%s\r\n", "a client of a protocol of text"),
                                    (b"PROXY TCP4 10.0.0.9 10.0.0.1 41234 18861\r\n", b"", "the PROXY protocol")):
            for secure, address in self.each_port():
                with self.subTest(seems):
                    heard, name = self.hears(address, said)
                    sentence = SENTENCE + (" over TLS." if secure else ".")
                    self.assertEqual(heard, answer and answer % sentence.encode())
                    self.logged(name, seems)

    def test_what_is_nothing_known_is_not_guessed(self):
        for _, address in self.each_port(secure=(False, )):
            heard, name = self.hears(address, b"\x7f\x01\x02\x03\x04\x05")
            self.assertEqual(heard, b"")
            self.logged(name, "frame of 2130772483 bytes exceeds")


class Rpyc(Case):
    """Clients of RPyC of the wrong version, or without TLS where it is needed."""

    def setUp(self):
        super().setUp()
        if not harness.client_versions():
            self.skipTest("no client")

    def python(self, version, code, *arguments):
        done = subprocess.run([harness.venv_python(version), "-c", "import rpyc, sys, ssl\n" + code, *arguments],
                              capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_without_tls_to_a_port_with(self):
        for version in harness.client_versions():
            for _, address in self.each_port(secure=(True, )):
                with self.subTest(version):
                    told = self.python(version, """
conn = rpyc.connect(sys.argv[1], int(sys.argv[2]))
try:
    conn.root.add(1, 2)
except ConnectionError as error:
    print(error)
""", *address.split(":"))
                    self.assertIn("this server speaks TLS: connect with rpyc.ssl_connect", told)
                    self.assertNotIn("WARNING", told)

    def test_with_tls_to_a_port_without(self):
        for version in harness.client_versions():
            for _, address in self.each_port(secure=(False, )):
                with self.subTest(version):
                    told = self.python(version, """
try:
    rpyc.ssl_connect(sys.argv[1], int(sys.argv[2]), ssl_version=ssl.PROTOCOL_TLS)
except ssl.SSLError as error:
    print(error.reason)
""", *address.split(":"))
                    self.assertEqual(told, "SSLV3_ALERT_UNEXPECTED_MESSAGE\n")

    def test_an_exception_carries_no_warning_of_versions(self):
        for version in harness.client_versions():
            with self.subTest(version):
                told = self.python(version, """
conn = rpyc.connect(sys.argv[1], int(sys.argv[2]))
try:
    conn.root.add("x", 2)
except TypeError as error:
    print(error)
""", *host.servers["calculator"].split(":"))
                self.assertIn("TypeError: unsupported operand", told)
                self.assertNotIn("WARNING", told)

    def test_a_client_before_4_1(self):
        """Golden bytes, recorded of rpyc 4.0.2 with Python 3.11: GETROOT, then INSPECT of the name in the id_pack alone."""
        for _, address in self.each_port(secure=(False, )):
            with Peer(address, 5) as peer:
                peer.send(bytes.fromhex("00000008001251501153115102" "0a"))
                msg, seq, (label, id_pack) = peer.read()
                self.assertEqual((msg, seq, label, id_pack[0]), (MSG_REPLY, 0, 4, "cpp.CALCULATOR"))
                peer.send(bytes.fromhex("0000001900125151116011511008" "0e0e6370702e43414c43554c41544f52" "0a"))
                msg, seq, ((module, cls), (text, ), attrs, _) = peer.read()
                self.assertEqual((msg, seq, module, cls), (MSG_EXCEPTION, 1, "builtins", "ConnectionError"))
                self.assertIn("this client is of RPyC 4.0 or older", text)

    def test_a_client_of_rpyc_ng(self):
        """Golden bytes, recorded of rpyc-ng 7.0.15: it cannot read the root's id_pack, and all that it says next is CLOSE."""
        for _, address in self.each_port(secure=(False, )):
            with Peer(address, 6) as peer:
                peer.send(bytes.fromhex("00000008000111501153115102" "0a"))
                self.assertEqual(peer.read()[0], MSG_REPLY)
                name = peer.sock.getsockname()
                peer.send(bytes.fromhex("00000008000111511152115102" "0a"))
                self.assertIsNone(peer.read())
                self.logged(name, "it seems to be of rpyc-ng 7")

    def test_clients_of_rpyc_are_not_taken_for_others(self):
        for version in harness.client_versions():
            for _, address in self.each_port(secure=(False, )):
                with self.subTest(version):
                    before = len(host.stderr)
                    told = self.python(version, """
conn = rpyc.connect(sys.argv[1], int(sys.argv[2]))
conn.root
conn.close()
rpyc.connect(sys.argv[1], int(sys.argv[2])).close()
conn = rpyc.connect(sys.argv[1], int(sys.argv[2]))
print(conn.root.add(1, 2))
conn.close()
""", *address.split(":"))
                    self.assertEqual(told, "3\n")
                    self.assertEqual([line for line in host.stderr[before:] if "seems" in line], [])


if __name__ == "__main__":
    unittest.main()
