"""Exceptions that a client raises in a callback, as they arrive at the host and back at the client."""


from scenario import names, rpyc

ONCE, TWICE = "========= Remote Traceback (1) =========", "========= Remote Traceback (2) ========="


class OddError(Exception):
    pass


class OddExit(SystemExit):
    pass


def _raising(exception):
    def raiser(*_):
        raise exception

    return raiser


def _relay(t, **config):
    """The root. The client sends every exception of its callbacks, also KeyboardInterrupt, which it does not send by default."""
    return t.root("relay", propagate_KeyboardInterrupt_locally=False, **config)


def a_builtin_comes_back_with_all_it_has(t):
    error = ValueError("bad", 7)
    error.code = 5
    with t.assertRaises(ValueError) as caught:
        _relay(t).call(_raising(error))
    t.assertEqual(("bad", 7), caught.exception.args)
    t.assertEqual(5, caught.exception.code)
    text = str(caught.exception)
    t.assertIn("in raiser", text, "the traceback of the first hop")
    t.assertLess(text.index(TWICE), text.index(ONCE), "the host's own is outside")
    if not t.baseline:
        t.assertIn(f"{TWICE}\nTraceback (most recent call last):\n  C++\nValueError: ('bad', 7)\n\n{ONCE}\nTraceback", text)


def os_errors_keep_their_parts(t):
    with t.assertRaises(FileNotFoundError) as caught:
        _relay(t).call(_raising(FileNotFoundError(2, "nope", "/x")))
    t.assertEqual((2, "nope", "/x"), (caught.exception.errno, caught.exception.strerror, caught.exception.filename))


def the_host_sees_each_class_as_it_is(t):
    t.since_4_1_3("it ends with a callback that raises SystemExit")
    relay = _relay(t)
    for error in (ValueError("v"), KeyError("k", 1), StopIteration(), SystemExit(3), GeneratorExit("g"), EOFError("e"),
                  KeyboardInterrupt("i"), AttributeError("a"), UnicodeDecodeError("utf8", b"\xff", 0, 1, "why"),
                  RecursionError("r"), MemoryError(), NotImplementedError()):
        module, name, args, from_peer, text = relay.caught(_raising(error))
        t.assertEqual(("builtins", type(error).__name__), (module, name))
        if name != "StopIteration":  # which is a number on the wire
            t.assertEqual(error.args, args)
            t.assertTrue(from_peer)
            t.assertIn("in raiser", text)


def what_is_no_builtin_is_itself_to_the_host(t):
    relay = _relay(t)
    module, name, args, _, _ = relay.caught(_raising(OddError("x", object())))
    t.assertIn("OddError", name)
    t.assertEqual("x", args[0])
    t.assertIn("<object object at", args[1], "what is not by value is its repr")
    if not t.baseline:  # a Python host calls it rpyc.core.vinegar/..., after the class that it makes for it
        t.assertEqual((__name__, "OddError"), (module, name))


def a_class_of_the_clients_own_comes_back(t):
    from rpyc.core.vinegar import GenericException
    with t.assertRaises(GenericException) as caught:
        _relay(t).call(_raising(OddError("x")))
    t.assertEqual(("x",), caught.exception.args)
    if t.baseline:
        return
    with t.assertRaises(OddError) as caught:
        _relay(t, instantiate_custom_exceptions=True).call(_raising(OddError("x")))
    t.assertEqual(("x",), caught.exception.args)


def classes_with_odd_names(t):
    relay = _relay(t)
    for name in ("", "a b", 'a"b\\\n', "__class__", "__del__", "Fehler \u00e4\u4e2d", "x" * 5000, "<traceback denied>"):
        with t.assertRaises(Exception) as caught:
            relay.call(_raising(type(name, (Exception,), {"__module__": "mod." + name})("text")))
        t.assertEqual(("text",), caught.exception.args)
        t.assertNotIsInstance(caught.exception, (EOFError, TimeoutError))


def exits_stop_nothing_but_what_raised_them(t):
    """SystemExit, KeyboardInterrupt and GeneratorExit are no Exceptions in Python."""
    relay = _relay(t)
    kinds = [SystemExit(3), GeneratorExit("g"), OddExit(4)]
    if not t.baseline:  # a Python server ends the connection then
        kinds.append(KeyboardInterrupt("i"))
    for error in kinds:
        with t.assertRaises(BaseException) as caught:
            relay.call(_raising(error))
        t.assertEqual(error.args, caught.exception.args)
        if not isinstance(error, OddExit):
            t.assertIsInstance(caught.exception, type(error))
        if isinstance(error, SystemExit):
            t.assertEqual(error.code, caught.exception.code)
        t.assertEqual(1, relay.call(lambda: 1), "the connection lives")
        t.assertEqual(2, _relay(t).call(lambda: 2), "and the host")


def stop_iteration_ends_an_iteration(t):
    with t.assertRaises(StopIteration):
        _relay(t).call(_raising(StopIteration()))
    with t.assertRaises(StopIteration):
        _relay(t).call(_raising(StopIteration("with a value")))


def an_error_with_a_cause(t):
    def fails():
        try:
            raise KeyError("inner")
        except KeyError as e:
            raise ValueError("outer") from e

    with t.assertRaises(ValueError) as caught:
        _relay(t).call(fails)
    t.assertIn("KeyError: 'inner'", str(caught.exception))


def the_host_may_wrap_it(t):
    with t.assertRaises(RuntimeError) as caught:
        _relay(t).wrapped(_raising(ValueError("inside")))
    text = str(caught.exception)
    t.assertIn("ValueError: inside", text)
    t.assertIn("in raiser", text)
    t.assertIn("The above exception was the direct cause of the following exception:", text)
    t.assertIn("RuntimeError: wrapping", text)


def a_traceback_that_the_client_denies(t):
    with t.assertRaises(ValueError) as caught:
        _relay(t, include_local_traceback=False, include_local_version=False).call(_raising(ValueError("v")))
    t.assertNotIn("in raiser", str(caught.exception))
    t.assertIn("<traceback denied>", str(caught.exception))


def an_error_goes_up_through_many_hops(t):
    relay = _relay(t)

    def down(n):
        if n == 0:
            raise ValueError("bottom")
        return relay.call(down, n - 1)

    with t.assertRaises(ValueError) as caught:
        down(5)
    t.assertEqual(("bottom",), caught.exception.args)
    for hop in range(1, 11):  # two for each time around
        t.assertIn(f"Remote Traceback ({hop})", str(caught.exception))


def an_endless_callback_is_a_recursion_error(t):
    relay = _relay(t)

    def again():
        return relay.call(again)

    with t.assertRaises(RecursionError):
        again()
    t.assertEqual(1, relay.call(lambda: 1))


ALL = names(globals())
