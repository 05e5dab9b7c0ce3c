"""everyday_client.py HOST PORT: enumerations, structs, buffers, paths and times of the service TYPES, by a real client."""

import array
import collections
import dataclasses
import datetime
import enum
import os
import pathlib
import struct
import sys
import unittest

import rpyc
from walk_page import function_name

try:
    import numpy as np
except ImportError:
    np = None


class Mine(enum.IntEnum):
    MOVING = 1
    LOST = 9


class Named(str, enum.Enum):
    MOVING = "MOVING"


class Plain(enum.Enum):
    MOVING = 1


class Bits(enum.IntFlag):
    READ = 1
    RUN = 4


@dataclasses.dataclass
class Range:
    low: float
    high: float


class Counting:
    """This is a channel that counts what is sent."""

    def __init__(self, channel):
        self.channel, self.sent = channel, 0

    def __getattr__(self, name):
        return getattr(self.channel, name)

    def send(self, data):
        self.sent += 1
        self.channel.send(data)


class Client(unittest.TestCase):
    def root(self, **config):
        self.conn = rpyc.connect(sys.argv[1], int(sys.argv[2]), config=config)
        self.addCleanup(self.conn.close)
        return self.conn.root

    def raises(self, error, text, function, *args):
        with self.assertRaises(error) as caught:
            function(*args)
        self.assertIn(text, str(caught.exception).split("\n")[0])

    def requests(self, function, *args):
        """Returns what function(*args) gives, and how many messages the client sent for it."""
        counting = Counting(self.conn._channel)
        self.conn._channel = counting
        return function(*args), counting.sent


class Enumerations(Client):
    def test_a_member(self):
        state = self.root().a_state()
        self.assertEqual((state.name, state.value), ("MOVING", 1))
        self.assertEqual((int(state), hash(state), str(state), repr(state), f"{state}"),
                         (1, hash(1), "State.MOVING", "<State.MOVING: 1>", "State.MOVING"))
        self.assertEqual(["a", "b"][state], "b")
        self.assertTrue(state == 1 and 1 == state and state != 0 and state < 2 and state >= 1 and state == 1.0)
        self.assertFalse(state == "MOVING")
        self.assertIn(state, {1: "one"})
        self.assertTrue(state)
        self.assertFalse(self.root().State(0))
        self.assertEqual(struct.pack("<H", state), b"\x01\x00")
        with self.assertRaises(AttributeError):
            state.value = 2
        with self.assertRaises(TypeError):
            len(state)

    def test_members_are_one_object_each(self):
        root = self.root()
        states = root.a_class_of_states
        self.assertIs(root.a_state(), root.a_state())
        self.assertIs(root.a_state(), states.MOVING)
        self.assertEqual(root.a_state(), root.State("MOVING"))
        self.assertNotEqual(states.IDLE, states.MOVING)

    def test_the_class(self):
        states = self.root().a_class_of_states
        self.assertEqual([s.name for s in states], ["IDLE", "MOVING"])
        self.assertEqual(len(states), 2)
        self.assertIs(states["IDLE"], states.IDLE)
        self.assertIs(states(1), states.MOVING)
        self.assertIn(states.IDLE, states)
        self.assertIn(1, states)
        self.assertNotIn(7, states)
        self.raises(KeyError, "LOST", lambda: states["LOST"])
        self.raises(ValueError, "7 is no member of State: IDLE (0), MOVING (1)", states, 7)
        self.assertEqual((repr(states), states.__name__, states.__doc__), ("<enum 'State'>", "State", "What an axis does."))
        self.assertIn("IDLE", dir(states))
        self.assertTrue(isinstance(states.IDLE, states))
        self.assertFalse(isinstance(self.conn.root.a_thing(), states))
        self.assertEqual(self.conn.root.materialize(states), (("IDLE", 0), ("MOVING", 1)))

    def test_what_is_taken(self):
        root = self.root()
        for given in ("MOVING", 1, root.a_state(), Mine.MOVING, Named.MOVING):
            self.assertEqual(root.State(given).name, "MOVING")
        if np is not None:
            self.assertEqual(root.State(np.int32(1)).name, "MOVING")
        members = "IDLE (0), MOVING (1)"
        self.raises(ValueError, f"'moving' is no member of State: {members}; did you mean", root.State, "moving")
        self.raises(ValueError, f"9 is no member of State: {members}", root.State, Mine.LOST)
        for given in (Plain.MOVING, None, 1.5, True, [], root.a_class_of_rights.READ, root.a_thing()):
            self.raises(TypeError, members, root.State, given)
        self.raises(ValueError, f"the C++ value 7 is no member of State: {members}", root.an_unknown_state)

    def test_within_other_types(self):
        root = self.root()
        idle, moving = root.a_class_of_states
        self.assertEqual(root.a_row_of_states([0, "MOVING", Mine.MOVING]), (idle, moving, moving))
        self.assertEqual(root.a_set_of_states(["IDLE", 1]), frozenset({0, 1}))
        by_state = root.a_map_of_states({"IDLE": 5, 1: 6})
        self.assertEqual((by_state[idle], by_state[1], by_state[moving]), (5, 6, 6))
        self.assertEqual(dict(root.materialize(by_state)), {0: 5, 1: 6})
        self.assertEqual([key.name for key in by_state], ["IDLE", "MOVING"])
        self.assertEqual(repr(by_state), "{<State.IDLE: 0>: 5, <State.MOVING: 1>: 6}")
        self.assertIsNone(root.a_state_or_none(None))
        self.assertEqual(root.a_state_or_none("MOVING"), moving)
        self.assertEqual(root.a_state_or_error(1), moving)
        self.raises(KeyError, "no such axis", root.a_state_or_error, -1)

    def test_flags(self):
        root = self.root()
        rights = root.a_class_of_rights
        both = rights.READ | rights.WRITE
        self.assertEqual((both.name, int(both), str(both)), ("READ|WRITE", 3, "Rights.READ|WRITE"))
        self.assertEqual((both & rights.READ, both ^ rights.READ, ~both), (rights.READ, rights.WRITE, rights.RUN))
        self.assertEqual((1 | rights.RUN, rights.READ | 2), (5, 3))
        self.assertIn(rights.READ, both)
        self.assertNotIn(rights.RUN, both)
        nothing = both & rights.RUN
        self.assertEqual((nothing.name, int(nothing), bool(nothing), str(nothing)), (None, 0, False, "Rights(0)"))
        for given in (5, "READ|RUN", Bits.READ | Bits.RUN, rights.READ | rights.RUN):
            self.assertEqual(root.Rights(given).name, "READ|RUN")
        self.raises(ValueError, "8 is no member of Rights", root.Rights, 8)
        with self.assertRaises(TypeError):
            rights.READ | "WRITE"


