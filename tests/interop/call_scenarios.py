"""Calls of the methods of a host, and the exceptions that they raise (scenario.py).

The service is FIXTURE: fixture.cc, and for the baseline fixture.py.
"""

import sys
import threading
import types

from scenario import MAJOR, names

try:
    import rpyc
    from rpyc.utils.helpers import BgServingThread
except ImportError:  # see scenario.py
    pass

# --- calls ------------------------------------------------------------------------------------------

def arguments(t):
    root = t.root()
    t.same((1, 2, "three"), root.defaults(1))
    t.same((1, 5, "three"), root.defaults(1, 5))
    t.same((1, 2, 7), root.defaults(1, c=7))
    t.same((1, 3, None), root.defaults(c=None, b=3, a=1))
    t.raises(TypeError, root.defaults)
    t.raises(TypeError, root.defaults, 1, 2, 3, 4)
    t.raises(TypeError, root.defaults, 1, a=1)
    t.raises(TypeError, root.defaults, 1, d=1)
    t.same((), root.arguments())
    t.same((1, "x", (None, )), root.arguments(1, "x", (None, )))
    t.raises(TypeError, root.arguments, a=1)
    t.same((), root.keywords())
    t.same((("a", 1), ("b", (2, ))), root.keywords(b=(2, ), a=1))
    t.raises(TypeError, root.keywords, 1)
    t.same((1, (2, 3), (("z", 4), )), root.both(1, 2, 3, z=4))
    t.same((1, (), (("args", 2), )), root.both(1, args=2))
    t.raises(TypeError, root.both)
    mine = [1]
    t.assertIs(root.arguments(1, mine)[1], mine)
    t.assertIs(root.keywords(a=mine)[0][1], mine)
    t.same(tuple(range(300)), root.arguments(*range(300)))


def customs(t):
    """The steps of RPyC's own test of a custom service."""
    root = t.root()
    t.same(5.0, root.distance((2, 7), (5, 11)))
    t.raises(TypeError, root.distance, 1, 2)
    t.same("decorated", root.get_decorated())
    t.same("FIXTURE", root.get_service_name())
    t.same(("FIXTURE", "FIXTURES"), root.get_service_aliases())
    t.assertEqual(list(root.get_list()), [1, 2, 3])
    point = root.Point(3.0, 4.0)
    t.assertIsInstance(point, root.Point)
    t.same(3.0, point.x)
    t.raises(AttributeError, getattr, root, "foobar")
    t.raises(AttributeError, getattr, root, "on_connect")
    t.raises(AttributeError, getattr, root, "on_disconnect")


def who_calls(t):
    conn = t.connect("fixture")
    name = conn._channel.stream.sock.getsockname()
    if isinstance(name, tuple):  # a client's unix socket has none
        t.same("%s:%d" % name[:2], conn.root.peer)


def a_root_for_each_connection(t):
    t.shares_memory()
    one, other = t.connect("fixture"), t.connect("fixture")
    session = one.root.session
    t.same(session, one.root.session)
    t.assertNotEqual(session, other.root.session)
    t.same(("connect", ), other.root.journal(session))
    one.close()
    t.eventually(lambda: other.root.journal(session) == ("connect", "disconnect"))
    gone = t.connect("fixture")
    session = gone.root.session
    gone._channel.stream.sock.close()
    t.eventually(lambda: other.root.journal(session) == ("connect", "disconnect"))


def before_closed(t):
    key = t.unique("before closed")
    conn = t.connect("fixture", before_closed=lambda root: root.note(key, "closing"))
    session = conn.root.session
    conn.close()
    other = t.root()
    t.same(("closing", ) if MAJOR >= 5 else (), other.journal(key))  # 4.1 does not know the key
    t.eventually(lambda: other.journal(session) == ("connect", "disconnect"))


def asynchronous_calls(t):
    conn, other = t.connect("fixture"), t.connect("fixture")
    gate, heard = t.gate(), []
    wait = rpyc.async_(conn.root.wait)
    result = wait(gate, answer=7)
    result.add_callback(lambda r: heard.append(r.value))
    t.assertFalse(result.ready)
    t.assertFalse(result.expired)
    other.root.open(gate)
    result.wait()
    t.assertTrue(result.ready)
    t.assertFalse(result.error)
    t.same(7, result.value)
    t.assertEqual(heard, [7])
    result.add_callback(lambda r: heard.append("late"))
    t.assertEqual(heard, [7, "late"])


