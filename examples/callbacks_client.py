"""Functions of this program, called by a C++ service: `callbacks_client.py HOST:PORT`, the address of a CALLBACK."""

import sys

import rpyc

host, _, port = sys.argv[1].rpartition(":")
conn = rpyc.connect(host, int(port))
root = conn.root

print("call:", root.call(lambda a, b: a + b, 3, 4))
print("map:", root.map(lambda x: x * x, range(5)))
print("map over a generator:", root.map(str.upper, (word for word in ("server", "calls", "client"))))


# A callback may call the server again, the server calls the callback again, and so on.
def factorial(n):
    return 1 if n == 0 else n * root.call(factorial, n - 1)


print("nested:", root.call(factorial, 6))


# What it raises arrives here unchanged, after a way there and back.
def fails(x):
    raise LookupError(f"no {x} here")


try:
    root.call(fails, "luck")
except LookupError as e:
    print("raised:", e.args[0])

conn.close()
