#include "rpyc/object_id_origin.h"

#include <pthread.h>

#include <atomic>
#include <random>

namespace rpyc {
namespace {

// 0: not chosen yet.
std::atomic<int64_t> origin{0};

int64_t RandomOrigin() {
  std::random_device random;
  const uint64_t bits = uint64_t{random()} << 32 | random();
  constexpr uint64_t kHighest = uint64_t{1} << 47;
  return static_cast<int64_t>(kHighest | (bits & (kHighest - 2)));
}

// The child chooses its own when it names its first object.
void ForgetInChild() { origin.store(0, std::memory_order_relaxed); }

[[gnu::noinline, gnu::cold]] int64_t ChooseOrigin() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, &ForgetInChild);
  static_cast<void>(registered);
  int64_t chosen = 0;
  const int64_t mine = RandomOrigin();
  return origin.compare_exchange_strong(chosen, mine) ? mine : chosen;
}

}  // namespace

int64_t ObjectIdOrigin() {
  const int64_t chosen = origin.load(std::memory_order_relaxed);
  return chosen != 0 ? chosen : ChooseOrigin();
}

}  // namespace rpyc
