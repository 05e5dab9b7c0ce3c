"""What an ordinary Python program does with a server, as patterns by name: each is a function that does it once and checks
what comes back.

    for name in names(connecting=True):
        once = PATTERNS[name](program)
        once()

The service is EVERYDAY (everyday.cc, everyday_service.py). Runs with any RPyC since 4.1; what imports only the names needs
none.
"""

import gc

try:
    import rpyc
    from rpyc.utils.helpers import buffiter
except ImportError:  # this lets a program import only the names
    rpyc = None

PATTERNS = {}
CONNECTING = []  # patterns that make connections of their own
DISCOVERING = []  # patterns that ask a registry


def pattern(name, *groups):
    """`begin(program)` makes ready and returns the function that does it once."""

    def add(begin):
        PATTERNS[name] = begin
        for group in groups:
            group.append(name)
        return begin

    return add


def names(connecting=True, discovering=True):
    return [name for name in PATTERNS
            if (connecting or name not in CONNECTING) and (discovering or name not in DISCOVERING)]


class Program:
    """Holds one connection and knows how to make another. `many` is how long a long sequence is."""

    def __init__(self, connect, discover=None, many=1000):
        self.connect, self.discover, self.many = connect, discover, many
        self.conn = connect()
        self.root = self.conn.root

    def close(self):
        self.conn.close()


def same(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r:.200} instead of {wanted!r:.200}")


def returns(call, wanted):
    """Returns a function that calls and compares."""

    def once():
        got = call()
        if got != wanted:
            same(got, wanted)

    return once


class Thing:
    """This is what a program passes by reference."""

    def __init__(self):
        self.exposed_name = self.name = "a thing"


def fails(*_):
    raise KeyError("no such thing")


# --- calls by the root, as most programs write them: an attribute, a call, and the attribute is dropped ---

@pattern("root.add(1, 2)")
def _(p):
    return returns(lambda: p.root.add(1, 2), 3)


@pattern("root.scale(3, factor=5, offset=1)")
def _(p):
    return returns(lambda: p.root.scale(3, factor=5, offset=1), 16)


@pattern("root.echo of a float")
def _(p):
    return returns(lambda: p.root.echo(1.5), 1.5)


@pattern("root.echo of text")
def _(p):
    text = 10 * "Gr\u00fc\u00dfe, "
    return returns(lambda: p.root.echo(text), text)


@pattern("root.echo of 2 KiB of bytes")
def _(p):
    data = bytes(range(256)) * 8
    return returns(lambda: p.root.echo(data), data)


@pattern("root.echo of 64 KiB of bytes")
def _(p):
    data = bytes(range(256)) * 256
    return returns(lambda: p.root.echo(data), data)


@pattern("root.echo of a big int")
def _(p):
    return returns(lambda: p.root.echo(3**300), 3**300)


@pattern("root.echo of a nested tuple")
def _(p):
    value = (1, ("two", (3.0, None)), b"four")
    return returns(lambda: p.root.echo(value), value)


@pattern("root.record()")
def _(p):
    return returns(lambda: p.root.record(), ("ada", 36, (1.5, True)))


# --- by reference: what the client passes, and what the server does with it ---

@pattern("root.echo of a list")
def _(p):
    return returns(lambda: p.root.echo([1]), [1])


@pattern("root.echo of a dict")
def _(p):
    return returns(lambda: p.root.echo({"a": 1}), {"a": 1})


@pattern("root.echo of an object")
def _(p):
    return lambda: same(isinstance(p.root.echo(Thing()), Thing), True)


@pattern("root.echo of a lambda")
def _(p):
    return lambda: same(p.root.echo(lambda: 7)(), 7)


@pattern("root.total of a tuple of 10")
def _(p):
    return returns(lambda: p.root.total(tuple(range(10))), 45)


@pattern("root.total of a list of 10")
def _(p):
    return returns(lambda: p.root.total(list(range(10))), 45)


@pattern("root.total of a long list")
def _(p):
    items = list(range(p.many))
    return returns(lambda: p.root.total(items), sum(items))


@pattern("root.total of a generator of 10")
def _(p):
    return returns(lambda: p.root.total(i for i in range(10)), 45)


@pattern("root.look_up in a dict")
def _(p):
    return returns(lambda: p.root.look_up({"a": 1, "b": 2}, "b"), 2)


@pattern("root.name_of an object")
def _(p):
    return returns(lambda: p.root.name_of(Thing()), "a thing")


# --- callbacks ---

@pattern("callback with a value")
def _(p):
    return returns(lambda: p.root.call(lambda x: x + 1, 1), 2)


@pattern("callback that is held")
def _(p):
    f = lambda x: x + 1
    return returns(lambda: p.root.call(f, 1), 2)


@pattern("callback called 10 times")
def _(p):
    return returns(lambda: p.root.call_often(lambda i: i, 10), 45)


@pattern("callback with a list")
def _(p):
    return returns(lambda: p.root.call_with_list(lambda items: items[1]), 1)


@pattern("callback that returns a list")
def _(p):
    return returns(lambda: p.root.call(lambda x: [x], 1), [1])


@pattern("callback that raises, caught there")
def _(p):
    return returns(lambda: p.root.caught(fails), "KeyError")


@pattern("callback that raises, caught here")
def _(p):

    def once():
        try:
            p.root.call(fails, 1)
        except KeyError:
            return
        raise AssertionError("nothing was raised")

    return once


