"""A client of configured_server: configured_client.py [PORT]."""

import sys

import rpyc

conn = rpyc.connect("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 12345)
print(conn.root.get_config())
try:
    conn.root._private
except AttributeError as e:
    print(e.args[0])
conn.close()
