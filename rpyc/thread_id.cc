#include "rpyc/thread_id.h"

#include <atomic>

#include "rpyc/thread_locals.h"

namespace rpyc {

uint64_t ThisThreadId() {
  static std::atomic<uint64_t> last{0};
  uint64_t& id = ThreadLocals::Current().id;
  if (id == 0) id = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return id;
}

}  // namespace rpyc
