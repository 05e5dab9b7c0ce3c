"""What the kernel counts of TCP: delayed acknowledgements that were sent because their timer ran out.

A peer with Nagle's algorithm waits for such a one whenever it has something to write and what it wrote before has not been
acknowledged. The count is that of a network namespace.
"""

import ctypes
import fcntl
import socket
import struct

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def count(name="DelayedACKs"):
    with open("/proc/self/net/netstat") as file:
        lines = [line.split() for line in file if line.startswith("TcpExt:")]
    return int(lines[1][lines[0].index(name)])


def alone():
    """Gives this process, and whatever it starts, a network of its own, if it has not got one; whether it has one then.

    Nothing else is counted there. Bazel's sandbox has one already.
    """
    if [name for _, name in socket.if_nameindex()] == ["lo"] and _up():
        return True
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0 and libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return False
    return _up()


def _up():
    """Loopback is up, or is brought up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        try:
            flags = struct.unpack("16sh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
            if not flags & IFF_UP:
                fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
        except OSError:
            return False
    return True
