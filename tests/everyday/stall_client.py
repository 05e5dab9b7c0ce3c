"""A stock client that counts: stall_client.py ADDRESS REPEAT [NAME...] runs each pattern so often, and prints a line of JSON
for each: {"pattern": NAME, "delayed": how many acknowledgements were delayed until a timer sent them}.

ADDRESS is HOST:PORT, of TLS tls:HOST:PORT.
"""

import json
import ssl
import sys

import rpyc

import delayed_acks
import patterns

# A peer that is slow for other reasons has a delayed acknowledgement now and then; a peer that stalls has them each time.
ATTEMPTS = 4


def connecting(address):
    host, _, port = address.rpartition(":")
    if not host.startswith("tls:"):
        return lambda: rpyc.connect(host, int(port))
    # Before 5.2 it asks for TLS 1.0 unless it is told otherwise.
    older = {"ssl_version": ssl.PROTOCOL_TLS} if tuple(map(int, rpyc.version.version[:2])) < (5, 2) else {}
    return lambda: rpyc.ssl_connect(host[len("tls:"):], int(port), **older)


def delayed(once, repeat):
    before = delayed_acks.count()
    for _ in range(repeat):
        once()
    return delayed_acks.count() - before


def main(address, repeat, *names):
    program = patterns.Program(connecting(address), many=100)
    for name in names:
        once = patterns.PATTERNS[name](program)
        once()
        fewest = delayed(once, int(repeat))
        for _ in range(ATTEMPTS - 1):
            if fewest == 0:
                break
            fewest = min(fewest, delayed(once, int(repeat)))
        print(json.dumps({"pattern": name, "delayed": fewest}), flush=True)
        del once
        patterns.settle(program)
    program.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
