"""How connections are served and how they end; tests/conformance runs these over every kind of server.

Those of ALL take no arguments. The others are steps of a test, which names the address and acts on the host between them.
"""

import json
import threading

from scenario import DEADLINE_S, names

try:
    import rpyc
except ImportError:  # see scenario.py
    pass


def requests_of_a_connection_keep_their_order(t):
    conns = [t.connect("public") for _ in range(4)]
    lists = [conn.root.get_list() for conn in conns]
    for mine in lists:
        t.assertEqual(list(mine), [1, 2, 3])
    appends = [rpyc.async_(mine.append) for mine in lists]
    results = [append(i) for i in range(200) for append in appends]
    for result in results:
        result.wait()
    for mine in lists:
        t.assertEqual(list(mine), [1, 2, 3, *range(200)])


def clients_are_called_back_all_at_once(t):
    """Each call waits for its client, which waits for all the other clients and calls again. No pool of the tests has as many
    threads."""
    conns = [t.connect("fixture") for _ in range(12)]
    meeting, outcomes = threading.Barrier(len(conns)), {}

    def call(i, root):

        def back(x):
            meeting.wait(DEADLINE_S)
            return root.callbacks().call(lambda y: root.echo(y + 1), x + 1)

        try:
            outcomes[i] = root.callbacks().call(back, i)
        except BaseException as e:
            meeting.abort()
            outcomes[i] = e

    threads = [threading.Thread(target=call, args=(i, conn.root)) for i, conn in enumerate(conns)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.assertEqual(outcomes, {i: i + 2 for i in range(len(conns))})


def a_client_comes_and_goes_many_times(t):
    for i in range(30):
        conn = t.open("calculator")
        t.same(i + 1, conn.root.add(i, 1))
        if i % 3 == 0:
            conn._channel.stream.sock.close()
        else:
            conn.close()


ALL = names(globals())

# --- steps, with a state that lasts -----------------------------------------------------------------

kept = {}  # by key: connections, and calls that have begun


def _at(t, address, tls=None):
    t.servers, t.tls = dict(t.servers, there=address), t.tls if tls is None else tls
    return t.open("there", sync_request_timeout=3 * DEADLINE_S)


def connects(t, address, key="conn", tls=None):
    """Opens a connection, uses it and keeps it; `tls` holds its arguments of ssl_connect."""
    kept[key] = _at(t, address, tls)
    t.same(key, kept[key].root.echo(key))


def has_credentials(t, address, tls, expected):
    """What the service knows of the client: nothing, or what Python's getpeercert would say."""
    with _at(t, address, tls) as conn:
        credentials = conn.root.credentials
        got = None if credentials is None else {key: credentials[key] for key in credentials}
        t.assertEqual(json.loads(json.dumps(got)), expected)  # `expected` came as JSON, in which tuples are lists


def still_works(t, key="conn"):
    t.same(5, kept[key].root.echo(5))


def leaves(t, key="conn"):
    kept.pop(key).close()


def hears_the_end(t, key="conn"):
    """The host ends the connection; the client sends nothing."""
    conn = kept.pop(key)
    with t.assertRaises(EOFError):
        while conn.serve(DEADLINE_S):
            pass
        t.fail("it does not end")
    conn.close()


def cannot_connect(t, address, tls=None):
    """Refused, or ended before anything was answered."""
    with t.assertRaises((OSError, EOFError)) as caught:
        _at(t, address, tls).root.echo(1)
    t.assertNotIsInstance(caught.exception, TimeoutError)


def ssl_connect_as_told(t, address, tls, wanted):
    """Calls rpyc.ssl_connect with the arguments in `tls` and no others."""
    host, _, port = address[len("tls:"):].rpartition(":")
    try:
        conn = rpyc.ssl_connect(host.strip("[]"), int(port), **tls)
    except (OSError, EOFError) as e:
        t.assertFalse(wanted, repr(e))
    else:
        with conn:
            t.assertTrue(wanted, "connected")
            t.same(1, conn.root.echo(1))


class _Call:
    """A call that runs until its client ends it: the method waits for a function of the client."""

    def __init__(self, conn):
        self.began, self.may_end, self.outcome = threading.Event(), threading.Event(), None
        self.conn = conn
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            self.outcome = self.conn.root.callbacks().call(self._wait)
        except BaseException as e:
            self.outcome = e

    def _wait(self):
        self.began.set()
        self.may_end.wait(DEADLINE_S)
        return "answered"


def begins_a_call(t, address, key="call"):
    call = kept[key] = _Call(_at(t, address))
    t.assertTrue(call.began.wait(DEADLINE_S), f"{call.outcome}")


def _outcome(t, key):
    call = kept.pop(key)
    call.may_end.set()
    call.thread.join(DEADLINE_S)
    t.assertFalse(call.thread.is_alive(), "neither an answer nor the end of the connection")
    return call


def its_call_is_answered(t, key="call"):
    call = _outcome(t, key)
    t.assertEqual(call.outcome, "answered")
    call.conn.close()


def its_call_is_answered_and_then_the_end_comes(t, key="call"):
    call = _outcome(t, key)
    t.assertEqual(call.outcome, "answered")
    kept["ending"] = call.conn
    hears_the_end(t, "ending")


def its_call_is_cut_off(t, key="call"):
    call = _outcome(t, key)
    t.assertIsInstance(call.outcome, EOFError)
    call.conn.close()


def calls_patient(t, address, method, key="waiting"):
    """Calls a method of PATIENT, which counts the calls that wait."""
    conn = _at(t, address)
    kept[key] = conn, rpyc.async_(getattr(conn.root, method))()


def waits_at(t, address):
    """How many calls wait, asked of another server."""
    conn = _at(t, address)
    count = conn.root.waiting()
    conn.close()
    return count


def lets_them_go(t, address):
    conn = _at(t, address)
    conn.root.release()
    conn.close()


def forgets_them(t, address):
    """Resets the count, in which calls of killed processes remain."""
    conn = _at(t, address)
    conn.root.forget()
    conn.close()


def its_wait_is_cut_off(t, key="waiting"):
    conn, result = kept.pop(key)
    with t.assertRaises(EOFError):
        result.value
    conn.close()


def connects_often(t, address, count, calls=1):
    """Opens connections and keeps them."""
    kept["many"] = [_at(t, address) for _ in range(count)]
    for n in range(calls):
        for i, conn in enumerate(kept["many"]):
            t.same((i, n), conn.root.echo((i, n)))


def all_work(t):
    for i, conn in enumerate(kept["many"]):
        t.same(i, conn.root.echo(i))


def all_leave(t):
    for conn in kept.pop("many"):
        conn.close()


def all_hear_the_end(t):
    for conn in kept.pop("many"):
        kept["ending"] = conn
        hears_the_end(t, "ending")


class _Visits:
    """Connections that are opened, used and closed, one after the other, until `enough` is set."""

    def __init__(self, visit):
        self.visit, self.enough, self.done, self.error = visit, threading.Event(), 0, None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.enough.is_set():
                self.visit()
                self.done += 1
        except BaseException as e:
            self.error = e


def begins_to_come_and_go(t, address, key="visits"):

    def visit():
        conn = _at(t, address)
        t.same("visit", conn.root.echo("visit"))
        conn.close()

    kept[key] = _Visits(visit)


def has_come_and_gone(t, key="visits"):
    """Ends the visits; returns how many there were. None failed."""
    visits = kept.pop(key)
    visits.enough.set()
    visits.thread.join(DEADLINE_S)
    t.assertIsNone(visits.error)
    return visits.done


def goes_on_coming_and_going(t, key="visits"):
    """Returns after a few more visits."""
    visits = kept[key]
    enough = visits.done + 5
    t.eventually(lambda: visits.error or visits.done >= enough)
    t.assertIsNone(visits.error)
