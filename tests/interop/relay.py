"""The service RELAY in Python, for the baseline: the tests are about tests/fixture/relay.cc."""

import traceback

import rpyc


class Relay(rpyc.Service):
    shelf = {}

    def exposed_keep(self, name, x):
        self.shelf[name] = x

    def exposed_kept(self, name):
        return self.shelf[name]

    def exposed_forget(self, name):
        self.shelf.pop(name, None)

    def exposed_both(self, x):
        return x, x

    def exposed_call(self, f, *args):
        return f(*args)

    def exposed_caught(self, f, *args):
        try:
            f(*args)
        except BaseException as e:
            kind = type(e)
            return (kind.__module__, kind.__name__, e.args, hasattr(e, "_remote_tb"), getattr(e, "_remote_tb", ""))

    def exposed_wrapped(self, f):
        try:
            f()
        except BaseException as e:
            raise RuntimeError("wrapping") from e

    def exposed_forward(self, name, method, *args):
        return getattr(self.shelf[name], method)(*args)

    def exposed_fie_update(self, name, arg):
        arg.msg = arg.msg + " fie"
        return self.shelf[name].foe_update(arg, " foo bar")
