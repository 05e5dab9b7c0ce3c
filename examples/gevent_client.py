"""Clients of gevent_server, all at once: gevent_client.py [PORT]."""

import sys
import threading

import rpyc

port = int(sys.argv[1]) if len(sys.argv) > 1 else 12345
done = {}


def operate(n):
    conn = rpyc.connect("127.0.0.1", port)
    # The call waits at the server for 0.1 s. Meanwhile the server serves the other clients, on the same thread.
    done[n] = conn.root.io_operation(f"data {n}")
    conn.close()


clients = [threading.Thread(target=operate, args=(n,)) for n in range(40)]
for client in clients:
    client.start()
for client in clients:
    client.join()
assert done == {n: f"Processed: data {n}" for n in range(40)}, done
print(f"{len(done)} operations, the last: {done[39]}")
