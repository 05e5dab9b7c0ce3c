"""What a stock Python client sees: client.py WHAT SECONDS --port=N (--server_pid=N). One JSON object of figures.

WHAT: echo64k (random bytes, which do not compress), root.add (attribute and call), add (call alone).
"""

import json
import os
import sys
import time

import rpyc


def main(what, seconds, port, *_):
    conn = rpyc.connect("127.0.0.1", int(port.rpartition("=")[2]))
    wanted = 3
    # Only what is needed is held: a proxy that lives spares the DEL of the next proxy of the same object.
    if what == "root.add":
        call = lambda: conn.root.add(1, 2)
    elif what == "add":
        add = conn.root.add
        call = lambda: add(1, 2)
    else:
        echo, wanted = conn.root.echo, os.urandom(1 << 16)
        call = lambda: echo(wanted)
    for _ in range(3):
        if call() != wanted:
            raise SystemExit("wrong answer")
    took, begin = [], time.perf_counter()
    end = begin + float(seconds)
    last = begin
    while last < end:
        call()
        now = time.perf_counter()
        took.append(now - last)
        last = now
    took.sort()
    print(json.dumps({
        "calls_per_s": len(took) / (last - begin),
        "p50_us": took[len(took) // 2] * 1e6,
        "p99_us": took[len(took) * 99 // 100] * 1e6,
    }))
    conn.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