class Structs(Client):
    def test_reads_as_a_named_tuple_and_as_a_dict(self):
        limits = self.root().a_limits()
        self.assertEqual((limits.low, limits.high), (1.0, 2.0))
        low, high = limits
        self.assertEqual((low, high, limits[0], limits[-1], limits[:1], len(limits)), (1.0, 2.0, 1.0, 2.0, (1.0,), 2))
        self.assertTrue(limits == (1, 2) and (1, 2) == limits and limits != (1, 3) and limits < (1, 3))
        self.assertEqual(limits, self.conn.root.a_limits())
        self.assertIn(2, limits)
        self.assertEqual(repr(limits), "Limits(low=1.0, high=2.0)")
        self.assertEqual((dict(limits), {**limits}, limits["high"]), ({"low": 1.0, "high": 2.0},) * 2 + (2.0,))
        self.assertEqual(dict(self.conn.root.materialize(limits)), {"low": 1.0, "high": 2.0})
        with self.assertRaises(TypeError):
            hash(limits)
        self.raises(KeyError, "hgih", lambda: limits["hgih"])
        self.raises(IndexError, "", lambda: limits[2])

    def test_no_change_is_lost(self):
        for config in ({}, {"allow_public_attrs": True}):
            limits = self.root(**config).a_limits()
            for name in ("high", "exposed_high", "new"):
                self.raises(AttributeError, "this Limits is a copy; pass a new one, or a dict of its fields", setattr, limits, name,
                            77)
            self.raises(AttributeError, "cannot delete 'high'", delattr, limits, "high")
            with self.assertRaises(TypeError):
                limits[0] = 5
            self.assertEqual(limits.high, 2)

    def test_what_is_taken(self):
        root = self.root()
        named = collections.namedtuple("Named", "low high")
        reversed_names = collections.namedtuple("ReversedNames", "high low")
        for given in (root.a_limits(), {"low": 1, "high": 2}, (1, 2), [1, 2], named(1, 2), collections.OrderedDict(high=2, low=1),
                      root.a_class_of_limits(1, high=2)):
            self.assertEqual(root.Limits(given), (1, 2))
        if np is not None:
            self.assertEqual(root.Limits(np.array([1, 2])), (1, 2))
        self.assertEqual(root.Limits({"low": 1}), (1, 10))
        self.assertEqual(root.Limits((1,)), (1, 10))
        self.raises(TypeError, "Limits (low, high) has no field 'hgih'; did you mean", root.Limits, {"low": 1, "hgih": 2})
        self.raises(TypeError, "Limits (low, high) has no field 5", root.Limits, {5: 1})
        self.raises(TypeError, "Limits (low, high) misses its field low", root.Limits, {"high": 2})
        self.raises(TypeError, "field low: expected float, got str", root.Limits, {"low": "x"})
        self.raises(TypeError, "got more than 2 items", root.Limits, (1, 2, 3))
        self.raises(TypeError, "got more than 2 items", root.Limits, [1, 2, 3])
        self.raises(TypeError, "its fields have other names, or another order; pass a dict", root.Limits, reversed_names(1, 2))
        for given in (None, 5, "ab", Plain.MOVING, Range(1, 2), root.a_thing(), Range):
            self.raises(TypeError, "expected Limits (low, high), got", root.Limits, given)

    def test_attributes_where_they_may_be_asked(self):
        root = self.root(allow_public_attrs=True)
        self.assertEqual(root.Limits(Range(1, 2)), (1, 2))
        reversed_names = collections.namedtuple("ReversedNames", "high low")
        self.assertEqual(root.Limits(reversed_names(2, 1)), (1, 2))
        self.raises(TypeError, "misses its field name", root.an_axis, {"state": 1})

    def test_the_class(self):
        root = self.root()
        limits = root.a_class_of_limits
        self.assertEqual(limits(low=5), (5, 10))
        self.raises(TypeError, "field low: expected float, got str", limits, "x")
        self.raises(TypeError, "missing", limits)
        self.assertTrue(isinstance(root.a_limits(), limits))
        self.assertFalse(isinstance(root.a_thing(), limits))
        self.assertEqual(limits.__doc__, "Where an axis may go.")

    def test_nested(self):
        root = self.root()
        axis = root.an_axis({"name": "x", "limits": {"low": 1}, "state": "MOVING", "positions": [1, 2]})
        self.assertEqual((axis.name, axis.limits.high, axis.state.name, axis.positions), ("x", 10, "MOVING", (1.0, 2.0)))
        self.assertEqual(root.an_axis(axis), axis)
        self.assertEqual(root.an_axis(("x",)).limits, (0, 1))
        self.raises(TypeError, "field limits: Limits (low, high) has no field 'lo'", root.an_axis, {"name": "x", "limits": {"lo": 1}})
        self.assertEqual(root.an_axis_by_value(axis),
                         (("name", "x"), ("limits", (("low", 1.0), ("high", 10.0))), ("state", 1), ("positions", (1.0, 2.0))))
        rows = root.a_row_of_limits([(1, 2), {"low": 3}])
        self.assertEqual([tuple(row) for row in rows], [(1.0, 2.0), (3.0, 10.0)])
        self.raises(TypeError, "item 1: Limits (low, high) misses its field low", root.a_row_of_limits, [(1, 2), {}])


