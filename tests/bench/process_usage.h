#ifndef RPYC_TESTS_BENCH_PROCESS_USAGE_H_
#define RPYC_TESTS_BENCH_PROCESS_USAGE_H_

#include <sys/types.h>

namespace rpyc::bench {

// CPU time that a process and those below it have used, user and kernel, all their threads; 0 for
// no process. What has ended does not count.
// Units:   seconds, exact to the nanosecond: not the 10 ms ticks of /proc/PID/stat.
double CpuSeconds(pid_t pid);

// Memory of a process and those below it. Units: KiB; pages that they share count once in PSS.
struct MemoryUse {
  long rss_kib = 0;
  long pss_kib = 0;
};
MemoryUse MemoryOf(pid_t pid);

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_PROCESS_USAGE_H_
