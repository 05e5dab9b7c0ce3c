"""A client whose threads are bound to the host's: each of its callbacks runs on the thread that made the call.

bound_client.py HOST:PORT   prints what it has seen, one line each.
"""

import sys
import threading

import rpyc

CALLS = 30


def nest(root, depth):
    me = threading.get_ident()

    def callback(n):
        assert threading.get_ident() == me, "another thread runs this one's callback"
        return n if n == 0 else 1 + root.call(callback, n - 1)

    return root.call(callback, depth)


def main(address):
    host, _, port = address.rpartition(":")
    conn = rpyc.connect(host, int(port), config={"bind_threads": True, "sync_request_timeout": 20})
    root = conn.root
    print("nested", nest(root, 10))
    seen, errors = [], []

    def work():
        try:
            seen.extend(nest(root, 3) for _ in range(CALLS))
        except BaseException as error:  # printed by the main thread
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    print("threads", seen == [3] * (4 * CALLS))
    deep = ()
    for _ in range(250):
        deep = (deep, )
    try:
        root.call(abs, deep)
    except ValueError as error:
        print("refused", error.args[0])
    print("served", root.call(abs, -1))
    conn.close()


if __name__ == "__main__":
    main(sys.argv[1])
