"""The client of forking_server: forking_client.py [PORT [CERTFILE]]. With the certificate it checks the server."""

import ssl
import sys

import rpyc

port = int(sys.argv[1]) if len(sys.argv) > 1 else 12345
ca_certs = sys.argv[2] if len(sys.argv) > 2 else None

# RPyC before 5.2 asks for TLS 1.0, which servers no longer accept, unless it is told otherwise.
old = tuple(int(part) for part in rpyc.version.version[:2]) < (5, 2)
told = {"ssl_version": ssl.PROTOCOL_TLS} if old else {}

conn = rpyc.ssl_connect("127.0.0.1", port, ca_certs=ca_certs, **told)
print(conn.root.sensitive_operation())
conn.close()
