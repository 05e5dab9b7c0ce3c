"""What an operator is told after a mistake, or after files have changed under a server that runs."""

import os
import shutil
import socket
import tempfile
import unittest

import certificates
import harness
from harness import CODES, GrpcError, address_of, admin, eventually
from wire import Peer, dial

host = None


def setUpModule():
    global host
    host = harness.start_host("--log_level=info")


def tearDownModule():
    harness.ends_well(host)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rpychost-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, **spec):
        server = harness.start_server(host, **spec)
        self.addCleanup(admin, host, "ServerService/CloseServer", name=server["name"])
        return server

    def last_error(self, server):
        return admin(host, "ServerService/GetServer", name=server["name"]).get("last_error")

    def refused(self, reason, field, validate_only=False, **spec):
        with self.assertRaises(GrpcError) as caught:
            admin(host, "ServerService/StartServer", validate_only=validate_only,
                  spec={"kind": "threaded", "service": "CALCULATOR", **spec})
        error = caught.exception
        self.assertEqual((error.reason, error.metadata.get("field")), (reason, field), error)
        return error.message

    def logged(self, text):
        eventually(f"the log says {text}", lambda: any(text in line for line in host.stderr))


class Certificates(Case):
    def setUp(self):
        super().setUp()
        self.authority = certificates.Authority(self.folder, "operator")
        self.keyfile, self.certfile = self.authority.issue("server")

    def test_the_field_is_the_file_that_is_wrong(self):
        other, _ = self.authority.issue("other")
        good = {"keyfile": self.keyfile, "certfile": self.certfile}
        for field, wrong, says in (
                ("keyfile", self.certfile, "there is no PEM private key in it, only a certificate"),
                ("keyfile", "/etc/hostname", "there is no PEM private key in it"),
                ("keyfile", "/nowhere", "No such file"),
                ("keyfile", other, "it is not that of certificate"),
                ("certfile", self.keyfile, "there is no PEM in it"),
                ("certfile", "/nowhere", "No such file"),
                ("ca_certs", self.keyfile, "there is no PEM certificate in it"),
                ("ciphers", "NONSENSE", "ciphers \"NONSENSE\"")):
            with self.subTest(field, wrong=wrong):
                for validate_only in (True, False):
                    message = self.refused("CERTIFICATE_INVALID", f"spec.tls.{field}", validate_only, tls={**good, field: wrong})
                    self.assertIn(says, message)
                    self.assertIn(wrong, message)
        message = self.refused("CERTIFICATE_INVALID", "spec.tls.certfile", tls={"certfile": self.certfile})
        self.assertIn("there is no PEM private key in it, only a certificate", message)

    def test_a_reload_that_fails_is_shown_until_one_does_not(self):
        for kind in ("threaded", "forking"):
            with self.subTest(kind):
                self.keyfile, self.certfile = self.authority.issue("server")
                server = self.start(kind=kind, tls={"keyfile": self.keyfile, "certfile": self.certfile})
                self.assertIsNone(self.last_error(server))
                kept = self.path("kept")
                shutil.copy(self.certfile, kept)
                with open(self.certfile, "w") as file:
                    file.write("nonsense\n")

                def connected():
                    with Peer(address_of(server)) as peer:
                        peer.ping()
                    return self.last_error(server)

                eventually("it is shown", connected)
                error = self.last_error(server)
                self.assertEqual(error["code"], CODES["INVALID_ARGUMENT"])
                self.assertIn("goes on with the old certificate: certificate " + self.certfile, error["message"])
                self.assertEqual(error["details"][0]["metadata"]["field"], "spec.tls.certfile")
                shutil.copy(kept, self.certfile)
                eventually("it is shown no more", lambda: not connected())

    def test_a_handshake_that_times_out_is_logged(self):
        server = self.start(tls={"keyfile": self.keyfile, "certfile": self.certfile}, limits={"handshake_timeout": "0.5s"})
        before = len(host.stderr)
        with dial(address_of(server)) as one, dial(address_of(server)) as two, dial(address_of(server)) as three:
            for each in (one, two, three):
                self.assertEqual(each.recv(1), b"")
        lines = lambda: [line for line in host.stderr[before:] if "handshake_timeout" in line]
        eventually("it is logged", lines)
        self.assertIn("[info]", lines()[0])
        self.assertIn("it did not authenticate within 500ms", lines()[0])


class UnixSockets(Case):
    def test_validate_only_finds_what_a_start_does(self):
        file = self.path("file")
        with open(file, "w"):
            pass
        taken = self.path("taken")
        theirs = self.path("theirs")
        self.start(hostname="", socket_path=taken)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(theirs)
            other.listen()
            for reason, path in (("ADDRESS_IN_USE", taken), ("ADDRESS_IN_USE", theirs), ("ADDRESS_IN_USE", file),
                                 ("INVALID_FIELD", self.path("no/such/folder")), ("INVALID_FIELD", self.path("x" * 108)),
                                 ("INVALID_FIELD", os.path.join(file, "below"))):
                with self.subTest(path):
                    messages = {self.refused(reason, "spec.socket_path", validate_only, socket_path=path)
                                for validate_only in (True, False)}
                    self.assertEqual(len(messages), 1, messages)
        # A socket at which no program listens is no obstacle: the start removes it.
        spec = {"kind": "threaded", "service": "CALCULATOR", "socket_path": theirs}
        before = sorted(os.listdir(self.folder))
        admin(host, "ServerService/StartServer", validate_only=True, spec=spec)
        self.assertEqual(sorted(os.listdir(self.folder)), before)
        self.start(hostname="", socket_path=theirs)

    def test_a_file_that_has_gone_is_noticed(self):
        away = self.path("away")
        for name, do in (("removed", os.unlink), ("moved", lambda path: os.rename(path, away))):
            with self.subTest(name):
                path = self.path(name)
                server = self.start(hostname="", socket_path=path)
                with Peer("unix:" + path) as peer:
                    do(path)
                    self.logged(f"unix:{path}: the socket's file has been removed or replaced")
                    error = self.last_error(server)
                    self.assertEqual(error["code"], CODES["NOT_FOUND"])
                    self.assertIn(path, error["message"])
                    peer.ping()  # a connected client stays connected
                if os.path.exists(away):
                    os.rename(away, path)
                    self.assertIsNone(self.last_error(server))
                    with Peer("unix:" + path) as peer:
                        peer.ping()


if __name__ == "__main__":
    unittest.main()
