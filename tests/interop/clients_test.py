"""Clients of every real rpyc version at one host, at the same time. What each can do is in tests/conformance."""

import unittest

import harness

host = clients = None


def setUpModule():
    global host, clients
    host = harness.start_host()
    clients = harness.Clients(host.servers)


def tearDownModule():
    clients.kill()
    harness.ends_well(host)


class Together(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        for version in harness.VERSIONS:
            harness.venv_python(version)
            clients[version].run("hold", service="calculator")

    def test_interleaved_call_by_call(self):
        for i in range(30):
            for version in harness.VERSIONS:
                clients[version].run("use_held", first=i, count=1)

    def test_at_the_same_time(self):
        for version in harness.VERSIONS:
            clients[version].begin("use_held", first=0, count=200)
        for version in harness.VERSIONS:
            with self.subTest(version):  # every answer is read, even if another one was wrong
                clients[version].finish()

    def test_every_held_connection_is_counted(self):
        harness.eventually("one connection of each version",
                           lambda: harness.connections_open(host, "calculator") == len(harness.VERSIONS))
