#include "rpyc/discard.h"

#include <vector>

namespace rpyc::discard_internal {
namespace {

// As CPython's: a level takes some hundred bytes of stack.
constexpr int kDeepest = 50;

struct State {
  int depth = 0;
  std::vector<std::shared_ptr<void>> deferred;
};

// A fiber that waits in a destructor leaves its depth to the others of its thread: they defer
// sooner, and whoever is outermost in the end destroys it all.
State& ThisThread() {
  static thread_local State state;
  return state;
}

}  // namespace

bool TooDeep() { return ThisThread().depth >= kDeepest; }

void Defer(std::shared_ptr<void> dying) { ThisThread().deferred.push_back(std::move(dying)); }

Level::Level() { ++ThisThread().depth; }

Level::~Level() {
  State& state = ThisThread();
  // At depth 1 still, so that none of these takes itself for the outermost.
  while (state.depth == 1 && !state.deferred.empty()) {
    const std::shared_ptr<void> next = std::move(state.deferred.back());
    state.deferred.pop_back();
  }
  --state.depth;
}

}  // namespace rpyc::discard_internal
