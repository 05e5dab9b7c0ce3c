"""The example of a server that calls many clients: its Python clients, of every real rpyc version at once."""

import re
import signal
import subprocess
import unittest

import harness

CLIENT = "examples/chat_client.py"

host = None


def setUpModule():
    global host
    if not harness.client_versions():
        raise unittest.SkipTest("no environment with rpyc")
    host = harness.Host("--admin_address=", "--server=threaded:CHAT@127.0.0.1:0")


def tearDownModule():
    harness.ends_well(host)


class Chatter(harness.Process):
    """A client's process, which says the lines of its stdin."""

    def __init__(self, version, name):
        super().__init__([harness.venv_python(version), "-u", CLIENT, host.servers["chat"], name], stdin=subprocess.PIPE)
        self.name = name

    def say(self, *texts):
        self.child.stdin.write("".join(text + "\n" for text in texts))
        self.child.stdin.flush()

    def end(self):
        """Ends the client; returns its exit code."""
        self.child.stdin.close()
        return self.wait()


class ChatTest(unittest.TestCase):

    def join(self, version, name):
        chatter = Chatter(version, name)
        self.addCleanup(chatter.kill)
        self.addCleanup(chatter.child.stdin.close)
        here = chatter.line()
        self.assertIsNotNone(here, chatter.story() + host.story())
        return chatter, here

    def everybody(self):
        """Six clients, of each version in turn; their names are in alphabetical order."""
        versions = (harness.client_versions() * 6)[:6]
        return [self.join(version, f"{chr(97 + n)}-{version}")[0] for n, version in enumerate(versions)]

    def hears(self, chatter, line):
        self.assertEqual(line, chatter.line(), chatter.story() + host.story())

    def leaves(self, *chatters):
        for chatter in chatters:
            self.assertEqual(0, chatter.end(), chatter.story() + host.story())

    def test_one_after_the_other(self):
        everybody = self.everybody()
        for speaker in everybody:
            others = [other for other in everybody if other is not speaker]
            speaker.say("hello")
            for other in others:
                self.hears(other, f"{speaker.name}: hello")
            # Each has called the server from within its callback. The speaker does not count as a reader of its own message.
            self.hears(speaker, " ".join(["read by:"] + [other.name for other in others]))
        self.leaves(*everybody)
        last, here = self.join(harness.client_versions()[0], "last")
        self.assertEqual("here: last", here)
        self.leaves(last)

    def test_all_at_once(self):
        everybody = self.everybody()
        said = [f"message {i}" for i in range(20)]
        for speaker in everybody:
            speaker.say(*said)
        for listener in everybody:
            others = [other.name for other in everybody if other is not listener]
            heard = {name: [] for name in others}
            readers = []
            for _ in range(len(said) * len(everybody)):
                line = listener.line()
                self.assertIsNotNone(line, listener.story() + host.story())
                sender, _, text = line.partition(": ")
                if sender == "read by":
                    readers.append(set(text.split()) - {listener.name})
                else:
                    heard[sender].append(text)
            self.assertEqual({name: said for name in others}, heard, host.story())
            self.assertEqual([set(others)] * len(said), readers)
        self.leaves(*everybody)

    def test_a_client_that_vanishes_or_hangs_stops_no_other(self):
        everybody = self.everybody()
        speaker, hangs, vanishes, *rest = everybody
        hangs.child.send_signal(signal.SIGSTOP)
        vanishes.kill()
        speaker.say("hello", "again")
        for other in rest:
            self.hears(other, f"{speaker.name}: hello")
        for text in ("hello", "again"):
            self.hears(speaker, " ".join(["read by:"] + [other.name for other in rest]))
        for other in rest:
            self.hears(other, f"{speaker.name}: again")
        # It learns this when it speaks, and may have heard messages late.
        hangs.child.send_signal(signal.SIGCONT)
        hangs.say("where was I?")
        self.assertNotEqual(0, hangs.wait())
        self.assertRegex("\n".join(hangs.stderr), "ValueError: you have not joined, or were dropped")
        self.leaves(speaker, *rest)

    def test_disconnecting_is_leaving(self):
        for version in harness.client_versions():
            with self.subTest(version):
                stays, _ = self.join(version, "stays")
                goes, here = self.join(version, "goes")
                self.assertEqual("here: goes stays", here)
                goes.kill()

                def gone():
                    visitor, here = self.join(version, "visitor")
                    self.leaves(visitor)
                    return not re.search(r"\bgoes\b", here)

                harness.eventually("its name is free", gone)
                again, here = self.join(version, "goes")
                self.assertEqual("here: goes stays", here)
                self.leaves(again, stays)

    def test_a_name_is_taken_once(self):
        version = harness.client_versions()[0]
        first, _ = self.join(version, "one")
        second = Chatter(version, "one")
        self.addCleanup(second.kill)
        self.assertNotEqual(0, second.end())
        self.assertRegex("\n".join(second.stderr), "ValueError: one is here already")
        self.leaves(first)
