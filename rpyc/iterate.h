#ifndef RPYC_ITERATE_H_
#define RPYC_ITERATE_H_

#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/call_context.h"
#include "rpyc/limits.h"
#include "rpyc/value.h"

namespace rpyc {

// Passes each item of what Python would iterate over to `take`, until that fails: a tuple, a
// frozenset, the characters of a str, the numbers of bytes; any object with __iter__, ours or the
// peer's, whose items are fetched in batches.
// Errors:  TypeError - not iterable; ValueError - more than limits.max_decoded_bytes, which is how
//          an endless generator ends; what iterating raises; what `take` returns.
// Threads: may run user code and wait for a peer; hold no lock.
absl::Status ForEachItem(const CallContext& context, const Value& iterable, const Limits& limits,
                         absl::FunctionRef<absl::Status(size_t index, Value item)> take);

// Passes each key and value to `take`: of a dict, ours or the peer's, or any mapping of the peer's
// (one question for each key), or of an iterable of pairs.
// Errors:  as above; TypeError or ValueError - an item is no pair.
absl::Status ForEachPair(const CallContext& context, const Value& mapping, const Limits& limits,
                         absl::FunctionRef<absl::Status(Value key, Value value)> take);

// The items together.
absl::StatusOr<std::vector<Value>> CollectItems(const CallContext& context, const Value& iterable,
                                                const Limits& limits = Limits());

// Roughly what a value takes in memory, objects not counted in.
size_t MemoryOf(const Value& value);

}  // namespace rpyc

#endif  // RPYC_ITERATE_H_
