"""A client that a drain meets: `drain_client.py ADDRESS call` is in a call of a CALLBACK until a line comes on stdin,
`drain_client.py ADDRESS idle` waits. Prints how far it is, and "ended" at the end of the connection."""

import sys

import rpyc
from rpyc.utils.factory import unix_connect

address, what = sys.argv[1:]
if address.startswith("unix:"):
    conn = unix_connect(address[len("unix:"):])
else:
    host, _, port = address.rpartition(":")
    conn = rpyc.connect(host, int(port))


def say(text):
    print(text, flush=True)


# The server asks for this in the middle of the call, and waits for it.
def entered():
    say("entered")
    return sys.stdin.readline().strip()


root = conn.root
try:
    if what == "call":
        say("answered: " + root.call(entered))
    else:
        say("idle")
    while True:
        conn.serve(None)
except EOFError:
    say("ended")
