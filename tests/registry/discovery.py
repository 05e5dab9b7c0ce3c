"""Helpers of the discovery tests: the registry, the two sides of RPyC, and requests written by hand."""

import json
import os
import re
import signal
import socket
import subprocess

import harness
from harness import Process, binary, grpcurl_tool, snake
from wire import DEADLINE_S, dump

SIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rpyc_side.py")
VERSIONS = [version for version in harness.VERSIONS if not version.startswith("4")]  # which have LIST
OK = bytes.fromhex("080b4f4b")


class Registry(Process):
    """An rpyc_registry on any free port, unless the flags say otherwise."""

    def __init__(self, *flags, under=(), **popen):
        flags = flags if "--port" in flags else (*flags, "--port", "0")
        flags = flags if "--host" in flags else (*flags, "--host", "127.0.0.1")
        super().__init__([*under, *binary("rpyc_registry"), *flags], **popen)
        text = self.line()
        found = re.fullmatch(r"rpyc_registry: listening on (\S+):(\d+) \((udp|tcp|udp, tcp)\)", text or "")
        if not found:
            self.kill()
            raise AssertionError("no registry" + self.story())
        self.host, self.port, self.transports = found[1], int(found[2]), found[3]

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        return self.wait()


class Side(Process):
    """A process with a real rpyc (rpyc_side.py)."""

    def __init__(self, version, role, *arguments):
        super().__init__([harness.venv_python(version), "-u", SIDE, *(json.dumps(a) for a in (role, *arguments))],
                         stdin=subprocess.PIPE)
        text = self.line()
        if text is None:
            self.kill()
            raise AssertionError("it does not start" + self.story())
        self.said = json.loads(text)

    def ask(self, *order):
        """Returns the result of an order; of an exception {"error": name}."""
        self.child.stdin.write(json.dumps(order) + "\n")
        self.child.stdin.flush()
        text = self.line()
        if text is None:
            raise AssertionError("it has died" + self.story())
        got = json.loads(text)
        return got["result"] if "result" in got else got

    def close(self):
        """Ends the process as its program would end."""
        self.child.stdin.close()
        return self.wait()


class Watch(Process):
    """A grpcurl that watches, and returns each answer as a dict."""

    def __init__(self, host, **asked):
        super().__init__([grpcurl_tool(), "-plaintext", "-max-time", str(DEADLINE_S), "-d", json.dumps(asked), host.admin,
                          "rpyc.admin.v1.RegistryService/WatchRegistrations"])

    def next(self):
        """Returns the next answer; None at the end."""
        text = ""
        while (part := self.line()) is not None:
            text += part
            if part == "}":
                return snake(json.loads(text))
        return None

    def until(self, wanted):
        """Returns the answers up to and including the first of that type (and cause)."""
        seen = []
        while (got := self.next()) is not None:
            seen.append(got)
            if wanted in (got["type"], got.get("cause")):
                return seen
        raise AssertionError(f"ended before {wanted}: {seen}" + self.story())


def error(name):
    return {"error": name}


# --- by hand ---

def request(command, *arguments):
    return dump(("RPYC", command, arguments))


def register(*names, port=18861):
    return request("REGISTER", names, port)


def query(name):
    return request("QUERY", name)


def ask_udp(port, datagram, timeout=DEADLINE_S, source="127.0.0.1", host="127.0.0.1"):
    """Returns the answer; None if none comes in time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.settimeout(timeout)
        sock.sendto(datagram, (host, port))
        try:
            return sock.recvfrom(65536)[0]
        except socket.timeout:
            return None


def ask_tcp(port, *pieces, source="127.0.0.1", host="127.0.0.1"):
    """Returns all bytes until the end."""
    with socket.create_connection((host, port), DEADLINE_S, (source, 0)) as sock:
        for piece in pieces:
            sock.sendall(piece)
        answer = b""
        try:
            while part := sock.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
        return answer
