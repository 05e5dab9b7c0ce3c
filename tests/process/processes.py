"""The processes of a host whose connections have some of their own, as /proc shows them."""

import os
import re


def _status(pid):
    try:
        with open(f"/proc/{pid}/status") as file:
            return dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.M))
    except (FileNotFoundError, ProcessLookupError):
        return None


def of(host, name=None):
    """Pids of all descendants of the host, also zombies; only those of that name, if it is given."""
    children = {}
    names = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        if status := _status(entry):
            children.setdefault(int(status["PPid"]), []).append(int(entry))
            names[int(entry)] = status["Name"]
    found, left = [], [host.pid]
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return sorted(pid for pid in found if name in (None, names[pid]))


def zygote(host):
    return of(host, "rpyc-zygote")[0]


def nurseries(host):
    return of(host, "rpyc-nursery")


def connections(host):
    return of(host, "rpyc-connection")


def exists(pid):
    """Whether the process exists, also as a zombie."""
    return _status(pid) is not None


def runs(pid):
    status = _status(pid)
    return status is not None and not status["State"].startswith("Z")


def resident_bytes(pid):
    return 1024 * int(_status(pid)["VmRSS"].split()[0])


def sockets(pid):
    """How many of the process's descriptors are sockets."""
    count = 0
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            count += os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
        except FileNotFoundError:
            pass
    return count
