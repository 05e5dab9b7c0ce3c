"""A client of logging_host: logging_client.py [PORT]."""

import sys

import rpyc

conn = rpyc.connect("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 12345)
print(conn.root.hello())
conn.close()
