"""The service MIDDLE in Python, for the baseline: the tests are about tests/fixture/middle.cc."""

import rpyc


class Middle(rpyc.Service):
    conn = None

    def exposed_reach(self, host, port, dialect=0):
        self.conn = rpyc.connect(host, port, config={"allow_setattr": True})

    def exposed_leave(self):
        self.conn.close()

    def exposed_origin(self):
        return self.conn.root

    def exposed_forward(self, method, *args):
        return getattr(self.conn.root, method)(*args)

    def exposed_call(self, f, *args):
        return f(*args)

    def exposed_fie_update(self, arg):
        arg.msg = arg.msg + " fie"
        return self.conn.root.foe_update(arg, " foo bar")
