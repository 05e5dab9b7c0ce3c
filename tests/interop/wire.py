"""A raw RPyC peer, written from the specification by hand.

It shares no code with the product nor with the rpyc package, so that a mistake in one cannot hide in the other. It says
exactly what it is told to say, which a real client cannot do: golden frames and attacks are made of it.
"""

import socket
import ssl
import struct
import zlib

DEADLINE_S = 60  # protects against a hang; never a measure of anything

MSG_REQUEST, MSG_REPLY, MSG_EXCEPTION = 1, 2, 3
(PING, CLOSE, GETROOT, GETATTR, DELATTR, SETATTR, CALL, CALLATTR, REPR, STR, CMP, HASH, DIR, PICKLE, DEL, INSPECT,
 BUFFITER, OLDSLICING, CTXEXIT, INSTANCECHECK) = range(1, 21)


# --- brine ---------------------------------------------------------------------------------------

def dump(v):
    """One value in the shortest form, as real writers do."""
    for constant, tag in ((None, 0x00), (True, 0x03), (False, 0x04), (NotImplemented, 0x05), (Ellipsis, 0x06)):
        if v is constant:
            return bytes([tag])
    kind = type(v)
    if kind is int:
        if -48 <= v < 160:
            return bytes([v + 0x50])
        text = str(v).encode()
        return (b"\x16" + bytes([len(text)]) if len(text) < 256 else b"\x17" + struct.pack("!I", len(text))) + text
    if kind is bytes:
        n = len(v)
        return (b"\x01" if n == 0 else bytes([0x09 + n]) if n < 5 else b"\x0e" + bytes([n]) if n < 256
                else b"\x0f" + struct.pack("!I", n)) + v
    if kind is str:
        return b"\x08" + dump(v.encode())
    if kind is tuple:
        n = len(v)
        return (b"\x02" if n == 0 else bytes([0x0f + n]) if n < 5 else b"\x14" + bytes([n]) if n < 256
                else b"\x15" + struct.pack("!I", n)) + b"".join(map(dump, v))
    if kind is float:
        return b"\x18" + struct.pack("!d", v)
    if kind is complex:
        return b"\x1b" + struct.pack("!dd", v.real, v.imag)
    if kind is slice:
        return b"\x19" + dump((v.start, v.stop, v.step))
    if kind is frozenset:
        return b"\x1a" + dump(tuple(v))
    raise TypeError(kind)


def load(data):
    value, end = _load(data, 0)
    assert end == len(data), f"{len(data) - end} bytes after the value in {data.hex()}"
    return value


def _load(d, at):
    tag, at = d[at], at + 1
    if 0x20 <= tag <= 0xef:
        return tag - 0x50, at
    if tag in (0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06):
        return (None, b"", (), True, False, NotImplemented, Ellipsis)[tag], at
    if tag == 0x08:
        value, at = _load(d, at)
        return value.decode(), at
    if tag in (0x18, 0x1b):
        n = 8 if tag == 0x18 else 16
        parts = struct.unpack("!d" if n == 8 else "!dd", d[at:at + n])
        return (parts[0] if n == 8 else complex(*parts)), at + n
    if tag in (0x19, 0x1a):
        value, at = _load(d, at)
        return (slice(*value) if tag == 0x19 else frozenset(value)), at
    if 0x0a <= tag <= 0x0d:
        n = tag - 0x09
    elif 0x10 <= tag <= 0x13:
        n = tag - 0x0f
    elif tag in (0x0e, 0x14, 0x16):
        n, at = d[at], at + 1
    elif tag in (0x0f, 0x15, 0x17):
        n, at = struct.unpack("!I", d[at:at + 4])[0], at + 4
    else:
        raise ValueError(f"tag {tag:#x} at {at - 1} of {d.hex()}")
    if 0x10 <= tag <= 0x15:
        items = []
        for _ in range(n):
            item, at = _load(d, at)
            items.append(item)
        return tuple(items), at
    body = d[at:at + n]
    assert len(body) == n, f"short body at {at} of {d.hex()}"
    return (int(body) if tag in (0x16, 0x17) else body), at + n


# --- boxes, messages, frames ---------------------------------------------------------------------

def value(v):
    return (1, v)


NOTHING = value(())


def boxes(*items):
    return (2, items)


def yours(id_pack):
    return (3, id_pack)


def mine(id_pack):
    return (4, id_pack)


def payload(dialect, msg, seq, args):
    return dump((msg, seq, args)) if dialect == 5 else bytes([msg]) + dump((seq, args))