def asynchronous_calls_expire(t):
    conn, other = t.connect("fixture"), t.connect("fixture")
    gate = t.gate()
    result = rpyc.async_(conn.root.wait)(gate)
    result.set_expiry(0.2)
    with t.assertRaises(rpyc.AsyncResultTimeout):
        result.wait()
    t.assertTrue(result.expired)
    other.root.open(gate)
    t.same(1, conn.root.echo(1))  # the late answer is dropped


def asynchronous_errors(t):
    root = t.root()
    fail = rpyc.async_(root.fail)
    result = fail("ValueError", "no")
    result.wait()
    t.assertTrue(result.ready and result.error)
    with t.assertRaises(ValueError):
        result.value
    heard = []
    fail("KeyError", "no").add_callback(lambda r: heard.append(r.error))
    t.same(1, root.echo(1))
    t.assertEqual(heard, [True])


def timed_calls_end(t):
    conn, other = t.connect("fixture"), t.connect("fixture")
    gate = t.gate()
    wait = rpyc.timed(conn.root.wait, 0.2)
    result = wait(gate, 5)
    with t.assertRaises(rpyc.AsyncResultTimeout):
        result.value
    other.root.open(gate)
    t.same(5, rpyc.timed(conn.root.wait, 40)(gate, 5).value)


def synchronous_calls_time_out(t):
    # The answers may take longer than the timeout under load. Only the call at the gate must not be answered.
    conn, other = t.connect("fixture"), t.connect("fixture")
    wait, gate = conn.root.wait, t.gate()
    conn._config["sync_request_timeout"] = 0.2
    with t.assertRaises(TimeoutError) as caught:
        wait(gate)
    t.assertIn("result expired", str(caught.exception))
    conn._config["sync_request_timeout"] = 30
    other.root.open(gate)
    t.same(2, conn.root.echo(2))


def late_answers_are_released(t):
    conn, other = t.connect("fixture"), t.connect("fixture")
    gate, key = t.gate(), t.unique("late")
    answer = conn.root.logged(key)
    result = rpyc.async_(conn.root.wait)(gate, answer)
    result.set_expiry(0)
    del answer
    other.root.open(gate)
    conn.ping(timeout=40)
    del result
    t.settle(conn)
    t.same(("destroyed", ), other.root.journal(key))


def calls_wait_together(t):
    gate, other = t.gate(), t.root()
    conns = [t.connect("fixture") for _ in range(50)]
    results = [rpyc.async_(conn.root.wait)(gate, i) for i, conn in enumerate(conns)]
    other.open(gate)
    t.assertEqual([result.value for result in results], list(range(50)))


