"""RPyC's own servers, with the service EVERYDAY: python_server.py CLASS [KEYFILE CERTFILE].

CLASS is one of rpyc.utils.server: ThreadedServer, ThreadPoolServer, GeventServer, ... Prints "registry at PORT", which is a
registry of RPyC's that knows nothing yet, and "listening on PORT".
"""

import sys

if sys.argv[1] == "GeventServer":
    import gevent.monkey
    gevent.monkey.patch_all()  # must come before all other imports, as for all its users
import logging
import ssl
import threading

import rpyc
from rpyc.utils import server
from rpyc.utils.authenticators import SSLAuthenticator
from rpyc.utils.registry import UDPRegistryServer

from everyday_service import Everyday


def main(name, *tls):
    logging.disable(logging.CRITICAL)
    if tls and tuple(map(int, rpyc.version.version[:2])) < (5, 2):
        tls = (*tls, None, None, ssl.PROTOCOL_TLS)  # TLS 1.0 unless it is told
    authenticator = SSLAuthenticator(*tls) if tls else None
    served = getattr(server, name)(Everyday, hostname="127.0.0.1", authenticator=authenticator)
    # RPyC's _start_in_thread does so too; without it a client that connects now is refused. The second time it does nothing.
    getattr(served, "_listen", lambda: served.listener.listen(served.backlog))()
    registry = UDPRegistryServer(host="127.0.0.1", port=0)
    threading.Thread(target=registry.start, daemon=True).start()
    print(f"registry at {registry.port}", flush=True)
    print(f"listening on {served.port}", flush=True)
    served.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
