"""TLS of servers of any kind: which real clients are let in; what a broken handshake costs; certificates that change."""

import os
import shutil
import signal
import socket
import ssl

import certificates
import harness
import suite
from harness import CODES, address_of, dial
from wire import trusting

# See peers_test.py.
HALF_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


def setUpModule():
    global stranger, ca, right, unknown, expired
    ca = suite.test_bed.authority
    stranger = certificates.Authority(suite.test_bed.directory, "stranger")
    right = shown(*ca.issue("client"))
    unknown = shown(*stranger.issue("client"))
    expired = shown(*ca.issue("late", days=-1))


def shown(keyfile, certfile):
    """The arguments of ssl_connect for a client with that certificate."""
    return {"ca_certs": suite.test_bed.authority.certfile, "keyfile": keyfile, "certfile": certfile}


class Case(suite.Case):

    def tls(self, **more):
        return {"keyfile": suite.test_bed.keyfile, "certfile": suite.test_bed.certfile, **more}

    def let_in(self, client, tls, spec, wanted):
        """Checks whether a new server lets in a client that shows `tls`."""
        server = self.start(tls=spec)
        if wanted:
            self.run_in(client, "connects", address=address_of(server), tls=tls)
            self.run_in(client, "leaves")
        else:
            self.run_in(client, "cannot_connect", address=address_of(server), tls=tls)
            self.outlives(client, server, tls=right)

    def ended(self, server):
        if self.kind.one_connection:
            harness.eventually("it closes", lambda: self.get(server)["state"] == "CLOSED")
        else:
            harness.eventually("it is counted off", lambda: self.count(server, "connections_open") == 0)

    def outlives(self, client, server, tls=None):
        """The server still serves, unless it serves only one connection and has had it."""
        self.ended(server)
        if not self.kind.one_connection:
            self.run_in(client, "connects", address=address_of(server), tls=tls)
            self.run_in(client, "leaves")


class LetIn(Case):

    def each_case(self, spec, cases):
        for name, tls, wanted in cases:
            with self.subTest(name):
                self.let_in(self.one_client(), tls, spec, wanted)

    def test_nobody_is_asked_without_authorities(self):
        self.each_case(self.tls(), (("no certificate", {}, True), ("a verified server", {"ca_certs": ca.certfile}, True),
                                    ("a certificate nobody asked for", unknown, True)))

    def test_a_client_that_does_not_know_the_server(self):
        for client in self.each_client():
            server = self.start()
            self.run_in(client, "cannot_connect", address=address_of(server), tls={"ca_certs": stranger.certfile})
            self.outlives(client, server)

    def test_authorities_make_a_certificate_required(self):
        for spec in (self.tls(ca_certs=ca.certfile), self.tls(ca_certs=ca.certfile, cert_reqs="REQUIRED")):
            self.each_case(spec, (("right", right, True), ("unknown authority", unknown, False), ("none", {}, False),
                                  ("expired", expired, False)))

    def test_optional(self):
        self.each_case(self.tls(ca_certs=ca.certfile, cert_reqs="OPTIONAL"),
                       (("right", right, True), ("none", {}, True), ("unknown authority", unknown, False)))

    def test_not_asked_for(self):
        self.each_case(self.tls(ca_certs=ca.certfile, cert_reqs="NONE"),
                       (("none", {}, True), ("unknown authority", unknown, True)))

    def test_methods_see_the_certificate(self):
        spec = self.tls(ca_certs=ca.certfile, cert_reqs="OPTIONAL")
        for client in self.each_client():
            for tls, expected in ((right, ssl._ssl._test_decode_cert(right["certfile"])), ({}, None)):
                server = self.start(tls=spec)
                self.run_in(client, "has_credentials", address=address_of(server), tls=tls, expected=expected)

    def test_old_clients_are_told_which_tls(self):
        """rpyc.ssl_connect asks for TLS 1.0 before RPyC 5.2, unless it is told otherwise."""
        versions = [v for v in harness.client_versions() if tuple(map(int, v.split(".")[:2])) < (5, 2)]
        if not versions:
            self.skipTest("no such client")
        for version in versions:
            with self.subTest(version):
                client = self.client(version)
                told = {"ca_certs": ca.certfile, "ssl_version": ssl.PROTOCOL_TLS}
                for tls, spec, wanted in ((told, self.tls(), True), ({"ca_certs": ca.certfile}, self.tls(), False),
                                          ({**right, **told}, self.tls(ca_certs=ca.certfile), True)):
                    server = self.start(tls=spec)
                    self.run_in(client, "ssl_connect_as_told", address=address_of(server), tls=tls, wanted=wanted)
                    self.ended(server)

    def test_versions_of_tls(self):
        for version, wanted in ((ssl.TLSVersion.TLSv1_3, True), (ssl.TLSVersion.TLSv1_2, True),
                                (ssl.TLSVersion.TLSv1_1, False)):
            with self.subTest(version.name):
                server = self.start()
                context = trusting()
                context.set_ciphers("ALL:@SECLEVEL=0")  # this OpenSSL does not speak 1.1 by default
                context.minimum_version = context.maximum_version = version
                sock = dial(address_of(server))
                self.addCleanup(sock.close)
                try:
                    self.assertEqual(context.wrap_socket(sock).version(), version.name.replace("_", "."))
                    self.assertTrue(wanted, "it must not be spoken")
                except OSError:
                    self.assertFalse(wanted)


