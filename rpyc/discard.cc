#include "rpyc/discard.h"

#include <vector>

#include "rpyc/thread_locals.h"

namespace rpyc::discard_internal {
namespace {

// This is CPython's depth: a level takes some hundred bytes of stack.
constexpr int kMaxDepth = 50;

}  // namespace

bool TooDeep() { return ThreadLocals::Current().discard_depth >= kMaxDepth; }

void Defer(std::shared_ptr<void> dying) {
  ThreadLocals& locals = ThreadLocals::Current();
  if (locals.discarded == nullptr) locals.discarded = new std::vector<std::shared_ptr<void>>;
  locals.discarded->push_back(std::move(dying));
}

Level::Level() { ++ThreadLocals::Current().discard_depth; }

Level::~Level() {
  ThreadLocals& locals = ThreadLocals::Current();
  if (locals.discard_depth == 1 && locals.discarded != nullptr) {
    // The depth is still 1, so that none of these takes itself for the outermost.
    while (!locals.discarded->empty()) {
      const std::shared_ptr<void> next = std::move(locals.discarded->back());
      locals.discarded->pop_back();
    }
    delete std::exchange(locals.discarded, nullptr);
  }
  --locals.discard_depth;
}

}  // namespace rpyc::discard_internal
