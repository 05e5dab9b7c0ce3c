"""Clients of thread_pool_server, more than it has threads: thread_pool_client.py [PORT]."""

import sys
import threading

import rpyc

port = int(sys.argv[1]) if len(sys.argv) > 1 else 12345
sums = {}


def compute(n):
    conn = rpyc.connect("127.0.0.1", port)
    # The list stays here, and the server asks for its items.
    sums[n] = conn.root.heavy_computation(list(range(n + 1)))
    conn.close()


clients = [threading.Thread(target=compute, args=(n,)) for n in range(40)]
for client in clients:
    client.start()
for client in clients:
    client.join()
assert sums == {n: n * (n + 1) // 2 for n in range(40)}, sums
print(f"{len(sums)} sums, the last {sums[39]}")
