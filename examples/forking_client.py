"""The client of forking_server: forking_client.py [PORT [CERTFILE]]. With the certificate it knows whom it trusts."""

import sys

import rpyc

port = int(sys.argv[1]) if len(sys.argv) > 1 else 12345
ca_certs = sys.argv[2] if len(sys.argv) > 2 else None

conn = rpyc.ssl_connect("127.0.0.1", port, ca_certs=ca_certs)
print(conn.root.sensitive_operation())
conn.close()
