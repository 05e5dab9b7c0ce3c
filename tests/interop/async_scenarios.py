"""Calls that are not waited for, of the client and of the host, and callbacks from a thread of the host (scenario.py). The
service is FIXTURE: background.cc, and for the baseline fixture.py.

Source: RPyC tests/test_async.py and tests/test_threads.py, 6.0.2; gates take the place of their sleeps.
"""

import threading

from scenario import DEADLINE_S, names, rpyc

try:
    from rpyc.utils.helpers import BgServingThread
except ImportError:  # see scenario.py
    pass

# --- results of the client ----------------------------------------------------------------------------


def an_async_result(t):
    root, other = t.root(), t.root()
    gate = t.gate()
    result = rpyc.async_(root.wait)(gate, 5)
    t.assertFalse(result.ready)
    t.assertFalse(result.expired)
    other.open(gate)
    result.wait()
    t.assertTrue(result.ready)
    t.assertFalse(result.expired)
    t.assertFalse(result.error)
    t.same(5, result.value)


def an_async_result_expires(t):
    root, other = t.root(), t.root()
    gate = t.gate()
    result = rpyc.async_(root.wait)(gate)
    result.set_expiry(0.1)
    t.assertFalse(result.ready)
    t.assertRaises(TimeoutError, result.wait)
    t.assertTrue(result.expired)
    other.open(gate)
    t.same(3, root.echo(3))  # it comes after the answer for which no call waits
    t.assertTrue(result.expired)
    t.assertFalse(result.ready)
    t.assertRaises(TimeoutError, lambda: result.value)


def callbacks_of_an_async_result(t):
    root, other = t.root(), t.root()
    gate = t.gate()
    visited = []

    def f(result):
        visited.append(("f", result.ready, result.expired, result.value))

    def g(result):
        visited.append("g")

    result = rpyc.async_(root.wait)(gate, "done")
    result.add_callback(f)
    t.assertEqual([], visited)
    other.open(gate)
    result.wait()
    t.assertEqual([("f", True, False, "done")], visited)
    result.add_callback(g)
    t.assertEqual("g", visited[1])
    t.assertEqual(2, len(visited))


def timed(t):
    root, other = t.root(), t.root()
    gate = t.gate()
    t.same(17, rpyc.timed(root.foo, DEADLINE_S)(1, 0.01).value)
    late = rpyc.timed(root.wait, 0.1)(gate)
    t.assertRaises(TimeoutError, lambda: late.value)
    other.open(gate)
    root.echo(1)


def an_async_error(t):
    root = t.root()
    result = rpyc.async_(root.fail)("ValueError", "no number", "foo")
    result.wait()
    t.assertTrue(result.ready)
    t.assertTrue(result.error)
    t.assertFalse(result.expired)
    with t.assertRaises(ValueError) as caught:
        result.value
    t.assertEqual(("no number", "foo"), caught.exception.args)
    # One failed call says nothing of the next.
    t.same(5, rpyc.async_(root.echo)(5).value)


def many_async_results(t):
    root = t.root()
    echo = rpyc.async_(root.echo)
    results = [echo(i) for i in range(200)]
    t.assertEqual(list(range(200)), [result.value for result in results])


# --- the host does not wait -------------------------------------------------------------------------


def the_host_calls_and_does_not_wait(t):
    pending = t.root().pending()
    states = []

    def f(x):
        states.append((pending.ready(), pending.expired()))  # before it has answered
        return x + 1

    pending.start(f, 2)
    t.same(3, pending.value())
    t.assertEqual([(False, False)], states)
    t.same((True, False, False), (pending.ready(), pending.error(), pending.expired()))
    pending.wait()
    t.same(3, pending.value())


def the_host_is_told_of_an_error(t):
    pending = t.root().pending()

    def fails():
        raise LookupError("no luck", 3)

    pending.start(fails)
    pending.wait()
    t.same((True, True, False), (pending.ready(), pending.error(), pending.expired()))
    with t.assertRaises(LookupError) as caught:
        pending.value()
    t.assertEqual(("no luck", 3), caught.exception.args[:2])
    t.assertIn("in fails", str(caught.exception))


