"""RPyC's own servers, to compare with: python_server.py CLASS [KEYFILE CERTFILE]. Prints "listening on PORT".

CLASS is one of rpyc.utils.server: ThreadedServer, ThreadPoolServer, GeventServer, ...
"""

import sys

if sys.argv[1] == "GeventServer":
    import gevent.monkey
    gevent.monkey.patch_all()  # must come before all other imports, as for all its users
import logging
import resource

import rpyc
from rpyc.utils import server
from rpyc.utils.authenticators import SSLAuthenticator


class Echo(rpyc.Service):
    def exposed_add(self, a, b):
        return a + b

    def exposed_echo(self, data):
        return data


def main(name, *tls):
    logging.disable(logging.CRITICAL)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    served = getattr(server, name)(Echo, hostname="127.0.0.1", authenticator=SSLAuthenticator(*tls) if tls else None)
    served._listen()  # RPyC's _start_in_thread does so too; without it a client that connects now is refused
    print(f"listening on {served.port}", flush=True)
    served.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
