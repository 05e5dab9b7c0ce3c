"""The life of a client's connections, one function a scenario (scenario.py).

Those of ALL take no arguments. The others take some or leave a state, and tests name them.
"""

import os
import random
import time

from scenario import names, ours, random_bytes

try:
    import rpyc
    from rpyc.utils.helpers import BgServingThread
except ImportError:  # see scenario.py
    pass

# --- life of a connection ------------------------------------------------------------------------

def ping(t):
    conn = t.connect("calculator")
    conn.ping()
    conn.ping(data="x" * 100_000)
    conn.ping(data=os.urandom(5000))
    conn.ping(data=(1, (2.5, None)))
    t.assertFalse(conn.closed)


def close_returns_at_once(t):
    # 6.x waits up to 30 s for the end of the stream; half of that is far beyond what an answering host takes.
    for use in (lambda conn: None, lambda conn: conn.root.add(1, 2), lambda conn: conn.root.add):
        conn = t.connect("calculator")
        kept = use(conn)
        began = time.monotonic()
        conn.close()
        t.assertLess(time.monotonic() - began, 15)
        t.assertTrue(conn.closed)
        with t.assertRaises(EOFError):
            conn.ping()
        del kept


def close_with_calls_outstanding(t):
    conn = t.connect("echo")
    echo = rpyc.async_(conn.root.echo)
    kept = [echo(bytes(10_000)) for _ in range(20)]
    conn.close()
    t.assertTrue(conn.closed)
    del kept


def with_statement(t):
    with t.open("calculator") as conn:
        t.same(3, conn.root.add(1, 2))
    t.assertTrue(conn.closed)


def dropped_without_close(t):
    for _ in range(5):
        conn = t.connect("calculator")
        t.same(3, conn.root.add(1, 2))
        conn._channel.stream.sock.close()
    t.same(3, t.calc().add(1, 2))


def two_connections_are_apart(t):
    one, other = t.connect("calculator"), t.connect("calculator")
    t.assertIsNot(one.root, other.root)
    one.close()
    t.same(3, other.root.add(1, 2))


def async_calls(t):
    conn = t.connect("calculator")
    add = rpyc.async_(conn.root.add)
    heard = []
    results = [add(i, b=i) for i in range(100)]
    results[7].add_callback(lambda result: heard.append(result.value))
    t.assertEqual([result.value for result in reversed(results)], [2 * i for i in reversed(range(100))])
    t.assertTrue(all(result.ready and not result.error for result in results))
    t.assertEqual(heard, [14])


def async_exception(t):
    result = rpyc.async_(t.calc().add)("x", 1)
    result.wait()
    t.assertTrue(result.error)
    with t.assertRaises(TypeError):
        result.value


def timed_calls(t):
    add = rpyc.timed(t.calc().add, 40)
    t.assertEqual([add(i, 1).value for i in range(10)], list(range(1, 11)))


def background_serving_thread(t):
    conn = t.connect("calculator")
    bg = BgServingThread(conn)
    try:
        add = rpyc.async_(conn.root.add)
        results = [add(i, i) for i in range(50)]
        t.assertEqual([result.value for result in results], [2 * i for i in range(50)])
        t.same(7, conn.root.add(3, 4))
    finally:
        bg.stop()


def big_calls_in_a_row(t):
    conn = t.connect("echo")
    rng = random.Random(9)
    for n in (1 << 20, 10, 3_000_000, 64_000, 1):
        data = random_bytes(rng, n)
        t.assertTrue(conn.root.echo(data) == data)


@ours  # RPyC fails if both ends stand in a write for 3 s
def big_calls_outstanding(t):
    # More goes in both directions at once than the kernel buffers: an end that only writes, or only reads, stands still.
    conn = t.connect("echo")
    echo = rpyc.async_(conn.root.echo)
    data = os.urandom(1 << 20)
    results = [echo(data) for _ in range(8)]
    t.assertTrue(all(result.value == data for result in results))


ALL = names(globals())

# --- with arguments, or with a state that lasts ---------------------------------------------------

held = {}


def hold(t, service, key="held"):
    """Opens a connection that the next scenarios use."""
    held[key] = t.open(service)
    t.same(service.upper(), held[key].root.get_service_name())


def use_held(t, first, count, key="held"):
    root = held[key].root
    for i in range(first, first + count):
        t.same(i + 2**65, root.add(i, b=2**65))
        if i % 10 == 0:
            t.raises(TypeError, root.add, "x", i)
            held[key].ping()


def held_has_ended(t, key="held"):
    with t.assertRaises(EOFError):
        held[key].ping()
        held[key].root.get_service_name()


def drop_held(t, key="held"):
    held.pop(key).close()


def connection_is_refused(t, address):
    t.servers = dict(t.servers, there=address)
    # The file of a unix socket has gone with it.
    with t.assertRaises(FileNotFoundError if address.startswith("unix:") else ConnectionRefusedError):
        t.open("there")


def call_at(t, address):
    """Calls a calculator at any address, also over IPv6 and unix sockets."""
    t.servers = dict(t.servers, there=address)
    root = t.connect("there").root
    t.same(3, root.add(1, b=2))
    return root.get_service_name()
