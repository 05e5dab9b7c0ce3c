#include "server/memory_limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace rpyc {
namespace {

constexpr uint64_t kMinTotalBytes = 16 << 20;
// The address space that stays free for threads of gRPC and for small allocations.
constexpr uint64_t kMinReserveBytes = 48 << 20;

// Lowers `bytes` to the number in the file, if the file holds one; some hold "max".
void TakeSmaller(const std::string& path, uint64_t* bytes) {
  std::ifstream file(path);
  std::string text;
  uint64_t number = 0;
  if (file >> text && absl::SimpleAtoi(text, &number)) *bytes = std::min(*bytes, number);
}

// Lowers `bytes` to the bounds of this process's control groups, of version 2 and version 1.
void TakeControlGroups(uint64_t* bytes) {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t colon = line.rfind(':');
    if (colon == std::string::npos) continue;
    const std::string path = line.substr(colon + 1);
    if (absl::StartsWith(line, "0::")) {
      TakeSmaller(absl::StrCat("/sys/fs/cgroup", path, "/memory.max"), bytes);
    } else if (absl::StrContains(line, ":memory:")) {
      TakeSmaller(absl::StrCat("/sys/fs/cgroup/memory", path, "/memory.limit_in_bytes"), bytes);
      TakeSmaller("/sys/fs/cgroup/memory/memory.limit_in_bytes", bytes);  // in a container
    }
  }
  TakeSmaller("/sys/fs/cgroup/memory.max", bytes);
}

uint64_t AddressSpaceBytes() {
  std::FILE* const statm = std::fopen("/proc/self/statm", "r");
  if (statm == nullptr) return 0;
  unsigned long long pages = 0;  // NOLINT: the type that scanf needs
  if (std::fscanf(statm, "%llu", &pages) != 1) pages = 0;
  std::fclose(statm);
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

// The limit of the address space; 0 if there is none.
uint64_t AddressSpaceLimit() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  return limit.rlim_cur;
}

}  // namespace

size_t DefaultTotalBytes() {
  uint64_t memory = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                    static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  TakeControlGroups(&memory);
  uint64_t total = memory / 2;
  if (const uint64_t limit = AddressSpaceLimit(); limit != 0) {
    total = std::min(total, (limit - std::min(limit, AddressSpaceBytes())) / 4);
  }
  return std::max(total, kMinTotalBytes);
}

bool HasLimitedAddressSpace() { return AddressSpaceLimit() != 0; }

bool HasAddressSpace() {
  const uint64_t limit = AddressSpaceLimit();
  if (limit == 0) return true;
  return AddressSpaceBytes() + std::max(kMinReserveBytes, limit / 16) <= limit;
}

}  // namespace rpyc
