"""A chat client: `chat_client.py HOST:PORT NAME`, the address of a CHAT. Says the lines of its input, prints what it hears."""

import sys

import rpyc
from rpyc.utils.helpers import BgServingThread

host, _, port = sys.argv[1].rpartition(":")
conn = rpyc.connect(host, int(port))
root = conn.root


# Two threads show lines, so each line is written in one piece.
def show(*words):
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


# Runs whenever another member says something, and tells the server that it has been read.
def hear(number, sender, text):
    show(f"{sender}: {text}")
    root.seen(number)


serving = BgServingThread(conn)
show("here:", *root.join(sys.argv[2], hear))
for line in sys.stdin:
    number = root.say(line.rstrip("\n"))
    show("read by:", *root.readers(number))
root.leave()
serving.stop()
conn.close()
