"""What listener_test.py runs with real clients: listening_client.py HOST:PORT listen|watch|ask.

listen, watch: prints its address and serves; prints after each call how many there were and what the call told.
ask: calls the methods that stdin names, and prints their results.
"""

import json
import sys

import rpyc

address, what = sys.argv[1:]
host, _, port = address.rpartition(":")
conn = rpyc.connect(host, int(port), config={"sync_request_timeout": 60})


def say(*words):
    print(json.dumps(words), flush=True)


if what == "ask":
    for line in sys.stdin:
        say(getattr(conn.root, line.strip())())
else:
    calls = 0

    def told(position):
        global calls
        calls += 1
        say(calls, len(position) if what == "watch" else position)
        if calls == 3:
            raise ValueError("the third")

    say(conn.root.address())
    getattr(conn.root, what)(told)
    while True:
        conn.serve(1)
