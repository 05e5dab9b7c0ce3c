"""SIGTERM while real clients work: what each of them sees, and what remains afterwards."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness
from harness import Host, Process
from wire import Peer

CLIENT = "tests/process/drain_client.py"


class Drain(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rpychost-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, drain_timeout):
        """A host with servers of each transport."""
        host = Host("--admin_address=127.0.0.1:0", f"--drain_timeout={drain_timeout}", "--server=threaded:CALLBACK@127.0.0.1:0",
                    f"--server=threaded:CALLBACK@unix:{self.folder}/callback.sock", "--server=threaded:ECHO@127.0.0.1:0",
                    f"--server=threaded:ECHO@unix:{self.folder}/echo.sock", "--server=one_shot:ECHO@127.0.0.1:0")
        self.addCleanup(host.kill)
        return host

    def client(self, version, address, what, says):
        client = Process([harness.venv_python(version), "-u", CLIENT, address, what], stdin=subprocess.PIPE)
        self.addCleanup(client.child.stdin.close)
        self.addCleanup(client.kill)
        self.says(client, says)
        return client

    def says(self, client, text):
        self.assertEqual(client.line(), text, client.story())

    def goes_on(self, client, text=""):
        client.child.stdin.write(text + "\n")
        client.child.stdin.flush()

    def crowd(self, host, version):
        """Clients in a call, and idle ones, of each transport."""
        busy = [self.client(version, host.servers[name], "call", "entered") for name in ("callback", "callback-2")]
        idle = [self.client(version, host.servers[name], "idle", "idle")
                for name in ("callback", "callback-2", "echo", "echo-2", "echo-3")]
        return busy, idle

    def nothing_listens(self, host):
        self.assertEqual(os.listdir(self.folder), [])
        for name, address in host.servers.items():
            with self.subTest(name), self.assertRaises((ConnectionRefusedError, FileNotFoundError)):
                Peer(address)

    def each_version(self, check):
        for version in harness.VERSIONS:
            with self.subTest(version):
                check(version)

    def test_a_running_call_is_answered_and_idle_clients_go_at_once(self):
        def check(version):
            host = self.start("1h")
            busy, idle = self.crowd(host, version)
            host.child.send_signal(signal.SIGTERM)
            for client in idle:
                self.says(client, "ended")
            # The calls still run, and no new client gets in.
            harness.eventually("the socket files have gone", lambda: os.listdir(self.folder) == [])
            self.nothing_listens(host)
            self.assertIsNone(host.child.poll())
            for client in busy:
                self.goes_on(client, "all's well")
                self.says(client, "answered: all's well")
                self.says(client, "ended")
            self.assertEqual(host.wait(), 0, host.story())
            self.nothing_listens(host)

        self.each_version(check)

    def test_a_call_that_is_too_long_is_cut_off(self):
        def check(version):
            host = self.start("0s")
            busy, idle = self.crowd(host, version)
            self.assertEqual(host.stop(), 0, host.story())
            self.nothing_listens(host)
            for client in idle:
                self.says(client, "ended")
            for client in busy:
                self.goes_on(client)  # its function returns, and then it reads
                self.says(client, "ended")

        self.each_version(check)

    def test_a_second_signal_ends_it_at_once(self):
        def check(version):
            host = self.start("1h")
            busy, idle = self.crowd(host, version)
            host.child.send_signal(signal.SIGTERM)
            for client in idle:
                self.says(client, "ended")
            harness.eventually("the socket files have gone", lambda: os.listdir(self.folder) == [])
            self.assertEqual(host.stop(signal.SIGINT), 128 + signal.SIGINT, host.story())
            self.nothing_listens(host)
            for client in busy:
                self.goes_on(client)
                self.says(client, "ended")

        self.each_version(check)
