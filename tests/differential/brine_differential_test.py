"""Our brine against Python's own, of each version there is: the same values, the same refusals, the same bytes.

Input is what Python wrote, and random changes of it. Where the two differ on purpose, DIFFERENCES says so; anything else
fails. Frozensets are compared as sets: no version promises their order.
"""

import json
import os
import random
import re
import struct
import subprocess
import unittest

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "golden", "brine_vectors.json")
MADE, MUTATED, RANDOM = 1500, 4000, 1500


class Difference:
    """Describes one thing on which we differ from Python.

    `refusal` is a regex for our message, None where we accept and Python refuses; `by_python` one for its exception where it
    refuses. `really` looks at the input, so that a message cannot excuse a mistake: it gets the bytes, the offset that the
    message names, and the match. `examples` are in hex; `only_in` is a regex for the versions that differ.
    """

    def __init__(self, name, refusal, examples, really=lambda data, at, match: True, by_python=None, only_in=None):
        self.name, self.refusal, self.examples, self.really = name, refusal, examples, really
        self.by_python, self.only_in = by_python, only_in


def more_than_left(data, at, match):
    return int(match[1]) > int(match[2]) == len(data) - at - (1 if data[at] == 0x08 else 0) - header_size(data, at)


def header_size(data, at):
    at += data[at] == 0x08
    return {0x0e: 2, 0x16: 2, 0x0f: 5, 0x17: 5}.get(data[at], 1)


def int_text(data, at):
    start = at + header_size(data, at)
    size = data[at + 1] if data[at] == 0x16 else struct.unpack("!I", data[at + 1:at + 5])[0]
    return data[start:start + size]


def not_plain(data, at, match):
    return not re.fullmatch(rb"[+-]?[0-9]+", int_text(data, at))


def nested(data, at, match):
    return data[:at + 1].count(b"\x10") + data[:at + 1].count(b"\x1a") > 200


DIFFERENCES = [
    # We refuse what Python takes.
    Difference("a bytes body cut short by the end of the input becomes shorter bytes",
               r"brine: bytes of (\d+) bytes in (\d+) ", ("0b61", "0e056162", "0f0000010061", "080e056162", "11510b61"),
               more_than_left),
    Difference("so does the text of an int", r"brine: int of (\d+) bytes in (\d+) ", ("160535", "17000001003132"),
               more_than_left),
    Difference("int() takes blanks around the digits and underscores between them", r"brine: int text is not decimal ",
               ("1603203520", "1603315f30", "1602350a"), not_plain),
    Difference("more than 200 containers in one another", r"brine: nesting of 201 or more exceeds max_nesting 200 ",
               ("10" * 201 + "02", "1a10" * 201 + "02"), nested),
    Difference("frozenset() takes any iterable",
               r"brine: expected a tuple, found (bytes|text|something else) ", ("1a080c616263", "1a0a61", "1a01"),
               lambda data, at, match: data[at] == 0x1a and (0x08 <= data[at + 1] <= 0x0f or data[at + 1] == 0x01)),
    Difference("a slice is unpacked from any iterable of three",
               r"brine: expected a tuple, found (bytes|text|a frozenset) ", ("19080c616263", "190c616263", "191a12515253"),
               lambda data, at, match: data[at] == 0x19 and data[at + 1] in (*range(0x08, 0x10), 0x1a)),
    Difference("the long of Python 2, which no Python 3 writes", r"brine: unknown tag 0x9 ", ("0951", "091603313630"),
               lambda data, at, match: data[at] == 0x09, only_in=r"4\."),
    # We take what Python refuses.
    Difference("slices cannot be hashed before Python 3.12", None, ("1a101912000000", "1a10101912515253"),
               by_python=r"TypeError: unhashable type: 'slice'"),
]
# These are no differences, though they might be expected: bytes after the first value are ignored, long forms of short lengths
# are read, a sign and leading zeros are read, 4300 digits are the limit (of CPython since 3.11; of ours everywhere).
ALIKE = ("5152", "00ff", "16022b35", "16032d3030", "1603303035", "1400", "150000000151", "0e026162", "1a1251515251",
         "1a1103515118", "17000010cc" + "39" * 4300, "17000010cd" + "39" * 4301, "187ff0000000000001", "07",
         "", "08", "0800", "080aff", "19115151", "1600", "16012d", "1601d9", "ff", "1551", "080cf0908d", "1a02")


