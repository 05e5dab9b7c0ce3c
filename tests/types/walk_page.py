"""ADDRESS PAGE: tries every example of docs/types.md on the service TYPES there; ends with 1 if one is not true."""

import array
import collections
import ctypes
import datetime
import decimal
import enum
import fractions
import http
import pathlib
import re
import sys

import rpyc

try:
    import numpy as np
except ImportError:
    np = None


def function_name(type):
    """Returns the same as FunctionName of types_service.h."""
    return re.sub(r"[^A-Za-z0-9]+", "_", type).rstrip("_")


CASE = re.compile(r"`([^`]*)` (gives|raises) `([^`]*)`")
# These are plain values that come by reference, in tables of three columns.
PASSED = re.compile(r"`([^`]*)` to `([^`]*)` (gives|raises) `([^`]*)`")


class Mine(enum.IntEnum):
    MOVING = 1
    LOST = 9


# Both are the client's own: one has the fields of Limits, the other has them in another order.
Range = collections.namedtuple("Range", "low high")
Egnar = collections.namedtuple("Egnar", "high low")


def main(address, page):
    host, port = address.rsplit(":", 1)
    root = rpyc.connect(host, int(port)).root
    names = {name: getattr(root, name)() for name in ("a_function", "a_list", "a_dict", "a_thing", "a_state", "a_limits")}
    names.update(np=np, ctypes=ctypes, Decimal=decimal.Decimal, Fraction=fractions.Fraction, HTTPStatus=http.HTTPStatus)
    names.update(datetime=datetime.datetime, timedelta=datetime.timedelta, timezone=datetime.timezone, Path=pathlib.Path,
                 array=array.array, Mine=Mine, Range=Range, Egnar=Egnar)
    wrong = tried = 0
    with open(page, encoding="utf-8") as lines:
        for line in lines:
            cells = line.replace("\\|", "\1").split("|")
            examples = cells[-2].replace("\1", "|") if len(cells) in (5, 7) else ""
            if len(cells) == 5:
                cases = [(function, given, what, want) for given, function, what, want in PASSED.findall(examples)]
            else:
                cases = [(cells[2].strip().strip("`"), *case) for case in CASE.findall(examples)]
            for function, given, what, want in cases:
                if np is None and "np." in given:
                    continue
                tried += 1
                function = function_name(function)
                # we wrote the page, so eval is safe
                args = () if given == "()" else (eval(given, dict(names, __name__=__name__)),)
                try:
                    got = "gives", repr(getattr(root, function)(*args))
                except Exception as e:
                    text = f"{type(e).__name__}: {e}".split("\n", 1)[0]
                    got = "raises", text.replace(f"{function}() argument 1: ", "")
                if got != (what, want):
                    wrong += 1
                    print(f"{function} of {given}: {got}, not {(what, want)}")
    print(f"{tried} examples under rpyc {rpyc.__version__}, {wrong} wrong")
    return 1 if wrong or tried < 118 + (30 if np else 18) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
