"""A client of registered_server, which it finds by its service's name: registered_client.py [REGISTRY_HOST [REGISTRY_PORT]]."""

import sys

import rpyc
from rpyc.utils.registry import UDPRegistryClient

registry = UDPRegistryClient()
if len(sys.argv) > 1:
    registry = UDPRegistryClient(sys.argv[1], port=int(sys.argv[2]) if len(sys.argv) > 2 else 18811)

addresses = rpyc.discover("CALCULATOR", registrar=registry)
print(f"Found {len(addresses)}")
conn = rpyc.connect(*addresses[0])
print(conn.root.add(2, 3))
print(conn.root.multiply(4, 5))
conn.close()