class Recoder:
    """Runs the built brine_recode."""

    def __init__(self):
        self.path = os.environ.get("BRINE_RECODE", "bazel-bin/tests/differential/brine_recode")

    def __call__(self, texts):
        done = subprocess.run([self.path], input="".join(text + "\n" for text in texts), capture_output=True, text=True,
                              timeout=harness.DEADLINE_S, check=True)
        answers = [tuple(line.split(" ", 1)) for line in done.stdout.splitlines()]
        assert len(answers) == len(texts), done.stderr
        return answers


class Oracle:
    def __init__(self, version):
        self.child = subprocess.Popen([harness.venv_python(version), os.path.join(HERE, "brine_oracle.py")],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *command):
        self.child.stdin.write(json.dumps(command) + "\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def load(self, texts):
        return [tuple(answer) for answer in self.ask("load", texts)]

    def close(self):
        self.child.communicate(timeout=harness.DEADLINE_S)


def canonical(text):
    """Returns an encoding with the items of every frozenset in order, each once; and whether there was a frozenset."""
    data, sets = bytes.fromhex(text), 0

    def value(at):
        nonlocal sets
        tag = data[at]
        if tag in (0x08, 0x19):
            body, end = value(at + 1)
            return data[at:at + 1] + body, end
        if tag == 0x1a:
            sets += 1
            parts, end = items(at + 1)
            return b"\x1a" + b"".join(sorted(set(parts))), end
        if 0x10 <= tag <= 0x15 or tag == 0x02:
            parts, end = items(at)
            return b"\x15" + struct.pack("!I", len(parts)) + b"".join(parts), end
        if tag in (0x0e, 0x0f, 0x16, 0x17):
            size = data[at + 1] if tag in (0x0e, 0x16) else struct.unpack("!I", data[at + 1:at + 5])[0]
            end = at + header_size(data, at) + size
        else:
            end = at + {0x0a: 2, 0x0b: 3, 0x0c: 4, 0x0d: 5, 0x18: 9, 0x1b: 17}.get(tag, 1)
        return data[at:end], end

    def items(at):
        tag, at = data[at], at + 1
        if tag == 0x02:
            return [], at
        count = tag - 0x0f
        if tag == 0x14:
            count, at = data[at], at + 1
        elif tag == 0x15:
            count, at = struct.unpack("!I", data[at:at + 4])[0], at + 4
        parts = []
        for _ in range(count):
            part, at = value(at)
            parts.append(part)
        return parts, at

    body, end = value(0)
    assert end == len(data), text
    return body, sets > 0


def mutated(rng, texts, count):
    sources = [bytes.fromhex(text) for text in texts if len(text) < 600]
    out = []
    while len(out) < count:
        data = bytearray(rng.choice(sources))
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(data) + 1)
            kind = rng.randrange(6)
            if kind == 0 and data:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            elif kind == 1 and data:
                data[at % len(data)] = rng.randrange(256)
            elif kind == 2:
                data.insert(at, rng.randrange(0x20))
            elif kind == 3:
                del data[at:at + rng.randrange(1, 8)]
            elif kind == 4:
                del data[at:]
            else:
                data[at:at] = rng.choice(sources)[:40]
        out.append(bytes(data).hex())
    return out


