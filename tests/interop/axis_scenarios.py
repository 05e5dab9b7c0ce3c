"""Exceptions of a C++ program, seen by a stock client (scenario.py). The service is AXIS, of tests/fixture/axis.cc."""

import sys
import traceback
import types

from scenario import names

try:
    from rpyc.core.vinegar import GenericException
except ImportError:  # see scenario.py
    pass


def _lab():
    """The module that a client's author writes."""
    lab = types.ModuleType("lab")

    class LimitError(Exception):
        __module__ = "lab"

    lab.LimitError = LimitError
    return lab


def it_has_class_message_and_attributes(t):
    root = t.root("axis")
    with t.assertRaises(GenericException) as caught:
        root.move(12)
    error = caught.exception
    t.assertEqual("lab.LimitError", type(error).__name__)
    t.assertEqual(("12 is beyond 10", ), error.args)
    t.assertEqual(("x", 10.0), (error.axis, error.limit))
    t.assertIn("\nlab.LimitError: 12 is beyond 10\n", str(error))
    t.assertIsNone(root.move(1))


def the_clients_own_class_catches_it(t):
    sys.modules["lab"] = lab = _lab()
    try:
        with t.assertRaises(lab.LimitError) as caught:
            t.root("axis", instantiate_custom_exceptions=True).move(12)
        t.assertEqual(10.0, caught.exception.limit)
    finally:
        del sys.modules["lab"]


def the_most_derived_class_decides(t):
    root = t.root("axis")
    with t.assertRaises(ValueError) as caught:
        root.move(99)
    t.assertEqual(("99 is beyond the stop", ), caught.exception.args)
    t.assertEqual(20.0, caught.exception.limit)
    with t.assertRaises(GenericException) as caught:
        root.move(-99)
    t.assertEqual("lab.LabError", type(caught.exception).__name__)
    with t.assertRaises(OSError) as caught:
        root.move(-1)
    t.assertEqual((19, "the cable is out"), caught.exception.args)
    t.assertIn("\nOSError: [Errno 19] the cable is out\n", str(caught.exception))


def it_passes_through_a_callback_as_itself(t):
    root = t.root("axis")
    with t.assertRaises(GenericException) as caught:
        root.call(lambda: root.move(12))
    error = caught.exception
    t.assertEqual("lab.LimitError", type(error).__name__)
    t.assertEqual(10.0, error.limit)
    t.assertIn("Remote Traceback (2)", str(error))
    with t.assertRaises(ValueError) as caught:
        root.call(lambda: root.move(99))
    t.assertEqual(20.0, caught.exception.limit)


def the_program_catches_what_the_client_raises(t):
    root = t.root("axis")
    lab = _lab()

    def fail(error):
        raise error

    error = lab.LimitError("no")
    error.limit = 3.5
    t.assertEqual(("LimitError", 3.5), root.caught(lambda: fail(error)))
    t.assertEqual(("RemoteError", "KeyError: 'k'"), root.caught(lambda: fail(KeyError("k"))))
    t.assertIsNone(root.caught(lambda: None))
    t.assertEqual(("LimitError", 10.0), root.caught(lambda: root.move(12)))


BUILTINS = (ArithmeticError, AssertionError, AttributeError, ConnectionError, EOFError, FileNotFoundError, IndexError, KeyError,
            LookupError, MemoryError, NotImplementedError, OSError, OverflowError, PermissionError, RuntimeError, TimeoutError,
            TypeError, ValueError, ZeroDivisionError)


def tracebacks_end_as_pythons_do(t):
    root = t.root("axis")
    for cls in BUILTINS:
        for args in ((), ("none", ), ("", ), (5, ), (None, ), (b"b", ), (("a", 1), ), (5, "no such thing"), ("a", "b", 1.5)):
            error = cls(*args)
            expected = "".join(traceback.format_exception_only(cls, error))
            with t.assertRaises(cls) as caught:
                root.raise_builtin(cls.__name__, *args)
            t.assertEqual(args, caught.exception.args)
            t.assertEqual(f"Traceback (most recent call last):\n  C++\n{expected}", caught.exception._remote_tb)


ALL = names(globals())
