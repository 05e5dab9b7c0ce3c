#include "rpyc/transport/descriptor_reserve.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace rpyc {
namespace {

constexpr rlim_t kMaxReserve = 32;

rlim_t Limit() {
  rlimit limit;
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

rlim_t ReserveOf(rlim_t limit) { return std::min(kMaxReserve, limit / 4); }

}  // namespace

bool IsReservedDescriptor(int fd) {
  // No descriptor below this one is reserved, unless the limit is lowered later. 0: it is not
  // known.
  static std::atomic<int64_t> first_reserved{0};
  if (fd < first_reserved.load(std::memory_order_relaxed)) return false;
  const rlim_t limit = Limit();
  if (limit == RLIM_INFINITY) return false;
  const auto first = static_cast<int64_t>(limit - ReserveOf(limit));
  first_reserved.store(first, std::memory_order_relaxed);
  return fd >= first;
}

std::string ReservedDescriptorsText() {
  const rlim_t limit = Limit();
  return absl::StrCat(limit, " descriptors may be open (ulimit -n), and the last ",
                      ReserveOf(limit), " are kept for the control plane");
}

}  // namespace rpyc