class Buffers(Client):
    def test_a_million_numbers_are_one_message(self):
        root = self.root()
        waveform = root.a_waveform
        data, sent = self.requests(waveform, 1_000_000)
        self.assertEqual((type(data), len(data), sent), (bytes, 8_000_000, 1))
        self.assertEqual(struct.unpack_from("<d", data, 8 * 999_999), (499_999.5,))
        if np is not None:
            samples = np.frombuffer(data)
            self.assertEqual((samples.dtype, samples.shape, samples[-1]), (np.float64, (1_000_000,), 499_999.5))
            self.assertIs(samples.base, data)  # no copy

    def test_an_array_of_two_dimensions(self):
        root = self.root()
        shape, dtype, data = root.an_image()
        self.assertEqual((shape, dtype, data), ((2, 3), "<f4", struct.pack("<6f", *range(6))))
        if np is not None:
            an_image = root.an_image
            image, sent = self.requests(lambda: np.ndarray(*an_image()))
            self.assertEqual((image.tolist(), image.dtype), ([[0, 1, 2], [3, 4, 5]], np.float32))
            self.assertEqual(sent, 1)
            self.assertEqual(root.a_sum_of_image((image.shape, image.dtype.str, image.tobytes())), 7)
        self.raises(ValueError, "an array of shape (2, 2) and type float32 is not of 24 bytes", root.a_sum_of_image,
                    ((2, 2), dtype, data))
        self.raises(ValueError, "the shape has more items than memory can hold", root.a_sum_of_image,
                    ((2**40, 2**40), dtype, data))
        self.raises(ValueError, "a length must be an int of at least 0", root.a_sum_of_image, ((-1,), dtype, data))
        self.raises(TypeError, "expected the dtype '<f4', got '<f8'", root.a_sum_of_image, (shape, "<f8", data))
        self.raises(TypeError, "pass (x.shape, x.dtype.str, x.tobytes())", root.a_sum_of_image, data)

    def test_what_is_taken_by_default(self):
        root = self.root()
        numbers = array.array("d", [1, 2, 3.5])
        for given in (numbers.tobytes(), bytearray(numbers.tobytes()), [1, 2, 3.5], (1, 2, 3.5), numbers, memoryview(numbers),
                      iter([1, 2, 3.5])):
            self.assertEqual(root.a_sum(given), 6.5)
        if np is not None:
            self.assertEqual(root.a_sum(np.array([1, 2, 3.5])), 6.5)
        self.raises(TypeError, "item 1: expected float, got str", root.a_sum, [1, "x"])
        self.raises(ValueError, "expected items of 8 bytes (float64), got 5 bytes", root.a_sum, b"12345")

    def test_memory_is_asked_for_where_it_may_be(self):
        root = self.root(allow_public_attrs=True)
        echo, total = getattr(root, function_name("rpyc::Buffer<double>")), root.a_sum
        numbers = array.array("d", [1, 2, 3.5])
        for given in (numbers, memoryview(numbers), memoryview(numbers.tobytes())):
            self.assertEqual(echo(given), numbers.tobytes())
        self.raises(TypeError, "expected a buffer of float64, got array.array: its items are of the type 'f'", echo,
                    array.array("f", [1]))
        self.raises(TypeError, "its items are of the type 'q'", echo, memoryview(array.array("q", [1])))
        if np is None:
            return
        many = np.arange(100_000, dtype=np.float64)
        got, sent = self.requests(total, many)
        self.assertEqual(got, many.sum())
        self.assertLess(sent, 10)
        self.assertEqual(total(np.arange(4, dtype=">i2")[::2]), 2)
        self.assertEqual(np.frombuffer(echo(np.array([[1, 2], [3, 4]], np.int8).T)).tolist(), [1, 3, 2, 4])
        self.raises(TypeError, "Cannot cast array data from dtype('complex128') to dtype('float64')", echo, np.array([1j]))
        image = np.array([[0, 1, 2], [3, 4, 5]], np.int8)
        self.assertEqual(root.a_sum_of_image(image), 7)

    def test_bytes(self):
        for config in ({}, {"allow_public_attrs": True}):
            root = self.root(**config)
            for name in ("std::vector<uint8_t>", "std::vector<std::byte>", "std::vector<char>"):
                echo = getattr(root, function_name(name))
                for given in (b"ab", bytearray(b"ab"), memoryview(b"ab"), [97, 98], array.array("B", b"ab")):
                    self.assertEqual(echo(given), b"ab")
                if np is not None:
                    self.assertEqual(echo(np.array([97, 98], np.uint8)), b"ab")
                    self.assertEqual(echo(np.array([97, 98], np.int32)), b"ab")
                self.raises(OverflowError, "item 0: int out of range", echo, [256])
                self.raises(TypeError, "expected bytes, got str", echo, "ab")


