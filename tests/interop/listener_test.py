"""A control loop of 100 ticks a second with real clients listening: one goes on, one is stopped, one is killed."""

import json
import signal
import subprocess
import unittest

import harness

CLIENT = "tests/interop/listening_client.py"
FEW = 10
MANY = 200  # ticks: more than may wait for a listener


class ListeningClient(harness.Process):

    def __init__(self, version, address, what):
        super().__init__([harness.venv_python(version), "-u", CLIENT, address, what], stdin=subprocess.PIPE)
        self.calls, self.told = 0, []
        self.address = None if what == "ask" else self.said()[0]

    def said(self):
        text = self.line()
        if text is None:
            raise AssertionError("the client has ended" + self.story())
        return json.loads(text)

    def hear(self, count):
        """Reads until `count` more calls have come."""
        until = self.calls + count
        while self.calls < until:
            self.calls, position = self.said()
            self.told.append(position)
        return self.told[-1]

    def ask(self, method):
        self.child.stdin.write(method + "\n")
        self.child.stdin.flush()
        return self.said()[0]


class ListenerTest(unittest.TestCase):

    def client(self, version, host, what, server="axis"):
        client = ListeningClient(version, host.servers[server], what)
        self.addCleanup(client.child.stdin.close)
        self.addCleanup(client.kill)
        return client

    def host(self, kind):
        host = harness.Host("--admin_address=", f"--server={kind}:AXIS@127.0.0.1:0", name="fixture_host")
        self.addCleanup(host.kill)
        return host

    def go_on(self, asker, ticks):
        until = asker.ask("ticks") + ticks
        harness.eventually("the loop goes on", lambda: asker.ask("ticks") >= until)

    def of(self, asker, client):
        """answered, failed, dropped, waiting."""
        return next(counts for address, *counts in asker.ask("counts") if address == client.address)

    def one_goes_on_one_is_stopped_one_is_killed(self, kind):
        host = self.host(kind)
        versions = (harness.client_versions() * 5)[:5]
        lives, stops, dies, watches, asker = [
            self.client(version, host, what)
            for version, what in zip(versions, ("listen", "listen", "listen", "watch", "ask"))
        ]
        for client in (lives, stops, dies):
            client.hear(FEW)
        watches.hear(4)

        stops.child.send_signal(signal.SIGSTOP)
        watches.child.send_signal(signal.SIGSTOP)  # whose socket fills up: each call sends it a mebibyte
        dies.kill()
        harness.eventually("it is gone from the list",
                           lambda: dies.address not in [address for address, *_ in asker.ask("counts")])
        self.go_on(asker, MANY)
        lives.hear(MANY)
        answered, _, dropped, waiting = self.of(asker, stops)
        self.assertGreater(dropped, 0)
        self.assertEqual(waiting, 64)
        self.assertEqual(self.of(asker, lives)[2], 0, "no listener loses calls for another's sake")
        self.go_on(asker, MANY)
        self.assertEqual(self.of(asker, stops)[0], answered, "it answers nothing")

        # A lock that another thread holds for a moment may delay one tick; a wait for a client would delay each.
        self.assertLessEqual(asker.ask("blocked"), asker.ask("ticks") // 50)

        stops.child.send_signal(signal.SIGCONT)
        watches.child.send_signal(signal.SIGCONT)
        before = stops.calls
        while stops.hear(1) < lives.told[-1]:
            pass
        self.assertLess(stops.calls - before, MANY, "what was dropped does not come")
        watches.hear(1)
        for client in (lives, stops):
            self.assertEqual(client.told, sorted(set(client.told)), "in order, each once")
        self.assertEqual(set(watches.told), {1 << 20})
        self.assertEqual([line for line in asker.ask("log") if line.startswith("gone")], [f"gone {dies.address}"])
        self.assertEqual([line for line in asker.ask("log") if line.startswith("raised")],
                         ["raised ValueError: the third"] * 4)
        for client in (lives, stops, watches, asker):
            client.kill()
        harness.ends_well(host)

    def test_threaded(self):
        self.one_goes_on_one_is_stopped_one_is_killed("threaded")

    def test_thread_pool(self):
        self.one_goes_on_one_is_stopped_one_is_killed("thread_pool")

    def test_gevent(self):
        self.one_goes_on_one_is_stopped_one_is_killed("gevent")

    def test_forking(self):
        """Each connection has a control loop of its own."""
        host = self.host("forking")
        for version in harness.client_versions():
            client = self.client(version, host, "listen")
            client.hear(FEW)
            self.assertEqual(client.told, sorted(set(client.told)))
            client.kill()
        harness.ends_well(host)
