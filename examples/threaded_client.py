"""A client of threaded_server: threaded_client.py [PORT]."""

import sys

import rpyc

conn = rpyc.connect("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 12345)
print(conn.root.get_data("temperature"))
print(conn.root.get_data(key="pressure"))
conn.close()