def two_threads_of_a_client(t):
    root = t.root()
    wrong = []

    def work(mark):
        for i in range(100):
            if root.echo((mark, i)) != (mark, i) or root.number(i).value != i:
                wrong.append((mark, i))

    threads = [threading.Thread(target=work, args=(mark, )) for mark in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.assertEqual(wrong, [])


def results_beside_a_serving_thread(t):
    conn = t.connect("fixture")
    echo = rpyc.async_(conn.root.echo)
    bg = BgServingThread(conn)
    try:
        for i in range(300):
            result = echo(i)
            result.wait()
            t.same(i, result.value)
    finally:
        bg.stop()


# --- exceptions -------------------------------------------------------------------------------------

def exceptions_of_every_builtin_class(t):
    root = t.root()
    for name in ("ArithmeticError", "AssertionError", "AttributeError", "BufferError", "EOFError", "FloatingPointError",
                 "ImportError", "IndexError", "KeyError", "LookupError", "MemoryError", "NameError", "NotImplementedError",
                 "OverflowError", "RecursionError", "ReferenceError", "RuntimeError", "SystemError",
                 "TypeError", "UserWarning", "ValueError", "ZeroDivisionError", "GeneratorExit", "Exception",
                 "BaseException"):
        kind = getattr(__import__("builtins"), name)
        with t.assertRaises(kind) as caught:
            root.fail(name, "some text", 5)
        t.same(("some text", 5), caught.exception.args)
        t.assertEqual(type(caught.exception).__name__, name)
    t.assertEqual(t.raises(KeyError, root.fail, "KeyError", "k"), "'k'")
    t.assertEqual(t.raises(ValueError, root.fail, "ValueError"), "")
    t.same(1, root.echo(1))


def assertions(t):
    root = t.root()
    t.assertIsNone(root.remote_assert(True))
    t.assertEqual(t.raises(AssertionError, root.remote_assert, False), "remote assertion")


def exceptions_of_the_system(t):
    root = t.root()
    with t.assertRaises(FileNotFoundError) as caught:
        root.fail_os(2, "No such file", "/no/such")
    e = caught.exception
    t.same((2, "No such file", "/no/such"), (e.errno, e.strerror, e.filename))
    t.same((2, "No such file"), e.args)
    t.assertTrue(str(e).startswith("[Errno 2] No such file: '/no/such'"), str(e))


def exceptions_of_unknown_classes(t):
    with t.assertRaises(rpyc.core.vinegar.GenericException) as caught:
        t.root().fail_custom("of its own")
    t.assertEqual(type(caught.exception).__mro__[1].__name__, "interop_errors.CustomError")
    t.assertEqual(caught.exception.args, ("of its own", ))


def exceptions_of_known_classes(t):
    module = types.ModuleType("interop_errors")
    module.CustomError = type("CustomError", (Exception, ), {"__module__": "interop_errors"})
    sys.modules["interop_errors"] = module
    try:
        with t.assertRaises(module.CustomError):
            t.root(instantiate_custom_exceptions=True).fail_custom("of its own")
    finally:
        del sys.modules["interop_errors"]


def exceptions_tell_their_version(t):
    with t.assertRaises(ValueError) as caught:
        t.root().fail("ValueError", "x")
    version = caught.exception._remote_version
    # Clients of 4 and of 5 speak one dialect, and each warns of the other's version.
    t.assertEqual(version.split(".")[0], str(MAJOR) if t.baseline or MAJOR == 6 else "<version denied>")
    t.assertIn("Traceback (most recent call last)", str(caught.exception))
    t.assertNotIn("WARNING", str(caught.exception))


def exceptions_tell_nothing_where_denied(t):
    root = t.root("quiet")
    with t.assertRaises(AssertionError) as caught:
        root.remote_assert(False)
    t.assertEqual(caught.exception._remote_version, "<version denied>")
    t.assertIn("<traceback denied>", str(caught.exception))
    t.assertNotIn("most recent call last", str(caught.exception))


def exceptions_have_causes(t):
    with t.assertRaises(RuntimeError) as caught:
        t.root().fail_chained()
    t.assertEqual(caught.exception.args, ("the effect", ))
    t.assertIn("the cause", str(caught.exception))


def stop_iteration_is_an_exception_too(t):
    root = t.root()
    with t.assertRaises(StopIteration):
        root.fail("StopIteration")
    t.same(1, root.echo(1))


def system_exit_does_not_end_the_host(t):
    conn, other = t.connect("fixture"), t.connect("fixture")
    with t.assertRaises(SystemExit) as caught:
        conn.root.fail("SystemExit", 5)
    t.assertEqual(caught.exception.args, (5, ))
    t.same(1, conn.root.echo(1))
    t.same(1, other.root.echo(1))


def a_request_over_a_limit_is_told_so(t):
    if t.baseline:
        return  # RPyC has no limits: it takes them all
    root, deep = t.root(), ()
    for _ in range(250):
        deep = (deep, )
    t.assertIn("exceeds max_nesting 200", t.raises(ValueError, root.echo, deep))
    t.assertIn("inflates to more than max_inflated_bytes 67108864", t.raises(ValueError, root.echo, bytes(70 << 20)))
    t.same(1, root.echo(1))


def keyboard_interrupt_does_not_end_the_host(t):
    conn, other = t.connect("fixture"), t.connect("fixture")
    with t.assertRaises(EOFError if t.baseline else KeyboardInterrupt):
        conn.root.fail("KeyboardInterrupt")
    if not t.baseline:
        t.same(1, conn.root.echo(1))
    t.same(1, other.root.echo(1))
    t.same(1, t.root().echo(1))


ALL = names(globals())
