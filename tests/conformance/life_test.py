"""How a server of any kind starts and how it ends, while real clients use it."""

import os
import pwd
import socket
import stat

import harness
import suite
from harness import CODES, address_of

# The fields of a ServerSpec that not every kind has: a valid value, an invalid one, and whether the host fills in a default.
OPTION_FIELDS = {
    "nbthreads": (3, -1, True),
    "request_batch_size": (3, -1, True),
    "loops": (3, -1, True),
    "fiber_stack_kib": (200, -1, True),
    "max_fibers": (3, -1, True),
    "max_memory_bytes": (64 << 20, 1, False),
    "max_cpu_time": ("60s", "-1s", False),
    "niceness": (3, 20, False),
    "user": (pwd.getpwuid(os.geteuid()).pw_name, "no-such-user", False),
}


def place_of(server):
    """The fields of a ServerSpec that give another server the same address."""
    return {key: server[key] for key in ("hostname", "port", "socket_path") if key in server}


# The field that a refusal names if the address is taken.
TAKEN = "spec.socket_path" if suite.TRANSPORT == "unix" else "spec.port"


class Case(suite.Case):

    def refused(self, code, reason, field=None, **spec):
        with self.assertRaises(harness.GrpcError) as caught:
            self.start(**spec)
        error = caught.exception
        self.assertEqual((error.code, error.reason), (CODES[code], reason), error)
        self.assertEqual(error.metadata.get("field"), field)

    def each(self, *service, **spec):
        """Each client, and a server for it alone."""
        return ((client, self.start(*service, **spec)) for client in self.each_client())

    def eventually_in(self, state, server):
        harness.eventually(f"{server['name']} is {state}", lambda: self.get(server)["state"] == state)

    def uses(self, server):
        for client in (self.client(version) for version in suite.versions()[:1 if self.kind.one_at_a_time else None]):
            self.run_in(client, "connects", address=address_of(server))
            self.run_in(client, "leaves")


class Starting(Case):

    def test_it_says_where_it_listens(self):
        one, other = self.start(), self.start()
        self.assertNotEqual(address_of(one), address_of(other))
        for server in (one, other):
            self.assertEqual(server["state"], "LISTENING")
            self.assertEqual(server["spec"]["kind"], self.kind.name)
            if suite.TRANSPORT == "unix":
                self.assertTrue(stat.S_ISSOCK(os.stat(server["socket_path"]).st_mode))
            else:
                self.assertEqual(server["hostname"], "127.0.0.1")
                self.assertGreater(server["port"], 0)
            self.uses(server)

    def test_an_address_that_another_server_has(self):
        server = self.start()
        self.refused("FAILED_PRECONDITION", "ADDRESS_IN_USE", TAKEN, **place_of(server))
        self.uses(server)

    def test_an_address_that_another_program_has(self):
        place = suite.test_bed.where_to_listen()
        if "socket_path" in place:
            taken = socket.socket(socket.AF_UNIX)
            taken.bind(place["socket_path"])
            taken.listen()
        else:
            taken = socket.create_server(("127.0.0.1", 0))
            place["port"] = taken.getsockname()[1]
        with taken:
            self.refused("FAILED_PRECONDITION", "ADDRESS_IN_USE", TAKEN, **place)
            self.assertTrue("socket_path" not in place or os.path.exists(place["socket_path"]), "it is not ours to remove")

    def test_the_address_of_a_closed_server_is_free(self):
        server = self.start()
        place = place_of(server)
        for _ in range(4):
            self.uses(server)
            if self.kind.one_connection:
                self.eventually_in("CLOSED", server)
            else:
                self.close(server)
            server = self.start(**place)
            self.assertEqual(place_of(server), place)

    def test_validation_starts_nothing(self):
        spec = {"kind": self.kind.name, "service": "ECHO", **suite.test_bed.where_to_listen()}
        server = harness.admin(self.host, "ServerService/StartServer", spec=spec, validate_only=True)
        self.assertNotIn("state", server)
        with self.assertRaises(harness.GrpcError):
            self.get(server)
        self.assertFalse("socket_path" in spec and os.path.exists(spec["socket_path"]))

    def test_options_are_those_of_its_traits(self):
        self.assertLessEqual(set(self.kind.option_fields), set(OPTION_FIELDS))
        for field, (good, bad, has_default) in OPTION_FIELDS.items():
            with self.subTest(field):
                if field in self.kind.option_fields:
                    server = self.start(**{field: good})
                    self.assertEqual(str(server["spec"].get(field)), str(good))
                    self.uses(server)
                    self.assertEqual(field in self.start()["spec"], has_default, "the default is filled in")
                    self.refused("INVALID_ARGUMENT", "INVALID_FIELD", f"spec.{field}", **{field: bad})
                else:
                    self.refused("INVALID_ARGUMENT", "INVALID_FIELD", f"spec.{field}", **{field: good})


