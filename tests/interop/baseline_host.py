"""Real rpyc servers behind the product's flags and stdout lines (baseline.py starts it). Runs with the python of one rpyc
environment.
"""

import json
import re
import sys
import threading
import time

import fixture
import matrix
import middle
import relay
import rpyc
from rpyc.utils.server import ThreadedServer


class CalculatorService(rpyc.Service):
    def exposed_add(self, a, b):
        """Returns a + b."""
        return a + b

    def exposed_multiply(self, a, b):
        return a * b


class EchoService(rpyc.Service):
    def exposed_echo(self, x):
        return x

    def exposed_add(self, a, b):
        return a + b


class MyService(rpyc.Service):
    def exposed_get_data(self, key):
        return f"Data for {key}"

    def exposed_get_status(self):
        return "Running"

    def exposed_hello(self):
        return "Hello from logged server"

    def exposed_get_config(self):
        return "Service running with custom config"


class SecureService(rpyc.Service):
    def exposed_sensitive_operation(self):
        return "Secret data"


class TestService(rpyc.Service):
    def exposed_test_function(self):
        return "Test successful"


class HighConcurrencyService(rpyc.Service):
    def exposed_io_operation(self, data):
        time.sleep(0.1)
        return f"Processed: {data}"


class ConfiguredService(rpyc.Service):
    def exposed_get_config(self):
        return "Service running with custom config"


class CallbackService(rpyc.Service):
    def exposed_call(self, f, *args):
        return f(*args)

    def exposed_map(self, f, items):
        return tuple(f(x) for x in items)


class ComputeService(rpyc.Service):
    def exposed_heavy_computation(self, data):
        return sum(data)


@fixture.shown
class Account:
    def __init__(self, owner, cents):
        self._owner, self._cents = owner, cents

    owner = property(lambda self: self._owner)
    balance = property(lambda self: self._cents)

    def deposit(self, cents):
        self._check(cents)
        self._cents += cents
        return self._cents

    def withdraw(self, cents):
        self._check(cents)
        if cents > self._cents:
            raise ValueError(f"insufficient funds: {self._cents} in the account, asked for {cents}")
        self._cents -= cents
        return self._cents

    @staticmethod
    def _check(cents):
        if cents <= 0:
            raise ValueError(f"not an amount: {cents}")

    def __str__(self):
        return f"account of {self._owner}: {self._cents} cents"


class BankService(rpyc.Service):
    accounts = {}

    def exposed_open_account(self, owner, cents=0):
        if owner in self.accounts:
            raise ValueError(f"{owner} has an account")
        self.accounts[owner] = Account(owner, cents)
        return self.accounts[owner]

    def exposed_account(self, owner):
        return self.accounts[owner]

    def exposed_transfer(self, source, target, cents):
        source.exposed_withdraw(cents)
        target.exposed_deposit(cents)


SERVICES = {
    "BANK": BankService,
    "CALCULATOR": CalculatorService,
    "CALLBACK": CallbackService,
    "COMPUTE": ComputeService,
    "CONFIGURED": ConfiguredService,
    "ECHO": EchoService,
    "FIXTURE": fixture.Fixture,
    "HIGHCONCURRENCY": HighConcurrencyService,
    "MATRIX": matrix.Matrix,
    "MIDDLE": middle.Middle,
    "MY": MyService,
    "RELAY": relay.Relay,
    "SECURE": SecureService,
    "TEST": TestService,
}


def start(server_id, name, config):
    if "safe_attrs" in config:
        config["safe_attrs"] = set(config["safe_attrs"]["names"])
    server = ThreadedServer(SERVICES[name], hostname="127.0.0.1", port=0, logger=None, protocol_config=config)
    threading.Thread(target=server.start, daemon=True).start()
    print(f"rpycd: server servers/{server_id} (threaded, {name}) listening on 127.0.0.1:{server.port}", flush=True)


for flag in sys.argv[1:]:
    if found := re.fullmatch(r"--server=threaded:(\w+)@127\.0\.0\.1:0", flag):
        start(found[1].lower(), found[1], {})
    elif found := re.fullmatch(r"--config=(\w+):([\w-]+)=(.*)", flag):  # a server with a protocol configuration
        start(found[2], found[1], json.loads(found[3]))
print("rpycd: ready", flush=True)
try:
    threading.Event().wait()
except KeyboardInterrupt:
    pass
