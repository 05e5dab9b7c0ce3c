"""Arguments that travel by reference and stand for plain values: numpy, enums, subclasses, Decimal (scenario.py).

The services are the examples' and TYPES (tests/types), whose functions return what they took and are named by their C++ types.
The baseline has no C++ types; there the examples' services are seen to take what RPyC's own take.
"""

import ctypes
import decimal
import enum
import fractions
import os
import re

from scenario import names, ours

try:
    import numpy
except ImportError:
    numpy = None
try:
    from rpyc.core import consts
except ImportError:  # see scenario.py
    consts = None


class Colour(enum.IntEnum):
    RED = 3


class Access(enum.IntFlag):
    READ, WRITE = 1, 2


class Shade(str, enum.Enum):
    DARK = "dark"


class MyInt(int):
    pass


class MyFloat(float):
    pass


class MyComplex(complex):
    pass


class MyStr(str):
    def __str__(self):
        return "shown otherwise"


class MyBytes(bytes):
    pass


class MyByteArray(bytearray):
    pass


class Indexed:
    """Only __getitem__."""

    def __init__(self, *items):
        self.items = items

    def __getitem__(self, i):
        return self.items[i]


class Measured(Indexed):
    """__len__ and __getitem__."""

    def __len__(self):
        return len(self.items)


class Failing:
    def __index__(self):
        raise ZeroDivisionError("no index")

    __float__ = __iter__ = __index__


class WrongIndex:
    def __index__(self):
        return "three"


def _numpy(t):
    if numpy is None:
        t.skipTest("this environment has no numpy")
    return numpy


def _types(t, **config):
    root = t.root("types", **config)
    return lambda name, *args: getattr(root, _function(name))(*args)


def _function(type):
    """As FunctionName of tests/types/types_service.h."""
    return re.sub(r"[^A-Za-z0-9]+", "_", type).rstrip("_")


# --- the examples, as with RPyC -------------------------------------------------------------------

def the_calculator_adds_numbers_of_numpy(t):
    np, root = _numpy(t), t.calc()
    for a, b, want in ((np.float64(1.5), 1, 2.5), (1, np.float64(1.5), 2.5), (np.int64(5), np.int64(6), 11), (np.float32(0.5), 1.0, 1.5),
                       (np.bool_(True), 1, 2), (np.complex128(1 + 2j), 1, 2 + 2j), (2**70, np.float64(1), 2.0**70)):
        t.assertEqual(root.add(a, b), want)
    t.assertEqual(root.multiply(np.int64(5), 3), 15)
    t.assertEqual(list(root.add(np.arange(3), 1)), [1, 2, 3])


def the_calculator_adds_what_computes_for_itself(t):
    root = t.calc()
    t.assertEqual(root.add(Colour.RED, 1), 4)
    t.assertEqual(root.add(Access.READ | Access.WRITE, MyInt(1)), 4)
    t.assertEqual(root.add(MyFloat(1.5), 1), 2.5)
    t.assertEqual(root.add(1, MyFloat(1.5)), 2.5)
    t.assertEqual(root.add(decimal.Decimal("0.1"), decimal.Decimal("0.2")), decimal.Decimal("0.3"))
    t.assertEqual(root.multiply(2, fractions.Fraction(1, 3)), fractions.Fraction(2, 3))
    t.raises(TypeError, root.add, [1], 2)
    t.raises(TypeError, root.add, object(), 2)


def accounts_take_numbers_and_names_of_numpy(t):
    np, root = _numpy(t), t.connect("bank").root
    name = f"numpy {os.getpid()} {os.urandom(4).hex()}"
    account = root.open_account(np.str_(name))
    t.assertEqual(account.deposit(np.int64(5)), 5)
    t.assertEqual(account.deposit(np.uint8(2)), 7)
    t.assertEqual(root.account(np.str_(name)).balance, 7)
    t.raises(TypeError, account.deposit, "5")


def accounts_take_enums_and_subclasses(t):
    root = t.connect("bank").root
    name = f"subclasses {os.getpid()} {os.urandom(4).hex()}"
    account = root.open_account(MyStr(name), MyInt(2))
    t.assertEqual(account.owner, name)
    t.assertEqual(account.deposit(Colour.RED), 5)
    t.assertEqual(account.deposit(Access.READ | Access.WRITE), 8)


