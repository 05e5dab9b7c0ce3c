"""The service MATRIX in Python: what matrix.cc is in C++. A call of its root, which no access rule prevents, returns one
object of each sort that a peer can hold (matrix_scenarios.py).
"""

import operator

import rpyc


def make_class():
    """A new one each time, since a peer may change it."""

    class Thing:
        """A thing."""

        def __init__(self):
            self._value, self._plain = 1, 2

        def exposed_shown(self):
            """Is shown."""
            return "shown"

        prefix_shown = exposed_shown

        def _get_value(self):
            return self._value

        def _set_value(self, value):
            self._value = value

        def _del_value(self):
            self._value = 0

        exposed_value = prefix_value = property(_get_value, _set_value, _del_value)

        def open(self):
            return "open"

        def _set_plain(self, value):
            self._plain = value

        plain = property(lambda self: self._plain, _set_plain)

        def _hidden(self):
            return "hidden"

        def __secret__(self):
            return "secret"

        def __len__(self):
            return 3

        def __iter__(self):
            return iter((1, 2, 3))

        def __reversed__(self):
            return iter((3, 2, 1))

        def __getitem__(self, index):
            return (1, 2, 3)[operator.index(index)]

        def __contains__(self, item):
            return item == 1

        def __add__(self, other):
            """Adds text."""
            return "thing" + other

        def __eq__(self, other):
            return other == 1 if type(other) is int else NotImplemented

        def __lt__(self, other):
            return 1 < other if type(other) is int else NotImplemented

        def __hash__(self):
            return 7

        def __enter__(self):
            return "entered"

        def __exit__(self, kind, value, traceback):
            return False

        def __call__(self):
            return "called"

        def __str__(self):
            return "a thing"

        def __repr__(self):
            return "Thing()"

    return Thing


class Matrix(rpyc.Service):
    """Gives what it is asked for."""

    def __call__(self, what):
        thing = make_class()

        def function():
            """Is a function."""
            return "function"

        return {
            "class": lambda: thing,
            "dict": lambda: {"a": 1, "b": 2},
            "function": lambda: function,
            "generator": lambda: (i for i in (1, 2, 3)),
            "list": lambda: [1, 2, 3],
            "method": lambda: thing().exposed_shown,
            "object": thing,
            "restricted": lambda: rpyc.restricted(thing(), {"exposed_shown", "prefix_shown", "__len__", "open"}, {"plain"}),
            "root": lambda: self,
        }[what]()

    def exposed_function(self):
        """Is a function."""
        return "function"

    def exposed_pair(self):
        """A class and an object of it."""
        thing = make_class()
        return thing, thing()

    prefix_function, prefix_pair = exposed_function, exposed_pair
