#include "tests/bench/process_usage.h"

#include <time.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace rpyc::bench {
namespace {

pid_t ParentOf(pid_t pid) {
  std::ifstream stat(absl::StrCat("/proc/", pid, "/stat"));
  std::string text;
  std::getline(stat, text);
  // A state and the parent follow the name, which may hold anything.
  const size_t name_end = text.rfind(')');
  int parent = 0;
  if (name_end == std::string::npos || name_end + 4 > text.size()) return 0;
  const absl::string_view rest = absl::string_view(text).substr(name_end + 4);
  return absl::SimpleAtoi(rest.substr(0, rest.find(' ')), &parent) ? parent : 0;
}

// Returns the process and all its descendants.
std::vector<pid_t> Family(pid_t pid) {
  std::multimap<pid_t, pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    int child = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &child)) continue;
    children.emplace(ParentOf(child), child);
  }
  std::vector<pid_t> family = {pid};
  for (size_t i = 0; i < family.size(); ++i) {
    const auto [first, last] = children.equal_range(family[i]);
    for (auto child = first; child != last; ++child) family.push_back(child->second);
  }
  return family;
}

}  // namespace

double CpuSeconds(pid_t pid) {
  if (pid <= 0) return 0;
  double seconds = 0;
  for (const pid_t each : Family(pid)) {
    clockid_t clock;
    timespec used;
    if (::clock_getcpuclockid(each, &clock) != 0 || ::clock_gettime(clock, &used) != 0) continue;
    seconds += static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
  }
  return seconds;
}

MemoryUse MemoryOf(pid_t pid) {
  MemoryUse use;
  for (const pid_t each : Family(pid)) {
    std::ifstream rollup(absl::StrCat("/proc/", each, "/smaps_rollup"));
    std::string word;
    long kib = 0;
    while (rollup >> word) {
      if (word == "Rss:" && rollup >> kib) use.rss_kib += kib;
      if (word == "Pss:" && rollup >> kib) use.pss_kib += kib;
    }
  }
  return use;
}

}  // namespace rpyc::bench
