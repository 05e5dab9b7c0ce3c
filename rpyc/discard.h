#ifndef RPYC_DISCARD_H_
#define RPYC_DISCARD_H_

#include <memory>
#include <utility>

#include "rpyc/cpp20.h"

namespace rpyc {

// Destroys what may hold things of its own kind: a list in a list in a list, as deep as a peer
// makes it. If each were destroyed within the next one's destructor, the stack would overflow; from
// some depth on they wait here, and are destroyed one after the other before the outermost Discard
// returns.
//
//   ~Data() { Discard(std::move(items)); }
//
// Threads: any.
// Source:  CPython's trashcan does this for the same reason.
template <typename T>
void Discard(T dying);

namespace discard_internal {

// Whether the destructors that run on this thread are as deep as they may get.
bool TooDeep();
// Keeps `dying` for the outermost Discard of this thread.
void Defer(std::shared_ptr<void> dying);

// One level of destructors. The outermost destroys what was deferred.
class Level {
 public:
  Level();
  ~Level();
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;
};

}  // namespace discard_internal

template <typename T>
void Discard(T dying) {
  if (discard_internal::TooDeep()) {
    return discard_internal::Defer(std::make_shared<T>(std::move(dying)));
  }
  const discard_internal::Level level;
  [[maybe_unused]] const T dies_first = std::move(dying);
}

}  // namespace rpyc

#endif  // RPYC_DISCARD_H_
