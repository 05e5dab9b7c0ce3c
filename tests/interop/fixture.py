"""The service FIXTURE in Python: what fixture.cc is in C++. object_scenarios.py uses it.

Here for the baseline (baseline_host.py) and, as plain objects, for comparison: what a scenario does to a proxy it can do
to the Python object too. `shown` exposes as C++ does: under the prefix, whichever a server uses; special methods
under their own name, but for those that RPyC lets nobody reach so.
"""

import threading
import time

import rpyc

PREFIXES = ("exposed_", "prefix_")


def shown(cls):
    """Everything in the body of `cls` is exposed, but for what `plain` lists and what begins with an underscore."""
    for name, member in list(vars(cls).items()):
        special = name.startswith("__")
        if name in cls.__dict__.get("plain", ()) or name == "plain" or name in (
                "__init__", "__del__", "__dict__", "__module__", "__qualname__", "__weakref__", "__doc__"):
            continue
        if name.startswith("_") and not special:
            continue
        if name in rpyc.core.protocol.DEFAULT_CONFIG["safe_attrs"]:
            continue
        for prefix in PREFIXES:
            setattr(cls, prefix + name, member)
        if not special:
            delattr(cls, name)
    return cls


# --- what the whole process remembers -------------------------------------------------------------

class _Journal:
    """Events by key, which any connection may read: who asks about a death is not who died."""

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


# --- attributes -----------------------------------------------------------------------------------

@shown
class Attributes:
    """Attributes of every sort."""
    plain = ("open", "_private")

    def __init__(self):
        self._number, self._text, self._extra = 1, "one", ["extra"]
        self.open, self._private = "open", "private"

    def _set_number(self, value):
        if type(value) is not int:
            raise TypeError("number must be an int")
        self._number = value

    number = property(lambda self: self._number, _set_number)
    fixed = property(lambda self: self._text)

    def _get_extra(self):
        if not self._extra:
            raise AttributeError("extra")
        return self._extra[0]

    def _set_extra(self, value):
        self._extra = [value]

    def _delete_extra(self):
        self._get_extra()
        self._extra = []

    extra = property(_get_extra, _set_extra, _delete_extra)

    def method(self):
        return "called"

    def __len__(self):
        return 3

    def __add__(self, other):
        return f"one{other}"


@shown
class Properties:
    """Getters that count, and getters that fail."""

    def __init__(self):
        self._count = 0

    def _counted(self):
        self._count += 1
        return self._count

    counted = property(_counted)
    count = property(lambda self: self._count)

    def _lacks(self):
        raise AttributeError("abcd")

    def _fails(self):
        raise RuntimeError("efgh")

    lacks, fails = property(_lacks), property(_fails)


@shown
class Record:
    """A dataclass, as it were."""

    def __init__(self, number, text, ratio, raw):
        self._number, self._text, self._ratio, self._raw = number, text, ratio, raw

    number = property(lambda self: self._number, lambda self, value: setattr(self, "_number", value))
    text = property(lambda self: self._text, lambda self, value: setattr(self, "_text", value))
    ratio = property(lambda self: self._ratio, lambda self, value: setattr(self, "_ratio", value))
    raw = property(lambda self: self._raw, lambda self, value: setattr(self, "_raw", value))


class _Restricted:
    """Whatever the server's rules: foo and bar may be read, bar may be written."""

    def __init__(self):
        self.foo, self.bar, self.spam = "foo", "bar", "spam"


# --- containers and iterators ---------------------------------------------------------------------

@shown
class Sequence:
    """A sequence of any values."""

    def __init__(self, *items):
        self._items = list(items)

    def __len__(self):
        return len(self._items)

    def __getitem__(self, index):
        return tuple(self._items[index]) if isinstance(index, slice) else self._items[index]

    def __setitem__(self, index, value):
        self._items[index] = value

    def __delitem__(self, index):
        del self._items[index]

    def __contains__(self, value):
        return value in self._items

    def __iter__(self):
        return iter(tuple(self._items))

    def __reversed__(self):
        return reversed(tuple(self._items))


@shown
class Indexed:
    """Nothing but __getitem__: Python iterates until IndexError."""

    def __getitem__(self, index):
        return (10, 20, 30)[index]


@shown
class Mapping:
    """Text to any value."""

    def __init__(self, **items):
        self._items = items

    def __len__(self):
        return len(self._items)

    def __getitem__(self, key):
        return self._items[key]

    def __setitem__(self, key, value):
        self._items[key] = value

    def __delitem__(self, key):
        del self._items[key]

    def __contains__(self, key):
        return key in self._items

    def __iter__(self):
        return iter(tuple(self._items))

    def keys(self):
        return tuple(self._items)


@shown
class Countdown:
    """An iterator written by hand."""

    def __init__(self, start):
        self._left = start

    def __iter__(self):
        return self

    def __next__(self):
        if not self._left:
            raise StopIteration
        self._left -= 1
        return self._left + 1


