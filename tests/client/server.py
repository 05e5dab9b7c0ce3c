"""Real rpyc servers for the tests of the C++ client: `server.py NAME...` starts one of each name and waits for the end of stdin.

"tls=DIR" and "mtls=DIR" are servers with an SSLAuthenticator, whose files are in DIR. Prints "NAME ADDRESS" for each, and "ready". Run by the python of one rpyc environment; python_server.cc is the other end.
"""

import builtins
import logging
import os
import ssl
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))

import rpyc
from rpyc.utils import authenticators
from rpyc.utils import server as servers

import fixture


class Invoker:
    """Calls back from its own thread until it is stopped. Source: RPyC tests/test_threads.py."""

    def __init__(self, callback, interval):
        self.callback, self.interval = rpyc.async_(callback), interval
        self.ended, self.count = threading.Event(), 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.wait(self.interval):
            self.callback(self.count)
            self.count += 1

    def exposed_stop(self):
        self.ended.set()
        self.thread.join()


class _Connected(fixture.Fixture):
    def on_connect(self, conn):
        super().on_connect(conn)
        self._conn = conn


@fixture.shown
class ClientFixture(_Connected):
    """The objects of the server tests, and methods that use objects of the client."""

    plain = ("kept", )
    kept = {}

    # Values.
    def values(self):
        return (None, True, False, 0, -1, 2**63 - 1, -2**63, 2**63, 10**100, 1.5, float("inf"), 1 + 2j, "", "text",
                "\u00e9\U0001f600\0", b"", b"\x00\xff", (), (1, ("two", (3.0, ))), slice(1, None, -1), frozenset([1, 2]),
                Ellipsis, NotImplemented)

    def same(self, values):
        """Whether the client sent exactly these values."""
        return repr(values) == repr(ClientFixture.exposed_values(self))

    def is_list(self, x):
        return isinstance(x, list)

    # Calls into the client.
    def call(self, f, *args, **kwargs):
        return f(*args, **kwargs)

    def map(self, f, items):
        return tuple(f(x) for x in items)

    def call_catching(self, f, *args):
        """The class and arguments of what f raises."""
        try:
            return f(*args)
        except Exception as e:
            return (type(e).__name__, e.args)

    def call_async(self, f, *args):
        """Calls f and does not wait for the answer."""
        rpyc.async_(f)(*args)

    def chain(self, f, depth):
        """f calls back, which calls f, and so on."""
        return f(self.exposed_chain, depth)

    def invoker(self, callback, interval):
        return Invoker(callback, interval)

    # These methods keep and use objects of the client.
    def keep(self, key, x):
        self.kept[key] = x

    def get_kept(self, key):
        return self.kept[key]

    def call_kept(self, key, *args):
        return self.kept[key](*args)

    def drop(self, key):
        del self.kept[key]

    def get_attribute(self, x, name):
        return getattr(x, name)

    def set_attribute(self, x, name, value):
        setattr(x, name, value)

    def call_method(self, x, name, *args, **kwargs):
        return getattr(x, name)(*args, **kwargs)

    def length(self, x):
        return len(x)

    def items(self, x):
        return tuple(x)

    def total(self, x):
        return sum(x)

    def item(self, x, key):
        return x[key]

    def entered(self, x):
        with x as value:
            return value

    def entered_raising(self, x):
        with x:
            raise ValueError("in the body")

    def texts(self, x):
        return (str(x), repr(x))

    def names(self, x):
        return tuple(dir(x))

    def equal(self, a, b):
        return (a == b, a != b)

    def hash_of(self, x):
        return hash(x)

    def is_same(self, a, b):
        return a is b

    def is_instance(self, x, cls):
        return isinstance(x, cls)

    def builtin(self, name):
        return getattr(builtins, name)

    # Time and ends.
    def hang_up(self):
        """The connection breaks in the middle of this call."""
        self._conn.close()

    def exit(self, code):
        os._exit(code)


class Small(rpyc.Service):
    ALIASES = ("SMALL", )

    def exposed_add(self, a, b):
        return a + b


class Secure(Small):
    def on_connect(self, conn):
        self._conn = conn

    def exposed_subject(self):
        """The subject of the client's certificate, as SSLAuthenticator knows it."""
        credentials = self._conn._config["credentials"]
        return credentials and credentials["subject"]


class Eager(Small):
    """Sends the client a request before the client has sent one."""
    names = []

    def on_connect(self, conn):
        self.names.append(conn.root.get_service_name())

    def exposed_names(self):
        return tuple(self.names)


OPEN = dict(allow_public_attrs=True, allow_setattr=True, allow_delattr=True)
KINDS = {
    "threaded": (servers.ThreadedServer, ClientFixture, {}),
    "open": (servers.ThreadedServer, ClientFixture, OPEN),
    "bound": (servers.ThreadedServer, ClientFixture, {"bind_threads": True}),
    "eager": (servers.ThreadedServer, Eager, {}),
    "pool": (servers.ThreadPoolServer, Small, {}),
    "forking": (servers.ForkingServer, Small, {}),
    "one_shot": (servers.OneShotServer, Small, {}),
    "unix": (servers.ThreadedServer, Small, {}),
    "tls": (servers.ThreadedServer, Secure, {}),
    "mtls": (servers.ThreadedServer, Secure, {}),
}


def start(name):
    name, _, folder = name.partition("=")
    kind, service, config = KINDS[name]
    where = dict(hostname="127.0.0.1", port=0)
    if folder:
        files = [os.path.join(folder, file) for file in ("server.key", "server.pem", "ca.pem")]
        told = {"ssl_version": ssl.PROTOCOL_TLS} if int(rpyc.version.version[0]) < 5 else {}  # by default 4.1 uses TLS 1.0
        where["authenticator"] = authenticators.SSLAuthenticator(*files[:3 if name == "mtls" else 2], **told)
    if name == "unix":  # a path that the kernel takes
        where = dict(socket_path=os.path.join(tempfile.mkdtemp(dir="/tmp"), "socket"))
    server = kind(service, protocol_config=dict(config), **where)
    server.listener.listen(64)  # ready for clients when its line is read
    if name == "forking":
        sys.stdout.flush()
        main = server.start  # signal handlers are the main thread's
    else:
        threading.Thread(target=server.start, daemon=True).start()
        main = None
    print(name, where.get("socket_path") or f"127.0.0.1:{server.port}", flush=True)
    return main


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    mains = [main for name in sys.argv[1:] if (main := start(name))]
    print("ready", flush=True)
    if mains:
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        mains[0]()
    else:
        sys.stdin.read()
        os._exit(0)