def the_host_waits_no_longer(t):
    root = t.root()
    pending, noted = root.pending(), t.unique("noted")
    expired = []

    def f():
        pending.add_callback(noted, t.gate())
        pending.set_expiry(0)
        expired.append((pending.ready(), pending.expired()))
        return 1

    pending.start(f)
    t.assertRaises(TimeoutError, pending.wait)
    t.assertEqual([(False, True)], expired)
    t.assertRaises(TimeoutError, pending.value)
    t.same((False, True), (pending.ready(), pending.expired()))
    t.same((), root.journal(noted))


def the_host_is_called_back(t):
    conn = t.connect("fixture")
    root = conn.root
    other = t.root()
    for number, (f, says) in enumerate(((lambda: 7, "value 7"), (lambda: 1 // 0, "error"))):
        pending = root.pending()
        before, after = t.unique("before"), t.unique("after")

        def registers(f=f):
            pending.add_callback(before, before)
            return f()

        pending.start(registers)
        other.wait(before)  # sends no request on the connection of the answer
        t.same((says, ), other.journal(before))
        pending.add_callback(after, after)
        t.same((says, ), root.journal(after))


# --- callbacks from a thread of the host ------------------------------------------------------------


class _Counter:
    """Counts its calls, which must come with their numbers in order; at `enough` it opens a gate of the host."""

    def __init__(self, enough, then):
        self.numbers, self.enough, self.then = [], enough, then
        self.reached = threading.Event()

    def __call__(self, number):
        self.numbers.append(number)
        if len(self.numbers) == self.enough:
            self.then()
            self.reached.set()


def _in_order(t, counter):
    t.assertGreaterEqual(len(counter.numbers), counter.enough)
    t.assertEqual(list(range(len(counter.numbers))), counter.numbers)


def callbacks_while_the_client_waits_in_a_call(t):
    """The call does not return before the callbacks have come."""
    root, other = t.root(), t.root()
    for _ in range(2):
        gate = t.gate()
        counter = _Counter(5, lambda: other.open(gate))
        invoker = root.Invoker(counter, 0.01)
        t.same(34, root.wait(gate, 34))
        invoker.stop()
        _in_order(t, counter)
        seen = len(counter.numbers)
        root.echo(1)
        t.assertEqual(seen, len(counter.numbers), "stopped")


def callbacks_while_a_thread_serves(t):
    conn = t.connect("fixture")
    root = conn.root
    serving = BgServingThread(conn)
    try:
        counter = _Counter(5, lambda: None)
        invoker = root.Invoker(counter, 0.01)
        t.assertTrue(counter.reached.wait(DEADLINE_S))
        invoker.stop()
        _in_order(t, counter)
    finally:
        serving.stop()


def callbacks_that_call_the_host_again(t):
    root = t.root()
    echoed = []

    def calls_again(number):
        echoed.append(root.echo(number))

    def called():
        t.same(34, root.foo(2, 0.002))  # may find a callback before its answer
        return len(echoed) >= 5

    # Not faster than the echoes: a client that waits for one serves the next callback within that wait.
    invoker = root.Invoker(calls_again, 0.1)
    t.eventually(called)
    invoker.stop()
    # A callback may come while another one waits for its echo, and then ends first.
    t.assertEqual(list(range(len(echoed))), sorted(echoed))


def an_invoker_is_left_running(t):
    """The connection ends first; the host serves the next one."""
    conn = t.connect("fixture")
    counter = _Counter(1, lambda: None)
    invoker = conn.root.Invoker(counter, 0.001)
    while not counter.numbers:
        conn.root.echo(1)
    conn.close()
    del invoker
    t.same(2, t.root().echo(2))


ALL = names(globals())