class Closing(Case):

    def test_idle_connections_end_at_once(self):
        for drain_timeout in ("0s", "1h"):
            for client, server in self.each():
                self.run_in(client, "connects", address=address_of(server))
                final = self.close(server, drain_timeout)
                self.assertEqual((final["state"], final.get("abandoned_calls")), ("CLOSED", None))
                self.run_in(client, "hears_the_end")
                self.run_in(client, "cannot_connect", address=address_of(server))

    def test_a_drain_waits_for_the_call_that_runs(self):
        for client, server in self.each():
            address = address_of(server)
            if not self.kind.one_at_a_time:
                self.run_in(client, "connects", address=address, key="idle")
            self.run_in(client, "begins_a_call", address=address)
            closing = self.close_in_background(server, "1h")
            if not self.kind.one_at_a_time:
                self.run_in(client, "hears_the_end", key="idle")
            self.eventually_in("DRAINING", server)
            self.run_in(client, "cannot_connect", address=address)
            self.assertIsNone(closing.child.poll())
            self.run_in(client, "its_call_is_answered_and_then_the_end_comes")
            final = self.answer_of(closing)
            self.assertEqual((final["state"], final.get("abandoned_calls")), ("CLOSED", None))

    def test_at_the_end_of_the_drain_calls_are_cut_off(self):
        for client, server in self.each():
            self.run_in(client, "begins_a_call", address=address_of(server))
            self.assertEqual(self.close(server, "0.3s")["state"], "CLOSED")
            self.run_in(client, "its_call_is_cut_off")

    def test_a_close_in_the_middle_of_a_call(self):
        for client, server in self.each():
            self.run_in(client, "begins_a_call", address=address_of(server))
            self.assertEqual(self.close(server)["state"], "CLOSED")
            self.run_in(client, "its_call_is_cut_off")

    def waiting(self, client):
        return self.run_in(client, "waits_at", address=self.address("patient"))

    def calls_patient(self, client, server, method):
        """Returns when the method runs. Another server counts those that run: the only thread of this one may be busy."""
        before = self.waiting(client)
        self.run_in(client, "calls_patient", address=address_of(server), method=method)
        harness.eventually("the method runs", lambda: self.waiting(client) == before + 1)

    def test_a_method_sees_that_its_server_closes(self):
        for client, server in self.each("PATIENT"):
            self.calls_patient(client, server, "wait")
            self.assertEqual(self.close(server, "0.1s")["state"], "CLOSED")
            harness.eventually("the method returns", lambda: self.waiting(client) == 0)
            self.run_in(client, "its_wait_is_cut_off")

    def test_a_method_that_does_not_return(self):
        for client, server in self.each("PATIENT"):
            self.calls_patient(client, server, "insist")
            final = self.close(server, "0.1s")
            # A thread goes on and keeps what it uses; a process is killed.
            self.assertEqual((final["state"], final.get("abandoned_calls")),
                             ("CLOSED", None if self.kind.separate_process else "1"))
            self.run_in(client, "its_wait_is_cut_off")
            self.assertEqual(self.waiting(client), 1)
            self.uses(self.start())
            if self.kind.separate_process:
                self.run_in(client, "forgets_them", address=self.address("patient"))
                continue
            self.run_in(client, "lets_them_go", address=self.address("patient"))
            harness.eventually("the method returns", lambda: self.waiting(client) == 0)

    def test_twice(self):
        server = self.start()
        self.close(server)
        with self.assertRaises(harness.GrpcError) as caught:
            self.close(server)
        self.assertEqual(caught.exception.reason, "INVALID_SERVER_STATE")


class WhatStays(Case):
    """This test is alone in its class, so that no other test runs in the host at the same time."""

    def lives_and_dies(self):
        server = self.start()
        count = 1 if self.kind.one_at_a_time else 10
        for client in (self.client(version) for version in suite.versions()[:1 if self.kind.one_at_a_time else None]):
            self.run_in(client, "connects_often", address=address_of(server), count=count, calls=2)
        self.close(server)
        for client in self.clients.values():
            self.run_in(client, "all_hear_the_end")
        if suite.TRANSPORT == "unix":
            self.assertFalse(os.path.exists(server["socket_path"]))

    def test_nothing(self):
        self.lives_and_dies()  # makes what a host makes only once
        threads, descriptors = self.host.status("Threads"), self.host.descriptors()
        rounds = 8
        for _ in range(rounds):
            self.lives_and_dies()
        # The number of gRPC's threads varies by one or two; a leak would leave at least one in each round.
        harness.eventually("its threads end", lambda: self.host.status("Threads") <= threads + rounds // 2)
        harness.eventually("its descriptors are closed", lambda: self.host.descriptors() <= descriptors + rounds // 2)


class OneConnection(Case):
    """Kinds that serve one connection."""

    @staticmethod
    def applies_to(kind):
        return kind.one_connection

    def test_it_closes_by_itself(self):
        for client, server in self.each():
            self.run_in(client, "connects", address=address_of(server))
            self.eventually_in("DRAINING", server)
            self.run_in(client, "cannot_connect", address=address_of(server))
            self.run_in(client, "still_works")
            self.run_in(client, "leaves")
            self.eventually_in("CLOSED", server)
            self.assertFalse("socket_path" in server and os.path.exists(server["socket_path"]))

    def test_also_if_its_client_never_says_a_word(self):
        server = self.start()
        harness.dial(address_of(server)).close()
        self.eventually_in("CLOSED", server)


load_tests = suite.for_each_kind(globals())
