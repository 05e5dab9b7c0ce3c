"""Measures with the instrument: instrument_client.py [PORT]. Any number of these may run at the same time."""

import sys

import rpyc

conn = rpyc.connect("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 18861)
meter = conn.root.multimeter

print(f"channel 3: {meter.measure(3)} V")
try:
    meter.measure(channel=8)
except IndexError as e:
    print(f"no channel 8: {e.args[0]}")
print("sweep:", *meter.sweep(4, progress=lambda done, channels: print(f"  {done} of {channels}")))
for _ in range(100):
    assert meter.sweep() == tuple(1.25 * channel for channel in range(8))
print("100 sweeps")
conn.close()
