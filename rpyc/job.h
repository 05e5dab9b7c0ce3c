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

// A piece of a connection's user code: a request of the peer's, or what is to be told of an answer.
struct Job {
  // Of a request; `args` are unboxed.
  std::string seq = {};             // encoded, as the peer wrote it
  const HandlerRow* row = nullptr;  // null: `callback` is the job
  std::vector<Value> args = {};
  size_t bytes = 0;        // of the message
  ByteCharge charge = {};  // for `args`, until it has been answered
  bool pipelined = false;  // others were sent with it
  // Where threads are bound: which of the peer's sent it, and which of ours shall run it; 0: any.
  uint64_t peer_thread = 0;
  uint64_t for_thread = 0;

  std::function<void()> callback = {};
};

}  // namespace rpyc

#endif  // RPYC_JOB_H_