class Versions:
    """Compares with one version; the class of each version is made below."""
    version = None

    @classmethod
    def setUpClass(cls):
        cls.recode = Recoder()
        cls.oracle = Oracle(cls.version)
        with open(GOLDEN) as file:
            cls.golden = [vector["hex"] for vector in json.load(file)]

    @classmethod
    def tearDownClass(cls):
        cls.oracle.close()

    def compare(self, texts):
        """Returns how often each difference was met; fails at any other."""
        met = {}
        unlike = []
        ours, theirs = self.recode(texts), self.oracle.load(texts)
        for text, our, their in zip(texts, ours, theirs):
            if our == their or our[0] == their[0] == "no":
                continue
            if our[0] == their[0] == "ok":
                (our_value, with_set), (their_value, _) = canonical(our[1]), canonical(their[1])
                if our_value == their_value:
                    self.assertTrue(with_set, f"another order, and no frozenset in {text}")
                elif with_set:
                    unlike.append((text, our[1], their[1]))
                else:
                    self.fail(f"{text}: we make {our[1]} of it, Python {their[1]}")
                continue
            found = self.difference(text, our, their)
            self.assertIsNotNone(found, f"not in the table: {text}: ours {our}, Python's {their}")
            met[found] = met.get(found, 0) + 1
        # Python's equality is wider than ours: {1, True, 1.0} has one item there. It may give what our value comes to.
        for (text, our, their), (state, again) in zip(unlike, self.oracle.load([our for _, our, _ in unlike])):
            self.assertEqual(state, "ok", text)
            self.assertEqual(canonical(again)[0], canonical(their)[0], f"{text}: we make {our} of it, Python {their}")
        return met

    def difference(self, text, our, their):
        for row in DIFFERENCES:
            if row.refusal is None:
                if our[0] == "ok" and re.match(row.by_python, their[1]):
                    return row.name
            elif our[0] == "no" and (match := re.match(row.refusal, our[1])):
                at = int(re.search(r"\(offset (\d+)\)", our[1])[1])
                if row.really(bytes.fromhex(text), at, match):
                    return row.name
        return None

    def test_what_python_writes_is_read_and_written_byte_for_byte(self):
        made = self.oracle.ask("make", 1, MADE)
        for text, our in zip(made, self.recode(made)):
            self.assertEqual(our, ("ok", text))

    def test_golden_values(self):
        self.assertEqual(self.compare(self.golden), {})
        self.assertEqual(self.recode(self.golden), [("ok", text) for text in self.golden])

    def test_alike(self):
        self.assertEqual(self.compare(list(ALIKE)), {})

    def test_differences(self):
        """Every row of the table is true, by its own examples."""
        for row in DIFFERENCES:
            with self.subTest(row.name):
                if row.by_python is not None and self.oracle.load(["1a101912000000"])[0][0] == "ok":
                    continue  # a Python that hashes slices
                expected = {} if row.only_in and not re.match(row.only_in, self.version) else {
                    row.name: len(row.examples)}
                self.assertEqual(self.compare(list(row.examples)), expected)

    def test_what_was_changed_at_random(self):
        rng = random.Random(2)
        made = self.oracle.ask("make", 3, 500)
        met = self.compare(mutated(rng, self.golden + made, MUTATED))
        # Bytes that are cut short are the commonest of all: if they had not occurred, nothing was compared.
        self.assertIn(DIFFERENCES[0].name, met)

    def test_random_bytes(self):
        rng = random.Random(4)
        self.compare([rng.randbytes(rng.randrange(1, 40)).hex() for _ in range(RANDOM // 2)])
        # These are tags only, nested deeper than the bytes of any value.
        self.compare([bytes(rng.choice((rng.randrange(0x20), 0x50 + rng.randrange(4))) for _ in range(rng.randrange(
            1, 40))).hex() for _ in range(RANDOM // 2)])


for _version in harness.VERSIONS:
    _name = "Rpyc" + _version.replace(".", "_")
    globals()[_name] = type(_name, (Versions, unittest.TestCase), {"version": _version, "__module__": __name__})