class PathsAndTimes(Client):
    def test_paths(self):
        echo = getattr(self.root(), function_name("std::filesystem::path"))
        for given in ("/tmp/x", pathlib.Path("/tmp/x"), pathlib.PurePosixPath("/tmp/x")):
            self.assertEqual(echo(given), "/tmp/x")
        self.raises(ValueError, "embedded null byte", echo, "/tmp/x\0.txt")
        with os.scandir("/") as entries:
            entry = next(entries)
        self.raises(TypeError, "expected str or os.PathLike, got posix.DirEntry: pass what os.fspath() gives", echo, entry)
        echo = getattr(self.root(allow_all_attrs=True), function_name("std::filesystem::path"))
        self.assertEqual(echo(entry), entry.path)

    def test_times(self):
        root = self.root()
        utc = datetime.datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)
        there = utc.astimezone(datetime.timezone(-datetime.timedelta(hours=5, minutes=30)))
        for name in ("absl::Time", "std::chrono::system_clock::time_point"):
            echo = getattr(root, function_name(name))
            for given in (utc, there, utc.timestamp()):
                self.assertAlmostEqual(echo(given), utc.timestamp(), places=6)
            old = datetime.datetime(1969, 12, 31, 23, 59, 59, 500000, tzinfo=datetime.timezone.utc)
            self.assertEqual(echo(old), -0.5)
            self.raises(TypeError, "it has none; pass what its timestamp() or astimezone() gives", echo, utc.replace(tzinfo=None))
            for given in (datetime.date(2020, 1, 1), "2020", None):
                with self.assertRaises(TypeError):
                    echo(given)
            if np is not None:
                self.raises(TypeError, "got numpy.datetime64", echo, np.datetime64("2020-01-01T00:00:00.000000000"))

    def test_durations(self):
        root = self.root()
        for name in ("absl::Duration", "std::chrono::milliseconds"):
            echo = getattr(root, function_name(name))
            for given in (1.5, datetime.timedelta(seconds=1.5), datetime.timedelta(days=-400, milliseconds=5),
                          datetime.timedelta(days=1), datetime.timedelta(0)):
                seconds = given.total_seconds() if isinstance(given, datetime.timedelta) else given
                self.assertEqual(echo(given), seconds)
            if np is not None:
                self.raises(TypeError, "got numpy.timedelta64", echo, np.timedelta64(5, "ns"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
