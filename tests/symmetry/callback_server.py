"""A real ThreadedServer of the rpyc this Python has, with the service CALLBACK. Prints "listening on PORT"; ends with stdin."""

import logging
import sys
import threading

import rpyc
from rpyc.utils.server import ThreadedServer


class CallbackService(rpyc.Service):
    def exposed_call(self, f, *args):
        return f(*args)


logging.disable()  # rpyc prints the traceback of every exception that it answers with
server = ThreadedServer(CallbackService, hostname="127.0.0.1", port=0)
threading.Thread(target=server.start, daemon=True).start()
print(f"listening on {server.port}", flush=True)
sys.stdin.read()