# --- operators ------------------------------------------------------------------------------------

def _value(other):
    return other._value if isinstance(other, Number) else other if type(other) is int else None


def _operation(compute):
    def operate(self, other):
        return NotImplemented if _value(other) is None else compute(self._value, _value(other))

    return operate


@shown
class Number:
    """An int that is an object: compares and computes with ints and its like."""

    def __init__(self, value):
        self._value = value

    value = property(lambda self: self._value)
    __add__ = _operation(lambda a, b: Number(a + b))
    __radd__ = _operation(lambda a, b: Number(b + a))
    __sub__ = _operation(lambda a, b: Number(a - b))
    __rsub__ = _operation(lambda a, b: Number(b - a))
    __mul__ = _operation(lambda a, b: Number(a * b))
    __floordiv__ = _operation(lambda a, b: Number(a // b))
    __lt__ = _operation(lambda a, b: a < b)
    __le__ = _operation(lambda a, b: a <= b)
    __gt__ = _operation(lambda a, b: a > b)
    __ge__ = _operation(lambda a, b: a >= b)
    __eq__ = _operation(lambda a, b: a == b)
    __ne__ = _operation(lambda a, b: a != b)

    def __hash__(self):
        return self._value * 7

    def __neg__(self):
        return Number(-self._value)

    def __abs__(self):
        return Number(abs(self._value))

    def __int__(self):
        return self._value

    def __float__(self):
        return self._value + 0.5

    def __index__(self):
        return self._value

    def __bool__(self):
        return self._value != 0

    def __str__(self):
        return f"number {self._value}"

    def __repr__(self):
        return f"Number({self._value})"

    def __format__(self, spec):
        return format(self._value, spec)

    def __iadd__(self, other):
        self._value += other
        return self


@shown
class Unhashable:
    """Equal to everything of its class, and so without a hash."""

    def __eq__(self, other):
        return isinstance(other, Unhashable)


@shown
class Silent:
    """Without any special method."""


@shown
class Caller:
    """Callable; remembers how often."""

    def __init__(self):
        self._calls = 0

    def __call__(self, x, *args, **kwargs):
        self._calls += 1
        return (x, args, tuple(sorted(kwargs.items())))

    calls = property(lambda self: self._calls)


# --- context managers -----------------------------------------------------------------------------

@shown
class Context:
    """Enters as 20; `seen` tells what happened to it."""

    def __init__(self, suppress, fail_on=""):
        self._suppress, self._fail_on, self._seen = suppress, fail_on, []

    def __enter__(self):
        if self._fail_on == "enter":
            raise ValueError("no entry")
        self._seen.append("enter")
        return 20

    def __exit__(self, kind, value, traceback):
        self._seen.append("exit" if kind is None else "error")
        if self._fail_on == "exit":
            raise KeyError("no exit")
        return self._suppress

    seen = property(lambda self: tuple(self._seen))


@shown
class Scope:
    """Enters as itself."""

    def __init__(self):
        self._open = False

    def __enter__(self):
        self._open = True
        return self

    def __exit__(self, kind, value, traceback):
        self._open = False

    is_open = property(lambda self: self._open)


# --- what a client passes -------------------------------------------------------------------------

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


# --- classes --------------------------------------------------------------------------------------

@shown
class Point:
    """A point in the plane."""

    def __init__(self, x, y=0.0):
        if x != x or y != y:
            raise ValueError("a point has a place")
        self._x, self._y = x, y

    x, y = property(lambda self: self._x), property(lambda self: self._y)

    def __eq__(self, other):
        return isinstance(other, Point) and (self._x, self._y) == (other._x, other._y)

    def __hash__(self):
        return hash((self._x, self._y))


@shown
class Shape:
    """The base."""

    def sides(self):
        return 0

    def kind(self):
        return "shape"


@shown
class Square(Shape):
    """A shape with four sides."""

    def sides(self):
        return 4

    def corner(self):
        return Point(1.0, 1.0)


@shown
class Outer:
    """Has a class of its own inside."""

    @shown
    class Inner:
        def hello(self):
            return "inner"


class MyClass:
    """Source: RPyC tests/test_attr_access.py, 6.0.2."""

    def __add__(self, other):
        return self.foo() + str(other)

    def foo(self):
        return "foo"

    def bar(self):
        return "bar"

    def spam(self):
        return "spam"

    def _privy(self):
        return "privy"

    def exposed_foobar(self):
        return "Fee Fie Foe Foo"


class Foo:
    """Source: RPyC tests/test_magic.py, 6.0.2."""

    def __hash__(self):
        return 1234


class Mux(Foo):
    def __eq__(self, other):
        return True


class CustomError(Exception):
    """An exception class that a client may have, or not."""


CustomError.__module__ = "interop_errors"


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

    # What the process remembers.
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
        return rpyc.restricted(_Restricted(), ("foo", "bar"), ("bar", ))

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
