"""The service EVERYDAY in Python: what everyday.cc is in C++, for RPyC's own servers."""

import rpyc


class Basket:
    """Holds numbers, and the name of their owner."""

    def __init__(self, owner, size):
        self._owner, self._items, self._last = owner, list(range(size)), 0

    exposed_owner = property(lambda self: self._owner)
    exposed_count = property(lambda self: len(self._items))

    def exposed_put(self, item):
        self._last = item
        return item

    def __len__(self):
        return len(self._items)

    def __getitem__(self, index):
        return self._items[index]

    def __contains__(self, item):
        return item in self._items

    def __iter__(self):
        return iter(self._items)

    def __enter__(self):
        return self._last

    def __exit__(self, *_):
        pass

    def __eq__(self, other):
        return isinstance(other, Basket) and self._owner == other._owner

    def __lt__(self, other):
        return self._owner < other._owner

    def __hash__(self):
        return len(self._items)

    def __str__(self):
        return f"basket of {self._owner}"

    def __repr__(self):
        return f"Basket({self._owner})"


class Everyday(rpyc.Service):
    ALIASES = ["EVERYDAY"]

    def exposed_add(self, a, b):
        return a + b

    def exposed_scale(self, value, factor=2, offset=0):
        return value * factor + offset

    def exposed_echo(self, x):
        return x

    def exposed_record(self):
        return ("ada", 36, (1.5, True))

    def exposed_numbers(self, count):
        return list(range(count))

    def exposed_table(self, count):
        return {f"key{i}": i for i in range(count)}

    def exposed_generate(self, count):
        return (i for i in range(count))

    def exposed_basket(self, owner, size):
        return Basket(owner, size)

    def exposed_total(self, items):
        return sum(items)

    def exposed_look_up(self, mapping, key):
        return mapping[key]

    def exposed_name_of(self, thing):
        return thing.name

    def exposed_call(self, f, x):
        return f(x)

    def exposed_call_often(self, f, count):
        return sum(f(i) for i in range(count))

    def exposed_call_with_list(self, f):
        return f(list(range(3)))

    def exposed_caught(self, f):
        try:
            f()
        except Exception as e:
            return type(e).__name__
        return ""

    def exposed_fail(self, text):
        raise ValueError(text)

    def exposed_materialize(self, thing):
        """The host answers this for every service."""
        return tuple(thing.items()) if isinstance(thing, dict) else tuple(thing)
