#ifndef RPYC_HANDLERS_H_
#define RPYC_HANDLERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "rpyc/call_context.h"
#include "rpyc/local_objects.h"
#include "rpyc/object.h"
#include "rpyc/protocol_config.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/service.h"
#include "rpyc/value.h"

namespace rpyc {

// What the handlers work on. Each connection has one.
struct HandlerContext {
  const ProtocolConfig& config;
  const Service& service;
  LocalObjects& local_objects;
  const CallContext& call;
  std::shared_ptr<Object> root;  // made by the first GETROOT
};

// One request the peer may make.
struct HandlerRow {
  Handle number;
  size_t min_args;
  size_t max_args;
  bool runs_user_code;  // it may take long: earlier replies do not wait for it
  bool is_call;         // it counts as a call
  // `args` are unboxed and may be moved from.
  // Errors:  always a PyStatus.
  absl::StatusOr<Value> (*run)(HandlerContext& context, std::vector<Value>& args);
};

// The row of a handler number; nullptr if RPyC has none.
// Source:  RPyC core/protocol.py, Connection._request_handlers, 5.3.1 and 6.0.2.
const HandlerRow* FindHandler(int64_t number);

// Runs a row; a wrong number of arguments is a TypeError.
absl::StatusOr<Value> RunHandler(const HandlerRow& row, HandlerContext& context,
                                 std::vector<Value>& args);

}  // namespace rpyc

#endif  // RPYC_HANDLERS_H_