def sequences_that_are_summed(t):
    root = t.connect("compute").root
    t.assertEqual(root.heavy_computation((ctypes.c_int * 3)(1, 2, 3)), 6)
    t.assertEqual(root.heavy_computation(Indexed(1, 2, 3)), 6)
    t.assertEqual(root.heavy_computation(Measured(*range(1000))), 499500)
    t.assertEqual(root.heavy_computation(Indexed(*range(100))), 4950)
    t.assertEqual(root.heavy_computation(Indexed()), 0)
    t.assertEqual(root.heavy_computation([Colour.RED, MyFloat(0.5)]), 3.5)
    t.raises(TypeError, root.heavy_computation, object())


def arrays_are_summed(t):
    np, root = _numpy(t), t.connect("compute").root
    t.assertEqual(root.heavy_computation(np.arange(5)), 10)
    t.assertEqual(root.heavy_computation(np.array([0.5, 1.5])), 2.0)
    t.assertEqual(root.heavy_computation((np.int64(1), np.float64(0.5))), 1.5)


# --- each C++ type ------------------------------------------------------------------------------

@ours
def ints(t):
    call = _types(t)
    for given, want in ((Colour.RED, 3), (Access.READ | Access.WRITE, 3), (MyInt(-7), -7)):
        t.same(want, call("int8_t", given))
    t.same(2**63 + 1, call("uint64_t", MyInt(2**63 + 1)))
    t.same(5, call("std::optional<int>", MyInt(5)))
    for given in ([5], {}, {5}, MyFloat(5.0), decimal.Decimal(5), fractions.Fraction(5), "5", MyStr("5"), 5.0, int, MyInt, object(),
                  lambda: 5, WrongIndex(), range(5)):
        text = t.raises(TypeError, call, "int8_t", given)
        t.assertIn("int8_t() argument 1: expected int, got ", text)
    t.assertIn("got scenario", t.raises(TypeError, call, "int8_t", WrongIndex()).replace("arguments_scenarios", "scenario"))
    t.assertIn("int out of range for the C++ type: 1000", t.raises(OverflowError, call, "int8_t", MyInt(1000)))
    t.raises(OverflowError, call, "uint64_t", MyInt(-1))
    t.raises(OverflowError, call, "int8_t", MyInt(2**90))
    t.raises(ZeroDivisionError, call, "int8_t", Failing())


@ours
def ints_of_numpy(t):
    np, call = _numpy(t), _types(t)
    for kind in (np.int8, np.uint8, np.int16, np.int32, np.uint32, np.int64, np.uint64):
        t.same(7, call("int8_t", kind(7)))
    t.same(2**64 - 1, call("uint64_t", np.uint64(2**64 - 1)))
    t.same(3, call("int8_t", np.array(3)))
    for given in (np.float64(5), np.str_("5"), np.arange(3), np.complex128(5)):
        t.assertIn(f"expected int, got numpy.{type(given).__name__}", t.raises(TypeError, call, "int8_t", given))
    t.assertIn("only integer scalar arrays", t.raises(TypeError, call, "int8_t", np.arange(3)))


@ours
def floats(t):
    call = _types(t)
    for given, want in ((MyFloat(1.5), 1.5), (decimal.Decimal("0.1"), 0.1), (fractions.Fraction(1, 3), 1 / 3), (Colour.RED, 3.0),
                        (MyInt(2), 2.0)):
        t.same(want, call("double", given))
    t.same(0.5, call("float", MyFloat(0.5)))
    t.same(1.5, call("std::chrono::milliseconds", decimal.Decimal("1.5")))
    t.same(0.25, call("absl::Duration", MyFloat(0.25)))
    for given in ("1", MyStr("1"), [1.0], MyComplex(1), object(), float):
        t.assertIn("double() argument 1: expected float, got ", t.raises(TypeError, call, "double", given))
    t.raises(ZeroDivisionError, call, "double", Failing())


@ours
def floats_of_numpy(t):
    np, call = _numpy(t), _types(t)
    for given, want in ((np.float64(1.5), 1.5), (np.float32(0.5), 0.5), (np.float16(2), 2.0), (np.int64(3), 3.0), (np.array(2.5), 2.5)):
        t.same(want, call("double", given))
    t.same(1.5, call("absl::Duration", np.float64(1.5)))
    for given in (np.str_("1.5"), np.bytes_(b"1"), np.complex128(1 + 2j), np.arange(3)):
        t.assertIn("expected float, got numpy.", t.raises(TypeError, call, "double", given))


