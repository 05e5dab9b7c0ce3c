"""A real rpyc server behind the product's flags and stdout lines: `RPYC_BASELINE=5.3.1 runner.py clients_test.py`.

Only to see that the tests demand what RPyC does. Runs with the python of one rpyc environment.
"""

import re
import sys
import threading

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


SERVICES = {"CALCULATOR": CalculatorService, "ECHO": EchoService, "MY": MyService}

for flag in sys.argv[1:]:
    if found := re.fullmatch(r"--server=threaded:(\w+)@127\.0\.0\.1:0", flag):
        server = ThreadedServer(SERVICES[found[1]], hostname="127.0.0.1", port=0, logger=None)
        threading.Thread(target=server.start, daemon=True).start()
        print(f"rpycd: server servers/{found[1].lower()} (threaded, {found[1]}) listening on 127.0.0.1:{server.port}",
              flush=True)
print("rpycd: ready", flush=True)
try:
    threading.Event().wait()
except KeyboardInterrupt:
    pass
