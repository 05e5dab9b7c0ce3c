"""The C++ client against servers of every kind (cpp_client.cc)."""

import os

import harness
import suite

CLIENT = os.environ.get("CPP_CLIENT", "bazel-bin/tests/conformance/cpp_client")


class Case(suite.Case):

    def cpp(self, address, *flags):
        client = harness.Process([CLIENT, f"--address={address}", f"--ca_certs={suite.test_bed.authority.certfile}", *flags])
        self.addCleanup(client.kill)
        return client


class CppClient(Case):

    def checks(self, dialect):
        client = self.cpp(self.start_at(), f"--dialect={dialect}")
        self.assertEqual(client.wait(), 0, client.story() + self.host.story())
        done = client.lines
        self.assertGreater(len(done), 5)
        self.assertEqual([line for line in done if not line.startswith("ok ")], [])

    def test_dialect_found_out(self):
        self.checks(0)

    def test_dialect_5(self):
        self.checks(5)

    def test_dialect_6(self):
        self.checks(6)


class Certificates(Case):

    @staticmethod
    def applies_to(kind):
        return suite.TRANSPORT == "tls"

    def test_one_that_the_server_wants(self):
        bed = suite.test_bed
        spec = {"keyfile": bed.keyfile, "certfile": bed.certfile, "ca_certs": bed.authority.certfile}
        keyfile, certfile = bed.authority.issue("cpp")
        client = self.cpp(self.start_at(tls=spec), f"--keyfile={keyfile}", f"--certfile={certfile}")
        self.assertEqual(client.wait(), 0, client.story() + self.host.story())
        client = self.cpp(self.start_at(tls=spec))
        self.assertEqual(client.wait(), 1, client.story() + self.host.story())
        self.assertEqual([line for line in client.lines if line.startswith("ok ")], [])


load_tests = suite.for_each_kind(globals())