@ours
def complexes(t):
    call = _types(t)
    for given, want in ((MyComplex(1, -0.0), complex(1, -0.0)), (MyFloat(1.5), 1.5 + 0j), (Colour.RED, 3 + 0j)):
        t.same(want, call("std::complex<double>", given))
    t.assertIn("expected complex, got ", t.raises(TypeError, call, "std::complex<double>", [1]))
    if numpy is not None:
        for given in (numpy.complex128(0.1 + 2e-200j), numpy.complex128(complex(-0.0, float("inf"))), numpy.complex64(1 - 2j),
                      numpy.complex128(3j), numpy.complex128(1e300 - 1e-300j)):
            t.same(complex(given), call("std::complex<double>", given))
        t.same(2.5 + 0j, call("std::complex<double>", numpy.float64(2.5)))


@ours
def bools(t):
    call = _types(t)
    if numpy is not None:
        t.same(True, call("bool", numpy.bool_(True)))
        t.same(False, call("bool", numpy.bool_(False)))
        t.assertIn("expected bool, got numpy.int64", t.raises(TypeError, call, "bool", numpy.int64(1)))
    for given in (MyInt(1), Colour.RED, [True], object(), decimal.Decimal(1)):
        t.assertIn("expected bool, got ", t.raises(TypeError, call, "bool", given))


@ours
def texts(t):
    for config in ({}, {"allow_safe_attrs": False, "allow_public_attrs": True}):
        call = _types(t, **config)
        for name in ("std::string", "absl::string_view"):
            t.same("dark" if not config else str(Shade.DARK), call(name, Shade.DARK))
            t.same("inner ä" if not config else "shown otherwise", call(name, MyStr("inner ä")))
            if numpy is not None:
                t.same("n", call(name, numpy.str_("n")))
    call = _types(t)
    for given in (Indexed("a"), ["a"], MyInt(1), MyBytes(b"a"), bytearray(b"a"), object(), str, decimal.Decimal(1)):
        t.assertIn("std_string() argument 1: expected str, got ", t.raises(TypeError, call, "std::string", given))


@ours
def texts_of_long_strings(t):
    call = _types(t)
    text = "ä" * 300_000
    t.same(text, call("std::string", MyStr(text)))


@ours
def bytes_of_buffers(t):
    every = bytes(range(256)) * 20
    for config in ({}, {"allow_public_attrs": True}):
        call = _types(t, **config)
        for data in (b"", b"abc", b"it's \"quoted\" \\ \n\r\t", every):
            for kind in (bytearray, memoryview, MyBytes, MyByteArray, lambda d: memoryview(bytearray(d))):
                t.same(data, call("rpyc::Bytes", kind(data)))
            if numpy is not None:
                t.same(data, call("rpyc::Bytes", numpy.frombuffer(data, dtype=numpy.uint8)))
        if numpy is not None:
            t.same(b"abc", call("rpyc::Bytes", numpy.bytes_(b"abc")))
            wide = numpy.arange(3, dtype=numpy.int32)
            if config:
                t.same(wide.tobytes(), call("rpyc::Bytes", wide))
            else:  # never another meaning of the same array
                t.assertIn("expected bytes, got numpy.ndarray: pass what its tobytes() gives",
                           t.raises(TypeError, call, "rpyc::Bytes", wide))
        for given in ([1, 2], (1, 2), "abc", MyStr("abc"), MyInt(3), object(), range(3)):
            t.assertIn("expected bytes, got ", t.raises(TypeError, call, "rpyc::Bytes", given))


