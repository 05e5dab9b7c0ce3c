#include "rpyc/thread_id.h"

#include <atomic>

namespace rpyc {

uint64_t ThisThreadId() {
  static std::atomic<uint64_t> last{0};
  static thread_local const uint64_t id = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return id;
}

}  // namespace rpyc
