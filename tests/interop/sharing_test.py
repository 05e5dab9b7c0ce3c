"""Peers that forge names of objects of another connection. What sharing is for is in sharing_scenarios.py (tests/conformance)."""

import unittest

import harness
import wire

host = None


def setUpModule():
    global host
    host = harness.start_host("--server=threaded:BANK@127.0.0.1:0")


def tearDownModule():
    harness.ends_well(host)


class Forged(unittest.TestCase):
    """A peer that knows everything about an account except its number cannot use it."""

    def setUp(self):
        self.a = self.enterContext(wire.Peer(host.servers["bank"]))
        self.b = self.enterContext(wire.Peer(host.servers["bank"]))
        a_root, self.b_root = self.a.root(), self.b.root()
        self.victim = self.opened(self.a, a_root, f"victim {self.id()}")
        self.thief = self.opened(self.b, self.b_root, f"thief {self.id()}")

    def opened(self, peer, root, name):
        opener = peer.getattr(root, "open_account")
        return peer.ask_reference(wire.CALL, wire.boxes(wire.yours(opener), wire.value((name, 100)), wire.value(())))

    def transfer(self, source):
        transfer = self.b.getattr(self.b_root, "transfer")
        arguments = wire.boxes(source, wire.yours(self.thief), wire.value(1))
        return self.b.ask_value(wire.CALL, wire.boxes(wire.yours(transfer), arguments, wire.value(())))

    def test_the_number_is_what_counts(self):
        name, class_id, number = self.victim
        self.assertGreater(number, 2**64)
        self.assertIsNone(self.transfer(wire.mine(self.victim)))
        self.assertIsNone(self.transfer(wire.mine((name, 12345, number))))  # the class id does not matter
        guesses = [(name, class_id, n) for n in (number + 1, number - 1, number ^ 2**127, number % 2**64, number >> 64, number + 2**128,
                                                 -number, 0, 1, class_id, self.thief[2] + 2)]
        for guess in guesses + [("cpp.BANK", class_id, number), ("", class_id, number)]:
            with self.assertRaises(wire.RemoteError) as caught:
                self.transfer(wire.mine(guess))
            self.assertEqual(("builtins", "TypeError"), (caught.exception.module, caught.exception.cls), guess)

    def test_nor_by_the_table_of_its_own_connection(self):
        with self.assertRaises(wire.RemoteError) as caught:
            self.transfer(wire.yours(self.victim))
        self.assertEqual("KeyError", caught.exception.cls)