@ours
def sequences_of_numbers(t):
    call = _types(t)
    t.same((3, 7), call("std::vector<int>", [Colour.RED, MyInt(7)]))
    t.same((3, 7), call("std::vector<int>", (Colour.RED, MyInt(7))))
    t.same((1, 2, 3), call("std::vector<int>", (ctypes.c_int * 3)(1, 2, 3)))
    t.same(tuple(range(2500)), call("std::vector<int>", Measured(*range(2500))))
    t.same(tuple(range(100)), call("std::vector<int>", Indexed(*range(100))))
    t.same(tuple(range(32)), call("std::vector<int>", Indexed(*range(32))))
    t.same(tuple(map(int, Colour)), call("std::vector<int>", Colour))
    t.same((0.5, 2.0), call("std::array<double, 2>", [MyFloat(0.5), fractions.Fraction(2)]))
    t.same(frozenset({3}), call("std::set<int>", {Colour.RED, MyInt(3)}))
    t.assertIn("item 1: expected int, got", t.raises(TypeError, call, "std::vector<int>", [1, MyFloat(1.5)]))
    t.assertIn("item 40: expected int, got", t.raises(TypeError, call, "std::vector<int>", [MyInt(1)] * 40 + [MyFloat(1.5), Colour.RED]))
    t.assertIn("is not iterable", t.raises(TypeError, call, "std::vector<int>", MyInt(5)))
    t.raises(ZeroDivisionError, call, "std::vector<int>", Failing())
    t.raises(ZeroDivisionError, call, "std::vector<int>", [MyInt(1), Failing(), MyInt(2)])
    t.raises(KeyError, call, "std::vector<int>", type("Keyed", (), {"__getitem__": lambda self, key: {"a": 1}[key]})())
    if numpy is not None:
        t.same(tuple(range(2500)), call("std::vector<int>", numpy.arange(2500)))
        t.same((0.0, 0.5), call("std::array<double, 2>", numpy.array([0, 0.5])))
        t.assertIn("item 0: expected int, got numpy.float64", t.raises(TypeError, call, "std::vector<int>", numpy.zeros(3)))


@ours
def pairs_and_maps(t):
    import collections
    call, pair = _types(t), collections.namedtuple("pair", "a b")
    t.same((1, 2), call("std::pair<int, int>", pair(1, Colour.RED - 1)))
    t.same((1, 2), call("std::pair<int, int>", [1, 2]))
    t.same((3, "x"), call("std::tuple<int, std::string>", (Colour.RED, MyStr("x"))))
    t.assertIn("expected tuple[int, int], got list", t.raises(TypeError, call, "std::pair<int, int>", [1, 2, 3]))
    t.assertIn("expected tuple[int, int], got ", t.raises(TypeError, call, "std::pair<int, int>", MyInt(3)))
    t.assertEqual(repr(call("std::map<std::string, int>", {MyStr("a"): Colour.RED})), "{'a': 3}")
    t.assertEqual(repr(call("std::unordered_map<int, int>", collections.OrderedDict([(MyInt(1), MyInt(2))]))), "{1: 2}")
    if numpy is not None:
        t.same((1, 2), call("std::pair<int, int>", numpy.array([1, 2])))


@ours
def alternatives(t):
    call, name = _types(t), "std::variant<bool, int, std::string>"
    for given, want in ((Colour.RED, 3), (MyInt(7), 7), (Shade.DARK, "dark")):
        t.same(want, call(name, given))
    t.assertIn("expected bool | int | str, got ", t.raises(TypeError, call, name, MyFloat(1.5)))
    t.assertIn("expected bool | int | str, got list", t.raises(TypeError, call, name, [1]))
    if numpy is not None:
        t.same(True, call(name, numpy.bool_(True)))
        t.same(7, call(name, numpy.int64(7)))
        t.same("n", call(name, numpy.str_("n")))


@ours
def any_value_stays_what_it_is(t):
    call = _types(t)
    for given in (MyInt(7), Colour.RED, MyStr("x"), decimal.Decimal("0.1"), bytearray(b"x")):
        t.assertIs(call("rpyc::Value", given), given)


@ours
def objects_of_another_connection(t):
    """This service does not share its objects, and says so."""
    t.passes_proxies()
    call, other = _types(t), _types(t)
    why = (": another connection, or another process, gave it; pass it by the connection that gave it, or have the service share its "
           "objects (rpyc::Service::SharesObjects; not where connections have processes of their own)")
    for name, made, what in (("std::shared_ptr<Thing>", "a_thing", "expected Thing, got cpp.Thing"),
                             ("std::shared_ptr<const Thing>", "a_thing", "expected Thing, got cpp.Thing"),
                             ("rpyc::List", "a_list", "expected a list of this server, got list"),
                             ("rpyc::Dict", "a_dict", "expected a dict of this server, got dict")):
        t.assertEqual(f"{_function(name)}() argument 1: {what}{why}", t.raises(TypeError, call, name, other(made)))
    t.assertEqual(t.raises(TypeError, call, "rpyc::List", [1]), "rpyc_List() argument 1: expected a list of this server, got list")
    # The host can ask it through the client.
    t.assertEqual(repr(call("rpyc::Netref", other("a_thing"))), "Thing(7)")
    t.same((1, 2), call("std::vector<int>", other("a_list")))


