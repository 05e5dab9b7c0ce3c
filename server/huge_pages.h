#ifndef RPYC_SERVER_HUGE_PAGES_H_
#define RPYC_SERVER_HUGE_PAGES_H_

namespace rpyc {

// Moves the program's own code to huge pages, if the system has any (Linux 6.1). Each process that
// is forked later then has all of the code mapped, with one entry for 2 MiB; otherwise it takes a
// page fault for each 64 KiB of code that it reaches. The copy takes as much memory as the code,
// and forked processes share it. A profiler cannot name functions in it; a debugger can. Where the
// move is not possible, nothing changes.
// Threads: the only one of the process.
// Source:  madvise(2), MADV_COLLAPSE.
void MoveCodeToHugePages();

}  // namespace rpyc

#endif  // RPYC_SERVER_HUGE_PAGES_H_
