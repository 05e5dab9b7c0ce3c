"""How fast a stock Python client does everyday things: everyday_client.py SECONDS MANY [--tls] [--one] --port=N
--registry_port=N (--server_pid=N). One JSON object: how often a second it does each pattern of tests/everyday/patterns.py.

SECONDS are for each pattern; MANY is how long a long sequence is; --one: the server takes but one connection.
"""

import json
import os
import sys
import time

import rpyc
from rpyc.utils.registry import UDPRegistryClient

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "everyday"))
import patterns  # noqa: E402


def rate(once, seconds):
    begin = time.perf_counter()
    once()
    first = time.perf_counter() - begin  # a slow server gives no more than this
    if first > seconds:
        return 1 / first
    done, begin = 0, time.perf_counter()
    now = begin
    while now < begin + seconds:
        once()
        done += 1
        now = time.perf_counter()
    return done / (now - begin)


def main(seconds, many, *flags):
    told = dict(flag.partition("=")[::2] for flag in flags)
    port = int(told["--port"])
    connect = rpyc.ssl_connect if "--tls" in told else rpyc.connect
    registrar = UDPRegistryClient(ip="127.0.0.1", port=int(told["--registry_port"]))
    # Servers announce themselves when they like, so this one is announced here.
    if not registrar.register(("EVERYDAY", ), port):
        raise SystemExit("the registry does not answer")
    program = patterns.Program(lambda: connect("127.0.0.1", port),
                               lambda: rpyc.discover("EVERYDAY", registrar=registrar), int(many))
    rates = {}
    for name in patterns.names(connecting="--one" not in told):
        try:
            rates[name] = rate(patterns.PATTERNS[name](program), float(seconds))
        except Exception as error:
            raise SystemExit(f"{name}: {error!r}")
        patterns.settle(program)
    program.close()
    print(json.dumps(rates))


if __name__ == "__main__":
    main(*sys.argv[1:])
