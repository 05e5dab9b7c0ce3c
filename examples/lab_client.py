"""Drives the laboratory: lab_client.py [PORT]. With numpy it shows the waveform as an array."""

import collections
import sys

import rpyc
from rpyc.core.vinegar import GenericException

conn = rpyc.connect("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 18861)
root = conn.root
State = root.State

for axis in root.axes():
    turns = isinstance(axis, root.RotaryAxis)
    print(f"{axis.name}: {axis.state.name}, {'turns' if turns else 'goes'} from {axis.limits.low:g} to {axis.limits.high:g}")

x, phi = root.axis("x"), root.axis("phi")
x.set_limits({"low": -5, "high": 5})
low, high = x.limits
print(f"x goes from {low:g} to {high:g} now")
try:
    x.limits.high = 77
except AttributeError:
    print("what x.limits gives is a copy, and says so")
try:
    x.move_to(77)
except GenericException as e:
    print(f"{type(e).__name__}: {e.axis} and {e.position:g}")

seen = collections.defaultdict(list)


def on_position(axis, position):
    seen[axis].append(position)


root.listen(on_position)
phi.turn(degrees=90)
x.move_to(5)
while 5 not in seen["x"]:
    conn.serve(1)  # runs the calls that have come; rpyc.BgServingThread(conn) does so in the background
assert seen["x"] == sorted(seen["x"]) and x.position == 5
x.move_to(0, times=3)
x.stop()
assert x.state == State.IDLE
print("x has told where it was on its way")

samples = root.waveform()
try:
    import numpy as np
    print(f"a waveform of {len(np.frombuffer(samples))} volts")
except ImportError:
    print(f"a waveform of {len(samples) // 8} volts")
conn.close()
