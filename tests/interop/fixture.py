"""The service FIXTURE in Python, for the baseline (baseline_host.py): what fixture.cc is in C++."""

import threading
import time

import rpyc
from fixture_objects import (Attributes, Caller, Context, Countdown, CustomError, Foo, Indexed, Mapping, Mux, MyClass, Number, Outer,
                             Point, Properties, Record, Restricted, Scope, Sequence, Shape, Silent, Square, Unhashable, shown)


# --- state of the whole process -------------------------------------------------------------------

class _Journal:
    """Events by key. Any connection may read them: the client that asks about a death is not the one that died."""

    def __init__(self):
        self.lock, self.events = threading.Lock(), {}

    def note(self, key, event):
        with self.lock:
            self.events.setdefault(key, []).append(event)

    def read(self, key):
        with self.lock:
            return tuple(self.events.get(key, ()))


journal = _Journal()
gates, gates_lock = {}, threading.Lock()


def gate(name):
    with gates_lock:
        return gates.setdefault(name, threading.Event())


@shown
class Logged:
    """Notes its end in the journal."""

    def __init__(self, name):
        self._name = name

    def __del__(self):
        journal.note(self._name, "destroyed")

    name = property(lambda self: self._name)

    def itself(self):
        return self


# --- objects that a client passes -----------------------------------------------------------------

@shown
class Callbacks:
    """Uses what a client passes in every way: calls it, keeps it, iterates over it, compares it."""

    def __init__(self):
        self._kept = None

    def call(self, f, *args, **kwargs):
        return f(*args, **kwargs)

    def typed(self, f, x):
        return f(x)

    def caught(self, f):
        try:
            f()
        except BaseException as e:
            return type(e).__module__, type(e).__name__, e.args

    def keep(self, f):
        self._kept = f

    def kept(self, *args):
        return self._kept(*args)

    def forget(self):
        self._kept = None

    _board = {}

    def post(self, name, f):
        self._board[name] = f

    def posted(self, name, seconds, *args):
        return rpyc.timed(self._board[name], seconds)(*args).value

    def remove(self, name):
        del self._board[name]

    def compose(self, f, g):
        return lambda x: f(g(x))

    def get(self, o, name):
        return getattr(o, name)

    def set(self, o, name, x):
        setattr(o, name, x)

    def delete(self, o, name):
        delattr(o, name)

    def item(self, o, key):
        return o[key]

    def set_item(self, o, key, x):
        o[key] = x

    def del_item(self, o, key):
        del o[key]

    def length(self, o):
        return len(o)

    def contains(self, o, x):
        return x in o

    def equal(self, a, b):
        return a == b

    def less(self, a, b):
        return a < b

    def same(self, a, b):
        return a is b

    def hashed(self, o):
        return hash(o)

    def text(self, o):
        return str(o), repr(o)

    def names(self, o):
        return tuple(dir(o))

    def callable(self, o):
        return callable(o)

    def is_instance(self, o, cls):
        return isinstance(o, cls)

    def total(self, numbers):
        return sum(numbers)

    def pairs(self, items):
        return tuple(sorted((key, items[key]) for key in items))

    def first(self, items, count):
        return tuple(item for item, _ in zip(items, range(count)))

    def enter(self, manager, fail=False):
        with manager as entered:
            if fail:
                raise ValueError("inside")
            return entered


# --- calls of the client that are not waited for ----------------------------------------------------

@shown
class Pending:
    """An AsyncResult, as the client sees it."""

    def __init__(self):
        self._result = None

    def start(self, f, *args):
        self._result = rpyc.async_(f)(*args)

    def ready(self):
        return self._result.ready

    def error(self):
        return self._result.error

    def expired(self):
        return self._result.expired

    def set_expiry(self, seconds):
        self._result.set_expiry(seconds)

    def wait(self):
        self._result.wait()

    def value(self):
        return self._result.value

    def add_callback(self, key, gate_name):
        """Notes that it was called, then opens the gate."""

        def notes(result):
            journal.note(key, "error" if result.error else f"value {result.value}")
            gate(gate_name).set()

        self._result.add_callback(notes)


@shown
class Invoker:
    """Source: RPyC tests/test_threads.py, 6.0.2."""

    def __init__(self, callback, interval):
        self._callback, self._interval, self._stopped = rpyc.async_(callback), interval, threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        number = 0
        while not self._stopped.wait(self._interval):
            self._callback(number)
            number += 1

    def stop(self):
        self._stopped.set()
        self._thread.join()


