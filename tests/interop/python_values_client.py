"""python_values_client.py HOST PORT: the rows of docs/types.md, "What works from Python", against FIXTURE, with a real client."""

import collections
import datetime
import decimal
import enum
import pathlib
import sys
import tempfile
import unittest
import uuid

import rpyc

try:
    import numpy
except ImportError:
    numpy = None

DAY, LATER = datetime.datetime(2020, 1, 2), datetime.datetime(2021, 1, 1)


class Colour(enum.Enum):
    RED = "r"


class Point:
    def __init__(self, x):
        self.x = x

    def exposed_double(self):
        return 2 * self.x


class Rows(unittest.TestCase):
    def callbacks(self, **config):
        conn = rpyc.connect(sys.argv[1], int(sys.argv[2]), config=config)
        self.addCleanup(conn.close)
        return conn.root.callbacks()

    def test_what_the_host_does_not_look_into_stays_itself(self):
        host = self.callbacks()
        for value in (DAY, datetime.timedelta(1), decimal.Decimal("1.5"), Colour.RED, uuid.UUID(int=1), pathlib.PurePath("/x"),
                      Point(1), bytearray(b"x"), {1: 2}, [1]):
            self.assertIs(host.call(lambda given: given, value), value)

    def test_any_object_is_compared_hashed_and_shown(self):
        host = self.callbacks()
        self.assertTrue(host.less(DAY, LATER))
        self.assertTrue(host.equal(uuid.UUID(int=1), uuid.UUID(int=1)))
        self.assertEqual(host.hashed(DAY), hash(DAY))
        self.assertEqual(host.text(Colour.RED), ("Colour.RED", "<Colour.RED: 'r'>"))

    def test_attributes_are_the_clients_to_give(self):
        host, public = self.callbacks(), self.callbacks(allow_public_attrs=True)
        for given, name, value in ((DAY, "year", 2020), (Colour.RED, "value", "r"), (Point(3), "x", 3)):
            with self.assertRaises(AttributeError):
                host.get(given, name)
            self.assertEqual(public.get(given, name), value)
        self.assertEqual(host.get(Point(3), "double")(), 6)

    def test_files(self):
        host, public = self.callbacks(), self.callbacks(allow_public_attrs=True)
        with tempfile.TemporaryFile("w+") as file:
            file.write("1\n2\n")
            file.seek(0)
            with self.assertRaises(AttributeError):
                host.get(file, "read")
            self.assertEqual(public.get(file, "read")(), "1\n2\n")
            file.seek(0)
            self.assertEqual(host.first(file, 2), ("1\n", "2\n"), "its lines")

    def test_sequences_and_dicts_are_copied_by_typed_parameters(self):
        host = self.callbacks()
        for numbers in ((1, 2), [1, 2], {1, 2}, range(1, 3), (n for n in (1, 2)), collections.deque((1, 2))):
            self.assertEqual(host.total(numbers), 3)
        self.assertEqual(host.pairs(collections.OrderedDict(a=1)), (("a", 1), ))

    def test_arrays_of_numpy(self):
        if numpy is None:
            self.skipTest("this environment has no numpy")
        host, array = self.callbacks(), numpy.arange(3)
        self.assertEqual(host.total(array), 3)
        self.assertEqual(host.total(array.tolist()), 3)
        self.assertEqual(host.length(array), 3)
        self.assertEqual(host.item(array, 1), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
