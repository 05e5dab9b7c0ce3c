"""What listener_test.py runs with real clients: listening_client.py HOST:PORT listen|watch|ask.

listen, watch: says its address, then serves, and says after each call how many it has had and what was told.
ask: calls the methods that stdin names, and says what they give.
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
