"""Talks to the thermostat: thermostat_client.py [PORT]."""

import sys

import rpyc

conn = rpyc.connect("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 18861)
thermostat = conn.root
print(f"it heats to {thermostat.target:g} degrees")
thermostat.set_target(22)
print(f"now to {thermostat.target:g}")
try:
    thermostat.set_target(celsius=300)
except ValueError as e:
    print(f"not to 300: {type(e).__name__}: {e.args[0]}")
before = now = thermostat.temperature
while now <= before:  # a question a time, each answered between two steps of the controller
    now = thermostat.temperature
print("it is getting warmer")
conn.close()