# --- held functions and asynchronous calls ---

@pattern("held add(1, 2)")
def _(p):
    add = p.root.add
    return returns(lambda: add(1, 2), 3)


@pattern("held scale(3, factor=5)")
def _(p):
    scale = p.root.scale
    return returns(lambda: scale(3, factor=5), 15)


@pattern("asynchronous call")
def _(p):
    add = rpyc.async_(p.root.add)
    return returns(lambda: add(1, 2).value, 3)


@pattern("burst of 50 asynchronous calls")
def _(p):
    add = rpyc.async_(p.root.add)

    def once():
        results = [add(i, 1) for i in range(50)]
        same([result.value for result in results], list(range(1, 51)))

    return once


@pattern("ping")
def _(p):
    return lambda: p.conn.ping()


# --- objects of the server ---

@pattern("an object made and dropped")
def _(p):
    return lambda: same(p.root.basket("ada", 3) is None, False)


@pattern("20 objects made, held and dropped")
def _(p):
    return lambda: same(len([p.root.basket("ada", 3) for _ in range(20)]), 20)


@pattern("property")
def _(p):
    basket = p.root.basket("ada", 3)
    return returns(lambda: basket.owner, "ada")


@pattern("method")
def _(p):
    basket = p.root.basket("ada", 3)
    return returns(lambda: basket.put(5), 5)


@pattern("held method")
def _(p):
    put = p.root.basket("ada", 3).put
    return returns(lambda: put(5), 5)


@pattern("len")
def _(p):
    basket = p.root.basket("ada", 3)
    return returns(lambda: len(basket), 3)


@pattern("item")
def _(p):
    basket = p.root.basket("ada", 3)
    return returns(lambda: basket[2], 2)


@pattern("in")
def _(p):
    basket = p.root.basket("ada", 3)
    return returns(lambda: 2 in basket, True)


@pattern("str")
def _(p):
    basket = p.root.basket("ada", 3)
    return returns(lambda: str(basket), "basket of ada")


@pattern("repr")
def _(p):
    basket = p.root.basket("ada", 3)
    return returns(lambda: repr(basket), "Basket(ada)")


@pattern("dir")
def _(p):
    basket = p.root.basket("ada", 3)
    return lambda: same("__len__" in dir(basket), True)


@pattern("hash")
def _(p):
    basket = p.root.basket("ada", 3)
    return returns(lambda: hash(basket), 3)


@pattern("hasattr that is there")
def _(p):
    basket = p.root.basket("ada", 3)
    return returns(lambda: hasattr(basket, "owner"), True)


@pattern("hasattr that is not")
def _(p):
    basket = p.root.basket("ada", 3)
    return returns(lambda: hasattr(basket, "price"), False)


@pattern("equal")
def _(p):
    one, other = p.root.basket("ada", 3), p.root.basket("ada", 5)
    return returns(lambda: one == other, True)


@pattern("less")
def _(p):
    one, other = p.root.basket("ada", 3), p.root.basket("grace", 3)
    return returns(lambda: one < other, True)


@pattern("with")
def _(p):
    basket = p.root.basket("ada", 3)
    basket.put(7)

    def once():
        with basket as last:
            same(last, 7)

    return once


# --- sequences of the server ---

@pattern("iteration of an object's 10")
def _(p):
    basket, wanted = p.root.basket("ada", 10), list(range(10))
    return returns(lambda: [item for item in basket], wanted)


@pattern("iteration of an object's many")
def _(p):
    basket, wanted = p.root.basket("ada", p.many), list(range(p.many))
    return returns(lambda: [item for item in basket], wanted)


@pattern("iteration of a generator of 10")
def _(p):
    wanted = list(range(10))
    return returns(lambda: [item for item in p.root.generate(10)], wanted)


@pattern("buffiter of a long generator")
def _(p):
    wanted = list(range(p.many))
    return returns(lambda: list(buffiter(p.root.generate(p.many), 100)), wanted)


@pattern("iteration of a returned list of 10")
def _(p):
    wanted = list(range(10))
    return returns(lambda: list(p.root.numbers(10)), wanted)


@pattern("item of a returned list")
def _(p):
    return returns(lambda: p.root.numbers(10)[3], 3)


@pattern("item of a returned dict")
def _(p):
    return returns(lambda: p.root.table(5)["key3"], 3)


@pattern("materialize a list of 100")
def _(p):
    numbers, wanted = p.root.numbers(100), tuple(range(100))
    return returns(lambda: p.root.materialize(numbers), wanted)


# --- exceptions ---

@pattern("exception")
def _(p):

    def once():
        try:
            p.root.fail("no")
        except ValueError as e:
            return same(e.args, ("no", ))
        raise AssertionError("nothing was raised")

    return once


@pattern("attribute that is not there")
def _(p):

    def once():
        try:
            p.root.nothing
        except AttributeError:
            return
        raise AssertionError("nothing was raised")

    return once


# --- connections ---

@pattern("connect and close", CONNECTING)
def _(p):
    return lambda: p.connect().close()


@pattern("connect, call and close", CONNECTING)
def _(p):

    def once():
        conn = p.connect()
        same(conn.root.add(1, 2), 3)
        conn.close()

    return once


@pattern("discover", DISCOVERING)
def _(p):
    return lambda: same(len(p.discover()), 1)


def settle(program):
    """Waits until the server has dropped what has been dropped so far: it answers one request after the other."""
    gc.collect()
    program.conn.ping()