# --- our containers, and materialize -----------------------------------------------------------

@ours
def lists_of_the_host_are_indexed(t):
    call = _types(t)
    numbers = call("a_list")
    t.same(1, numbers[MyInt(0)])
    numbers[Colour.RED - 2] = "two"
    t.same((1, "two") * 2, tuple(numbers * MyInt(2)))
    t.assertIn("list indices must be integers or slices, not ", t.raises(TypeError, numbers.__getitem__, MyFloat(1.0)))
    if numpy is not None:
        t.same("two", numbers[numpy.int64(1)])


@ours
def dicts_of_the_host_have_keys(t):
    call = _types(t)
    numbers = call("a_dict")
    t.same(1, numbers[MyStr("a")])
    numbers[Colour.RED] = "three"
    t.same("three", numbers[3])
    t.assertIn(MyInt(3), numbers)
    del numbers[MyInt(3)]
    t.assertNotIn(3, numbers)
    t.raises(TypeError, numbers.__getitem__, object())
    if numpy is not None:
        numbers[numpy.int64(5)] = numpy.float64(0.5)
        t.assertEqual(numbers[5], 0.5)


@ours
def materialized_values(t):
    root = t.root("types")
    t.same((3, 1.5, "x", b"y"), root.materialize([Colour.RED, MyFloat(1.5), MyStr("x"), MyBytes(b"y")]))
    t.raises(TypeError, root.materialize, decimal.Decimal("0.1"))
    if numpy is not None:
        t.same(((0, 1), (2, 3)), root.materialize(numpy.arange(4).reshape(2, 2)))
        t.same((0.5, True, 1 + 2j, "n"), root.materialize((numpy.float64(0.5), numpy.bool_(True), numpy.complex128(1 + 2j),
                                                           numpy.str_("n"))))


# --- the number of requests --------------------------------------------------------------------

def _asked(t, call):
    """The requests that a connection's host sends while `call(root)` runs; giving objects back is not counted."""
    conn, seen = t.connect("types"), []
    root = conn.root
    call(root)  # requests that a connection makes only once
    for number, handler in list(conn._HANDLERS.items()):

        def counted(self, *args, number=number, handler=handler):
            if number != consts.HANDLE_DEL:
                seen.append(number)
            return handler(self, *args)

        conn._HANDLERS[number] = counted
    call(root)
    return [name for number in seen for name, value in vars(consts).items() if name.startswith("HANDLE_") and value == number]


@ours
def values_cost_nothing(t):
    _types(t)

    def call(root):
        for name, value in (("int8_t", 5), ("double", 1.5), ("double", 2), ("std::string", "x"), ("rpyc::Bytes", b"x"), ("bool", True),
                            ("std::vector<int>", (1, 2)), ("std::pair<int, int>", (1, 2)), ("absl::Duration", 1),
                            ("std::complex<double>", 1j), ("std::variant<bool, int, std::string>", "x")):
            getattr(root, _function(name))(value)

    t.assertEqual(_asked(t, call), [])


@ours
def objects_cost_a_question(t):
    _types(t)
    for name, value, want in (("int8_t", MyInt(5), 1), ("uint64_t", MyInt(5), 1), ("double", MyFloat(5), 1), ("double", decimal.Decimal(1), 1),
                              ("std::string", MyStr("x"), 1), ("rpyc::Bytes", bytearray(b"x" * 1000), 1),
                              ("rpyc::Bytes", MyBytes(b"x"), 1), ("std::variant<bool, int, std::string>", MyInt(5), 1),
                              ("std::variant<bool, int, std::string>", MyStr("x"), 1), ("absl::Duration", MyFloat(1), 1),
                              ("std::vector<int>", Indexed(1, 2, 3), 2)):
        t.assertEqual(len(_asked(t, lambda root: getattr(root, _function(name))(value))), want, (name, value))


@ours
def what_cannot_be_is_not_asked(t):
    _types(t)
    for name in ("int8_t", "double", "bool", "std::string", "std::complex<double>"):
        for value in ([1], {1: 1}, {1}, range(3), lambda: 1, int, bytearray(b"x")):
            t.assertEqual(_asked(t, lambda root: t.raises(TypeError, getattr(root, _function(name)), value)), [], (name, value))


ALL = names(globals())
