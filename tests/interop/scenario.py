"""The base of scenarios, and the process that runs them: the python of one rpyc environment runs this file.

harness.Client is the other end: it writes {"scenario": name, "arguments": {...}} lines and reads one line for each.
"""

import faulthandler
import gc
import importlib
import inspect
import json
import os
import ssl
import sys
import time
import traceback
import types
import unittest

try:
    import rpyc
except ImportError:  # the runner imports scenarios with the plain python3, only for their names
    rpyc = None

MODULES = ("scenarios", "access_scenarios", "arguments_scenarios", "async_scenarios", "axis_scenarios", "binding_scenarios",
           "call_scenarios", "callback_scenarios", "chain_scenarios", "container_scenarios", "error_scenarios", "matrix_scenarios",
           "life_scenarios", "middle_scenarios", "object_scenarios", "patient_scenarios", "proxy_scenarios", "serving_scenarios",
           "sharing_scenarios")  # in which scenarios are looked up by name

# Scenarios that see by one connection what another has done. Kinds whose connections share no memory cannot run them.
SHARE_MEMORY = frozenset("""
    a_connection_for_each_thread a_root_for_each_connection an_async_result an_async_result_expires asynchronous_calls asynchronous_calls_expire bank
    bank_accounts_are_arguments_too before_closed buffered_iteration_of_objects callbacks_of_an_async_result
    callbacks_while_the_client_waits_in_a_call calls_wait_together containers_keep_their_objects generators_of_objects
    late_answers_are_released methods_keep_their_objects objects_die_with_their_connection
    objects_die_with_their_last_proxy objects_of_one_connection_do_not_die_with_another of_a_client_that_does_not_serve
    of_a_client_that_is_gone of_another_connection the_other_connection_gives_it_back synchronous_calls_time_out ten_thousand_objects_come_and_go
    the_host_is_called_back the_host_waits_no_longer timed timed_calls_end
""".split())

DEADLINE_S = 20
HANG_S = 50
MAJOR = int(rpyc.version.version[0]) if rpyc else 0


class NotApplicable(unittest.SkipTest):
    """The scenario has nothing to show with this client or this kind of server. No test is missing."""


