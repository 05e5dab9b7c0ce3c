#ifndef RPYC_SERVER_HUGE_PAGES_H_
#define RPYC_SERVER_HUGE_PAGES_H_

namespace rpyc {

// Moves the program's own code to huge pages, if the system has any (Linux 6.1): each process that
// is forked from this one then has all of it mapped, by an entry for 2 MiB, where otherwise each
// 64 KiB of it that the process comes to costs a page fault. The copy is memory of its own, of the
// code's size, shared with what is forked. Profilers cannot name what runs in it; debuggers can.
// Where it cannot be done nothing changes. Threads: the process has one.
// Source:  madvise(2), MADV_COLLAPSE.
void MoveCodeToHugePages();

}  // namespace rpyc

#endif  // RPYC_SERVER_HUGE_PAGES_H_
