"""A real client of UNRULY: unruly_client.py PORT METHOD [ARGUMENT], an int. Prints "calls", and then what came of it."""

import sys

import rpyc

port, method, *arguments = sys.argv[1:]
conn = rpyc.connect("127.0.0.1", int(port), config={"sync_request_timeout": 60})
conn.root.pid()
print("calls", flush=True)
try:
    print("returned", getattr(conn.root, method)(*map(int, arguments)), flush=True)
except Exception as e:  # some versions raise a class of their own with the name MemoryError
    print(type(e).__name__.rpartition(".")[2], flush=True)
try:
    conn.root.pid()
    print("works", flush=True)
except EOFError:
    print("closed", flush=True)