class Scenario(unittest.TestCase):
    """Assertions, and connections that are closed when the scenario ends."""

    servers, baseline = {}, False
    tls = {}  # arguments of rpyc.ssl_connect
    traits = {}  # of the kind of server, by the names of ServerKindTraits

    def open(self, service, **config):
        """A connection to the server of that id, which the caller closes; `config` is the client's protocol configuration."""
        if service not in self.servers:
            self.skipTest(f"nothing started the server {service}")
        address = self.servers[service] or ask({"server": service})
        if address.startswith("unix:"):
            from rpyc.utils.factory import unix_connect
            return unix_connect(address[len("unix:"):], config=config)
        secure = address.startswith("tls:")
        host, _, port = address[len("tls:") if secure else 0:].rpartition(":")
        where = {"host": host.strip("[]"), "port": int(port), "config": config, "ipv6": "[" in host}
        if not secure:
            return rpyc.connect(**where)
        older = {}
        if tuple(map(int, rpyc.version.version[:2])) < (5, 2):
            if not hasattr(ssl, "wrap_socket"):
                self.skipTest("this rpyc has no TLS with this Python")
            older = {"ssl_version": ssl.PROTOCOL_TLS}  # else it asks for TLS 1.0, which OpenSSL does not speak any more
        return rpyc.ssl_connect(**where, **older, **self.tls)

    def connect(self, service, **config):
        """Opens a connection, which is closed when the scenario ends."""
        conn = self.open(service, **config)
        self.addCleanup(conn.close)
        return conn

    def calc(self):
        return self.connect("calculator").root

    def echo(self):
        return self.connect("echo").root

    def root(self, server="fixture", **config):
        return self.connect(server, **config).root

    def since_4_1_3(self, why):
        """For scenarios whose rest no older RPyC can do, not even with its own server."""
        if tuple(map(int, rpyc.version.version[:3])) < (4, 1, 3):
            raise NotApplicable(why)

    def unique(self, name):
        """A key for what a host remembers, which no other scenario and no other process uses."""
        self.shares_memory()
        return f"{name} {os.getpid()} {os.urandom(4).hex()}"

    def shares_memory(self):
        """For scenarios that see by one connection what another has done."""
        self.assertFalse(self.traits.get("separate_process"), "is to be named in SHARE_MEMORY")

    def passes_proxies(self):
        """For scenarios that pass one connection's proxy by another. RPyC 4.1.0 asks its owner for `__class__` first, in vain."""
        from rpyc.lib import get_id_pack
        if "____id_pack__" not in get_id_pack.__code__.co_consts:
            raise NotApplicable("this RPyC passes a proxy to no server but its owner")

    def gate(self):
        """The name of a gate: the method `wait` holds until some other connection opens it."""
        return self.unique("gate")

    def settle(self, conn):
        """Waits until the host has dropped what this client has dropped: the host answers one request after the other."""
        gc.collect()
        conn.ping()

    def same(self, sent, got):
        """Asserts that both are equal and of the same types: True is not 1, -0.0 is not 0.0, nan is nan."""
        self.assertIs(type(got), type(sent), f"{got!r:.200}")
        if isinstance(sent, tuple):
            self.assertEqual(len(got), len(sent))
            for one, other in zip(sent, got):
                self.same(one, other)
        elif isinstance(sent, slice):
            self.same((sent.start, sent.stop, sent.step), (got.start, got.stop, got.step))
        elif isinstance(sent, float):
            self.assertEqual(got.hex(), sent.hex())
        elif isinstance(sent, complex):
            self.same((sent.real, sent.imag), (got.real, got.imag))
        elif not isinstance(sent, frozenset) and sent in (None, True, False, Ellipsis, NotImplemented):
            self.assertTrue(got is sent or got == sent, f"{got!r}")
        elif got != sent:  # assertEqual would print megabytes
            self.fail(f"sent {sent!r:.300}, got {got!r:.300}")

    def echoes(self, *values):
        root = self.echo()
        for v in values:
            self.same(v, root.echo(v))

    def raises(self, kind, call, *args, **kwargs):
        """Asserts that the call raises the remote exception of that builtin class; returns its text without the remote traceback."""
        with self.assertRaises(kind) as caught:
            call(*args, **kwargs)
        text = str(caught.exception)
        self.assertIn("= Remote Traceback (1) =", text)
        if MAJOR >= 5:
            # _remote_version begins with the major digit of the client. 4.1 speaks as 5 does and cannot be told from it: it
            # gets the paragraph, as it does from a Python server of 5.3.
            self.assertNotIn("WARNING: Remote is on RPyC", text)
        return text.partition("\n\n====")[0]

    def refused(self, call, *args):
        """Asserts that the call is answered with an exception of any class, and not with the end of the connection or silence."""
        with self.assertRaises(Exception) as caught:
            call(*args)
        self.assertNotIsInstance(caught.exception, (EOFError, TimeoutError))


    def eventually(self, condition):
        """Asks until `condition()` is true."""
        end = time.monotonic() + DEADLINE_S
        while not condition():
            self.assertLess(time.monotonic(), end, "never came true")


def ours(scenario):
    """Marks a scenario that shows what RPyC's own servers do not do: baseline_test.py leaves it out."""
    scenario.ours = True
    return scenario


def random_bytes(dice, count):
    """As dice.randbytes(count), which Python 3.8 does not have."""
    return dice.getrandbits(8 * count).to_bytes(count, "little") if count else b""


def request(proxy):
    """sync_request of the connection that a proxy belongs to, below the proxy's own cleverness."""
    return object.__getattribute__(proxy, "____conn__").sync_request


def names(module, but=()):
    """The scenarios among a module's globals: public functions of its own that take only `t`."""
    return tuple(name for name, f in list(module.items())
                 if isinstance(f, types.FunctionType) and not name.startswith("_") and name not in but
                 and f.__module__ == module["__name__"] and list(inspect.signature(f).parameters) == ["t"])


answers = sys.stdout


def ask(question):
    """Asks the process that runs the scenarios (harness.Client): where the server is that was started for this connection."""
    print(json.dumps(question), file=answers, flush=True)
    return json.loads(sys.stdin.readline())


def main():
    settings = json.loads(sys.argv[1])
    Scenario.servers, Scenario.baseline = settings["servers"], settings["baseline"]
    Scenario.tls, Scenario.traits = settings["tls"], settings["traits"]
    modules = [importlib.import_module(name) for name in MODULES]
    sys.stdout = sys.stderr  # the answers have stdout for themselves
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        scenario = Scenario()
        try:
            try:
                found = [vars(module)[order["scenario"]] for module in modules if order["scenario"] in vars(module)]
                answer = {"result": found[0](scenario, **order["arguments"])}
            finally:
                scenario.doCleanups()
        except NotApplicable as e:
            answer = {"not_applicable": str(e)}
        except unittest.SkipTest as e:
            answer = {"skip": str(e)}
        except BaseException:
            answer = {"error": traceback.format_exc()}
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    importlib.import_module("scenario").main()  # one module, wherever it is imported
