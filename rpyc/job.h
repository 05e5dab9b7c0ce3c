#ifndef RPYC_JOB_H_
#define RPYC_JOB_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rpyc/byte_budget.h"
#include "rpyc/handlers.h"
#include "rpyc/value.h"

namespace rpyc {

// A piece of user code that a connection runs: a request of the peer's, or the callbacks of an
// answer to one of ours.
struct Job {
  // For a request; `args` are unboxed.
  std::string seq = {};             // encoded, as the peer wrote it
  const HandlerRow* row = nullptr;  // null: `callback` is the job
  std::vector<Value> args = {};
  size_t bytes = 0;        // of the message
  ByteCharge charge = {};  // for `args`, until it has been answered
  bool pipelined = false;  // the peer sent other messages with it
  // Where threads are bound: the peer's thread that sent it, and our thread that shall run it; 0
  // means any thread.
  uint64_t peer_thread = 0;
  uint64_t for_thread = 0;

  std::function<void()> callback = {};
};

}  // namespace rpyc

#endif  // RPYC_JOB_H_
