#ifndef RPYC_TESTS_BENCH_PROCESS_USAGE_H_
#define RPYC_TESTS_BENCH_PROCESS_USAGE_H_

#include <sys/types.h>

namespace rpyc::bench {

// Returns the CPU time that a process and its descendants have used, user and kernel, in all their
// threads; it is 0 for no process. Processes that have ended do not count.
// Units:   seconds, exact to the nanosecond: not the 10 ms ticks of /proc/PID/stat.
double CpuSeconds(pid_t pid);

// Holds the memory of a process and its descendants. Pages that they share count once in PSS.
// Units:   KiB.
struct MemoryUse {
  long rss_kib = 0;
  long pss_kib = 0;
};
MemoryUse MemoryOf(pid_t pid);

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_PROCESS_USAGE_H_