class Mistakes(Case):

    def test_a_plain_client(self):
        for client in self.each_client():
            server = self.start()
            self.run_in(client, "cannot_connect", address=address_of(server).removeprefix("tls:"))
            self.outlives(client, server)

    def test_a_tls_client_at_a_plain_server(self):
        for client in self.each_client():
            server = self.start(tls=None)
            self.run_in(client, "cannot_connect", address=f"tls:{address_of(server)}")
            self.outlives(client, server)

    def test_a_handshake_takes_no_longer_than_it_may(self):
        for said in (b"", HALF_HELLO):
            server = self.start(limits={"handshake_timeout": "0.3s"})
            with dial(address_of(server)) as sock:
                sock.sendall(said)
                try:
                    self.assertEqual(sock.recv(1), b"")
                except ConnectionError:
                    pass
            self.ended(server)  # no real client here: its own handshake may take longer than that

    def test_files_that_are_no_good(self):
        nonsense = os.path.join(suite.test_bed.directory, "nonsense")
        with open(nonsense, "w") as file:
            file.write("nonsense\n")
        other_key = ca.issue("other")[0]
        for name, tls in (("no certificate", self.tls(certfile="/nonexistent")), ("no key", self.tls(keyfile="/nonexistent")),
                          ("a key of another", self.tls(keyfile=other_key)), ("nonsense", self.tls(certfile=nonsense)),
                          ("no authorities", self.tls(ca_certs="/nonexistent")),
                          ("authorities of nonsense", self.tls(ca_certs=nonsense))):
            for validate_only in (True, False):
                with self.subTest(name, validate_only=validate_only), self.assertRaises(harness.GrpcError) as caught:
                    harness.admin(self.host, "ServerService/StartServer", validate_only=validate_only,
                                  spec={"kind": self.kind.name, "service": "FIXTURE", **suite.test_bed.where_to_listen(), "tls": tls})
                error = caught.exception
                self.assertEqual((error.code, error.reason), (CODES["INVALID_ARGUMENT"], "CERTIFICATE_INVALID"), error)

    def test_the_answer_names_files_and_carries_none(self):
        given = self.tls(ca_certs=ca.certfile, cert_reqs="OPTIONAL")
        shown_tls = self.start(tls=given)["spec"]["tls"]
        self.assertEqual({key: shown_tls[key] for key in given}, given)
        self.assertNotIn("BEGIN", str(shown_tls))


class Swap(Case):
    """Files of a running server are replaced."""

    @staticmethod
    def applies_to(kind):
        return not kind.one_at_a_time

    @staticmethod
    def runs_with_each_kind(name):
        return name != "test_by_itself"  # TlsContext watches the files, whatever the kind

    def setUp(self):
        self.pairs = [ca.issue(f"swapped{n}") for n in range(3)]
        self.keyfile, self.certfile = (os.path.join(suite.test_bed.directory, f"swapped.{kind}") for kind in ("key", "crt"))
        self.put(self.pairs[0])
        self.server = self.start(tls={"keyfile": self.keyfile, "certfile": self.certfile})

    def put(self, pair):
        """Replaces one file after the other, as renewal tools do: for a moment the two do not match."""
        for source, target in zip(reversed(pair), (self.certfile, self.keyfile)):
            shutil.copy(source, target + ".new")
            os.replace(target + ".new", target)

    def shows(self, pair):
        """Whether the server shows that certificate to a new connection."""
        with socket.create_connection(("127.0.0.1", self.server["port"]), harness.DEADLINE_S) as sock:
            with trusting().wrap_socket(sock) as secure, open(pair[1]) as file:
                return secure.getpeercert(binary_form=True) == ssl.PEM_cert_to_DER_cert(file.read())

    def swapped_under_load(self, after_each):
        address = address_of(self.server)
        clients = [self.client(version) for version in suite.versions()]
        for client in clients:
            self.run_in(client, "connects", address=address)
            self.run_in(client, "begins_to_come_and_go", address=address)
        self.assertTrue(self.shows(self.pairs[0]))
        for pair in self.pairs[1:]:
            for client in clients:
                self.run_in(client, "goes_on_coming_and_going")
            self.put(pair)
            after_each()
            harness.eventually("it shows the new one", lambda: self.shows(pair))
        for client in clients:
            self.run_in(client, "goes_on_coming_and_going")
            self.assertGreater(self.run_in(client, "has_come_and_gone"), 0)
            self.run_in(client, "still_works")
            self.run_in(client, "leaves")

    def test_by_itself(self):
        self.swapped_under_load(lambda: None)

    def test_told_to(self):
        self.swapped_under_load(lambda: self.host.child.send_signal(signal.SIGHUP))

    def test_a_pair_that_does_not_match_changes_nothing(self):
        shutil.copy(self.pairs[1][0], self.keyfile)
        self.host.child.send_signal(signal.SIGHUP)
        for client in self.each_client():
            self.run_in(client, "connects", address=address_of(self.server))
            self.run_in(client, "leaves")
        self.assertTrue(self.shows(self.pairs[0]))


load_tests = suite.for_each_kind(globals())
