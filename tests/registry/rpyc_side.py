"""RPyC's own side of discovery, run by a real rpyc: asks registries, serves and registers, is a registry.

Each line is a JSON value: orders on stdin, answers on stdout. The first line says that it is ready. It ends with its stdin.
"""

import json
import sys
import threading

import rpyc
from rpyc.utils import factory, registry
from rpyc.utils.server import ThreadedServer


def registrar(kind, ip, port, timeout=2):
    return {"udp": registry.UDPRegistryClient, "tcp": registry.TCPRegistryClient}[kind](ip, port=port, timeout=timeout)


def say(value):
    print(json.dumps(value), flush=True)


def ask(kind, ip, port):
    client = registrar(kind, ip, port)

    def connect(name, *call):
        if not hasattr(factory, "list_services"):  # before 5.1, whose connect_by_service only broadcasts
            conn = rpyc.connect(*factory.discover(name, registrar=client)[0])
        else:
            conn = factory.connect_by_service(name, registrar=client)
        try:
            return getattr(conn.root, call[0])(*call[1:])
        finally:
            conn.close()

    orders = {
        "discover": lambda name: factory.discover(name, registrar=client),
        "raw_discover": lambda name: client.discover(name),
        "list": lambda host=None: factory.list_services(client, host),
        "register": lambda aliases, port, interface="": client.register(tuple(aliases), port, interface),
        "unregister": client.unregister,
        "call": connect,
    }
    say("ready")
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            say({"result": orders[name](*arguments)})
        except Exception as error:
            say({"error": type(error).__name__})


class Service(rpyc.Service):
    def exposed_who(self):
        return self.ALIASES[0]


def serve(kind, ip, port, hostname, *aliases):
    service = type("Announced", (Service,), {"ALIASES": list(aliases)})
    server = ThreadedServer(service, hostname=hostname, port=0, registrar=registrar(kind, ip, port, 0.5), auto_register=True)
    threading.Thread(target=server.start, daemon=True).start()
    say(server.port)
    sys.stdin.read()
    server.close()
    say("closed")


def be_registry(kind, allow_listing):
    make = {"udp": registry.UDPRegistryServer, "tcp": registry.TCPRegistryServer}[kind]
    if allow_listing:
        server = make(host="127.0.0.1", port=0, allow_listing=True)
    else:
        server = make(host="127.0.0.1", port=0)
    threading.Thread(target=server.start, daemon=True).start()
    say(server.port)
    sys.stdin.read()


def main(role, *arguments):
    {"ask": ask, "serve": serve, "registry": be_registry}[role](*arguments)


main(*(json.loads(argument) for argument in sys.argv[1:]))
