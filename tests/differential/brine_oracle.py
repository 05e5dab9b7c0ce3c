"""Python's own brine, for brine_differential_test.py: run by the interpreter of an environment with a real rpyc.

Each line of stdin is a JSON list of a command and its arguments, each line of stdout its result:
["load", [HEX, ...]]    for each: ["ok", HEX], what dump(load(it)) is, or ["no", "TypeError: ..."]
["make", SEED, COUNT]   dump of as many random values, in hex
"""

import json
import random
import struct
import sys

from rpyc.core import brine


def reload(text):
    try:
        return "ok", brine.dump(brine.load(bytes.fromhex(text))).hex()
    except Exception as e:  # every refusal is one, whatever its class
        return "no", f"{type(e).__name__}: {e}"


class Maker:
    """Makes values of every kind, most of them at the edges of the forms they are written in."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def size(self):
        return self.rng.choice((0, 1, 1, 2, 2, 3, 4, 5, 6)) if self.rng.random() < 0.98 else self.rng.choice(
            (254, 255, 256, 257))

    def int(self):
        rng = self.rng
        return rng.choice((
            rng.randrange(-60, 175),
            rng.choice((1, -1)) * (1 << rng.randrange(200)) + rng.randrange(-2, 3),
            rng.choice((1, -1)) * (10**rng.choice((18, 19, 20, 253, 254, 255, 256, 4299)) - rng.randrange(2)),
            rng.getrandbits(64) - (1 << 63)))

    def float(self):
        return struct.unpack("!d", self.rng.getrandbits(64).to_bytes(8, "big"))[0]

    def text(self):
        def character():
            code = self.rng.choice((self.rng.randrange(128), self.rng.randrange(0x800), self.rng.randrange(0x110000)))
            return chr(code if not 0xd800 <= code < 0xe000 else 0xfffd)
        return "".join(character() for _ in range(self.size()))

    def scalar(self):
        rng = self.rng
        return rng.choice((lambda: rng.choice((None, True, False, NotImplemented, Ellipsis)), self.int, self.int, self.text,
                           self.text, lambda: bytes(rng.randrange(256) for _ in range(self.size())), self.float,
                           lambda: complex(self.float(), self.float()), lambda: rng.choice((0.0, -0.0, 1.5, float("inf")))))()

    def value(self, depth=3, hashable=False):
        kind = self.rng.random() if depth else 1
        if kind < 0.35:
            return tuple(self.value(depth - 1, hashable) for _ in range(self.size()))
        if kind < 0.42:
            return frozenset(self.value(depth - 1, True) for _ in range(self.size()))
        if kind < 0.48 and not hashable:
            return slice(*(self.value(depth - 2 if depth > 1 else 0) for _ in range(3)))
        return self.scalar()


def make(seed, count):
    maker = Maker(seed)
    made = []
    while len(made) < count:
        text = brine.dump(maker.value()).hex()
        if len(text) < 40_000:
            made.append(text)
    return made


COMMANDS = {"load": lambda texts: [reload(text) for text in texts], "make": make}

for line in sys.stdin:
    command, *arguments = json.loads(line)
    print(json.dumps(COMMANDS[command](*arguments)), flush=True)
