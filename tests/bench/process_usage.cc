#include "tests/bench/process_usage.h"

#include <time.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace rpyc::bench {

double CpuSeconds(pid_t pid) {
  clockid_t clock;
  timespec used;
  if (pid <= 0 || ::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) {
    return 0;
  }
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

MemoryUse MemoryOf(pid_t pid) {
  MemoryUse use;
  std::ifstream rollup(absl::StrCat("/proc/", pid, "/smaps_rollup"));
  std::string word;
  while (rollup >> word) {
    if (word == "Rss:") rollup >> use.rss_kib;
    if (word == "Pss:") rollup >> use.pss_kib;
  }
  return use;
}

}  // namespace rpyc::bench
