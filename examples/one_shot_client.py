"""The only client of one_shot_server: one_shot_client.py PORT."""

import sys

import rpyc

port = int(sys.argv[1])
conn = rpyc.connect("127.0.0.1", port)
print(conn.root.test_function())
try:
    rpyc.connect("127.0.0.1", port)
except ConnectionRefusedError:
    print("No second connection")
conn.close()
