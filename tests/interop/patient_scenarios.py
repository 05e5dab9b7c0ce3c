"""What a client does while a method of its host takes long."""

import random
import socket

from scenario import random_bytes, rpyc

PIECE = 8 * 1000 * 1000
PIECES = 8
HANG_S = 60


def uploads_while_a_method_sleeps(t, seconds):
    """A stock client's socket has a timeout of 3 s: if a write makes no progress for so long the connection ends."""
    conn = t.connect("patient", sync_request_timeout=HANG_S)
    sleeping = rpyc.async_(conn.root.sleep)(seconds)
    take = rpyc.async_(conn.root.take)
    # The data is random, so that compression does not make it short.
    taken = [take(random_bytes(random.Random(i), PIECE)) for i in range(PIECES)]
    t.assertEqual([PIECE] * PIECES, [one.value for one in taken])
    t.assertEqual(seconds, sleeping.value)
    conn.ping()


def begins_to_wait(t):
    """A connection with a call that runs until its client has gone."""
    conn = t.open("patient")
    rpyc.async_(conn.root.wait)()
    return conn


def closes_in_the_middle(t):
    conn = begins_to_wait(t)
    t.eventually(lambda: t.root("patient").waiting() > 0)
    conn.close()  # returns: a client of RPyC 6 waits for an answer, or the end of the connection


def vanishes_in_the_middle(t):
    conn = begins_to_wait(t)
    t.eventually(lambda: t.root("patient").waiting() > 0)
    conn._channel.stream.sock.shutdown(socket.SHUT_RDWR)


def counts(t):
    root = t.root("patient")
    return root.waiting(), root.cancelled()