# --- the service ----------------------------------------------------------------------------------

_sessions = iter(range(1, 10**9))


class _Service(rpyc.Service):
    ALIASES = ("FIXTURE", "FIXTURES")

    def on_connect(self, conn):
        self._session = f"session {next(_sessions)}"
        self._peer = "%s:%d" % conn._config["endpoints"][1][:2]
        self._list, self._dict = [1, 2, 3], {"a": 1, "b": 2}
        journal.note(self._session, "connect")

    def on_disconnect(self, conn):
        journal.note(self._session, "disconnect")


@shown
class Fixture(_Service):
    """Everything that a client can hold."""
    get_service_name = _Service.exposed_get_service_name
    get_service_aliases = _Service.exposed_get_service_aliases

    # State of the process.
    session = property(lambda self: self._session)
    peer = property(lambda self: self._peer)

    def __call__(self):
        return Attributes()

    def journal(self, key):
        """What happened, by key."""
        return journal.read(key)

    def note(self, key, event):
        """What before_closed of a client calls."""
        journal.note(key, event)

    def logged(self, name):
        return Logged(name)

    def wait(self, name, answer=None):
        """Returns `answer` once the gate is open."""
        if not gate(name).wait(40):
            raise TimeoutError(name)
        return answer

    def open(self, name):
        gate(name).set()

    # Values and calls.
    def distance(self, a, b):
        return ((a[0] - b[0])**2 + (a[1] - b[1])**2)**0.5

    def defaults(self, a, b=2, c="three"):
        return (a, b, c)

    def arguments(self, *args):
        return args

    def keywords(self, **kwargs):
        return tuple(sorted(kwargs.items()))

    def both(self, first, *args, **kwargs):
        return (first, args, tuple(sorted(kwargs.items())))

    def foo(self, x, seconds):
        """Takes its time."""
        time.sleep(seconds)
        return x * 17

    def get_decorated(self):
        return "decorated"

    def echo(self, x):
        return x

    # Objects.
    def attributes(self):
        return Attributes()

    def properties(self):
        return Properties()

    def record(self):
        return Record(7, "seven", 7.5, b"\x07\x00")

    def restricted(self):
        return rpyc.restricted(Restricted(), ("foo", "bar"), ("bar", ))

    def sequence(self, *items):
        return Sequence(*items)

    def indexed(self):
        return Indexed()

    def mapping(self):
        return Mapping(one=1, two=2)

    def countdown(self, start):
        return Countdown(start)

    def squares(self, count):
        """A generator."""
        return (i * i for i in range(count))

    def breaking(self, count):
        """A generator that fails in the end."""
        yield from range(count)
        raise ValueError("broken")

    def logged_items(self, names):
        """A generator of objects."""
        return (Logged(name) for name in names)

    def number(self, value):
        return Number(value)

    def unhashable(self):
        return Unhashable()

    def silent(self):
        return Silent()

    def caller(self):
        return Caller()

    def context(self, suppress=False, fail_on=""):
        return Context(suppress, fail_on)

    def callbacks(self):
        return Callbacks()

    def pending(self):
        return Pending()

    def scope(self):
        return Scope()

    def get_list(self):
        return self._list

    def get_dict(self):
        return self._dict

    def mixed(self):
        """By value and by reference in one tuple."""
        return (1, self._list, ("x", self._list))

    # Classes.
    Point, Shape, Square, Outer, Invoker = Point, Shape, Square, Outer, Invoker
    MyClass, Foo, Mux = MyClass, Foo, Mux

    def get_one(self):
        return rpyc.restricted(MyClass(), ["exposed_foobar", "__add__", "_privy", "foo", "bar"])

    def get_class(self):
        return Point

    def square(self):
        return Square()

    # Exceptions.
    def remote_assert(self, condition):
        assert condition, "remote assertion"

    def fail(self, name, *args):
        """Raises a builtin exception."""
        raise getattr(__import__("builtins"), name)(*args)

    def fail_custom(self, text):
        raise CustomError(text)

    def fail_os(self, number, text, path):
        raise OSError(number, text, path)

    def fail_chained(self):
        try:
            raise ValueError("the cause")
        except ValueError as e:
            raise RuntimeError("the effect") from e
