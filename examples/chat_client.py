"""A chat client: `chat_client.py HOST:PORT NAME`, the address of a CHAT. Says the lines of its input, prints what it hears."""

import sys

import rpyc
from rpyc.utils.helpers import BgServingThread

host, _, port = sys.argv[1].rpartition(":")
conn = rpyc.connect(host, int(port))
root = conn.root


# Runs whenever somebody else says something, and tells the server that it has been read.
def hear(number, sender, text):
    print(f"{sender}: {text}", flush=True)
    root.seen(number)


serving = BgServingThread(conn)
print("here:", *root.join(sys.argv[2], hear), flush=True)
for line in sys.stdin:
    number = root.say(line.rstrip("\n"))
    print("read by:", *root.readers(number), flush=True)
root.leave()
serving.stop()
conn.close()
