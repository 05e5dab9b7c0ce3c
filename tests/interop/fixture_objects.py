"""The objects of the service FIXTURE in Python (fixture.py).

The baseline uses them (baseline_host.py), and scenarios compare with them: what a scenario does to a proxy it can do to the
Python object too. `shown` exposes as C++ does: under the prefix, whichever a server uses, and special methods under their own
name, except for those that RPyC lets no client reach by it.
"""

import rpyc

PREFIXES = ("exposed_", "prefix_")


def shown(cls):
    """Exposes everything in the body of `cls`, except for what `plain` lists and for names with an underscore in front."""
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


class Restricted:
    """With any rules of the server foo and bar may be read, and bar may be written."""

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