def frame(body, flag=0, trailer=b"\n"):
    return struct.pack("!IB", len(body), flag) + body + trailer


class RemoteError(Exception):
    """What came in an EXCEPTION message, as it stood on the wire."""

    def __init__(self, raw):
        super().__init__(raw)
        self.raw = raw
        if isinstance(raw, tuple):
            (self.module, self.cls), self.remote_args, self.attrs, self.traceback = raw


def trusting():
    """A TLS context that takes any certificate: a raw peer does not test the host's identity."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def dial(address):
    """A bare socket: "127.0.0.1:18861", "[::1]:18861", "unix:/run/echo.sock"; of "tls:127.0.0.1:18861" without the TLS."""
    if address.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(DEADLINE_S)
        sock.connect(address[len("unix:"):])
        return sock
    host, _, port = address[len("tls:") if address.startswith("tls:") else 0:].rpartition(":")
    sock = socket.create_connection((host.strip("[]"), int(port)), DEADLINE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Peer:
    """One raw connection. `dialect` is 5 (RPyC 4.1 to 5.3) or 6."""

    def __init__(self, address, dialect=6):
        self.dialect, self.buffer, self.next_seq = dialect, b"", 0
        self.requests = []  # (seq, (handler, box)) that came from the other side and were not answered
        self.replies = {}
        self.sock = dial(address)
        if address.startswith("tls:"):
            self.sock = trusting().wrap_socket(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def message(self, msg, seq, args):
        return frame(payload(self.dialect, msg, seq, args))

    def request(self, handler, box=NOTHING, seq=None):
        """Sends a request, returns its seq."""
        if seq is None:
            seq, self.next_seq = self.next_seq, self.next_seq + 1
        self.send(self.message(MSG_REQUEST, seq, (handler, box)))
        return seq

    def read_frame(self):
        """The next frame as (flag, body, the whole frame); None at the end of the stream, when the other side is gone."""
        def need(n):
            while len(self.buffer) < n:
                try:
                    chunk = self.sock.recv(1 << 16)
                except ConnectionError:  # reset: the host closed with our bytes unread, an end like any other
                    chunk = b""
                if not chunk:
                    assert not self.buffer, f"the stream ends inside a frame: {self.buffer[:100].hex()}"
                    return False
                self.buffer += chunk
            return True
        if not need(5):
            return None
        n, flag = struct.unpack("!IB", self.buffer[:5])
        need(n + 6)
        whole, self.buffer = self.buffer[:n + 6], self.buffer[n + 6:]
        body = whole[5:-1]
        return flag, (zlib.decompress(body) if flag else body), whole

    def read(self):
        """The next message as (msg, seq, args); None at the end."""
        got = self.read_frame()
        if got is None:
            return None
        body = got[1]
        if self.dialect == 5:
            return load(body)
        return (body[0],) + load(body[1:])

    def answer(self, seq):
        """The (msg, args) that answers `seq`; requests of the other side are put aside on the way."""
        while not self.replies.get(seq):
            got = self.read()
            if got is None:
                raise EOFError(f"no answer to seq {seq!r}")
            msg, at, args = got
            if msg == MSG_REQUEST:
                self.requests.append((at, args))
            else:
                self.replies.setdefault(at, []).append((msg, args))
        return self.replies[seq].pop(0)

    def ask(self, handler, box=NOTHING, seq=None):
        """A request and its reply box; an EXCEPTION is raised as RemoteError."""
        msg, args = self.answer(self.request(handler, box, seq))
        if msg == MSG_EXCEPTION:
            raise RemoteError(args)
        return args

    def ask_value(self, handler, box=NOTHING, seq=None):
        label, v = self.ask(handler, box, seq)
        assert label == 1, f"label {label}, expected a value: {v!r}"
        return v

    def ask_reference(self, handler, box=NOTHING):
        label, id_pack = self.ask(handler, box)
        assert label == 4, f"label {label}, expected a reference: {id_pack!r}"
        return id_pack

    def root(self):
        return self.ask_reference(GETROOT)

    def getattr(self, id_pack, name):
        return self.ask_reference(GETATTR, boxes(yours(id_pack), value(name)))

    def call(self, id_pack, *args, **kwargs):
        return self.ask_value(CALL, boxes(yours(id_pack), value(args), value(tuple(kwargs.items()))))

    def ping(self, data="hi"):
        got = self.ask_value(PING, value((data,)))
        assert got == data, f"ping sent {data!r}, got {got!r}"
