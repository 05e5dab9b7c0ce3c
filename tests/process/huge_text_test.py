"""The code of a connection's process is in huge pages where the system has them for a program's own memory. The process runs in
both cases."""

import mmap
import re
import unittest

import harness
import processes
from wire import Peer

MADV_COLLAPSE = 25
MIB = 1 << 20


def there_are_huge_pages():
    size = 16 * MIB  # about the size of the host's code
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.write(b"x" * size)
        try:
            memory.madvise(MADV_COLLAPSE)
        except OSError:
            return False
    return True


def executable_mappings(pid):
    """Each mapping: its file's name ("" without a file), and the KiB of it in huge pages."""
    mappings = []
    with open(f"/proc/{pid}/smaps") as file:
        for line in file:
            if found := re.match(r"[0-9a-f]+-[0-9a-f]+ (\S{4}) \S+ \S+ \d+ *(.*)", line):
                executable, name = "x" in found[1], found[2]
            elif executable and (found := re.match(r"AnonHugePages: +(\d+) kB", line)):
                mappings.append((name, int(found[1])))
    return mappings


class HugeText(unittest.TestCase):

    def test_code_is_where_it_is_to_be(self):
        host = harness.Host("--admin_address=", "--server=forking:ECHO@127.0.0.1:0", name="demo_host_static")
        self.addCleanup(host.kill)
        with Peer(host.servers["echo"]) as peer:
            self.assertEqual(peer.call(peer.getattr(peer.root(), "add"), 1, 2), 3)
            mappings = executable_mappings(processes.connections(host)[0])
        huge = sum(kib for name, kib in mappings if name == "")
        in_file = [name for name, _ in mappings if name.endswith("demo_host_static")]
        self.assertTrue(in_file, mappings)  # the rest, which does not fill a huge page
        self.assertEqual(huge >= 4 * MIB // 1024, there_are_huge_pages(), mappings)
        self.assertEqual([name for name, _ in executable_mappings(host.pid) if name == ""], [], "in the host it stays")


if __name__ == "__main__":
    unittest.main()
