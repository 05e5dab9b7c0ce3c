#ifndef RPYC_ITERATE_H_
#define RPYC_ITERATE_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/call_context.h"
#include "rpyc/limits.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc {

class NetrefOwner;
class PendingRequest;

// Reads the items of what Python would iterate over: a tuple, a frozenset, the characters of a str,
// the numbers of bytes; any object with __iter__, or __getitem__ alone, ours or the
// peer's, whose items are fetched in batches, ahead of what is taken.
// Threads: may run user code and wait for a peer; hold no lock.
class ItemReader {
 public:
  // Asks an object for its iterator.
  // Errors:  TypeError - not iterable; what __iter__ raises.
  static absl::StatusOr<ItemReader> Of(const CallContext& context, const Value& iterable);

  // The next items; none at the end.
  absl::StatusOr<std::vector<Value>> Next(const CallContext& context);

 private:
  explicit ItemReader(std::vector<Value> all) : all_(std::move(all)) {}
  explicit ItemReader(std::shared_ptr<Object> iterator) : iterator_(std::move(iterator)) {}

  std::vector<Value> all_;            // the items of a value, until they are taken
  std::shared_ptr<Object> iterator_;  // else what is asked for them
  size_t batch_ = 0;                  // how many were asked for last
  size_t count_ = 0;                  // how many there were so far, and of which size
  size_t bytes_ = 0;
};

// Does what ForEachItem does, but passes the items of a batch together; `first` is the index of the
// first of them.
absl::Status ForEachBatch(
    const CallContext& context, const Value& iterable, const Limits& limits,
    absl::FunctionRef<absl::Status(size_t first, std::vector<Value> items)> take);

// Passes each item of what Python would iterate over to `take`, until that fails: see ItemReader.
// Errors:  TypeError - not iterable; ValueError - more than limits.max_decoded_bytes, which is how
//          an endless generator ends; what iterating raises; what `take` returns.
// Threads: may run user code and wait for a peer; hold no lock.
absl::Status ForEachItem(const CallContext& context, const Value& iterable, const Limits& limits,
                         absl::FunctionRef<absl::Status(size_t index, Value item)> take);

// Passes each key and value to `take`: of a dict, ours or the peer's, or any mapping of the peer's
// (whose values are asked for many at a time), or of an iterable of pairs.
// Errors:  as above; TypeError or ValueError - an item is no pair.
absl::Status ForEachPair(const CallContext& context, const Value& mapping, const Limits& limits,
                         absl::FunctionRef<absl::Status(Value key, Value value)> take);

// Returns all items together.
absl::StatusOr<std::vector<Value>> CollectItems(const CallContext& context, const Value& iterable,
                                                const Limits& limits = Limits());

// Has a peer work on many requests at the same time, so that `count` of them take few round trips:
// `start` begins one, `take` gets its answer, both in the order of the index, until `take` fails.
// All of them are sent to the connection of `owner`.
// Errors:  TimeoutError; what `take` returns.
absl::Status RequestConcurrently(
    const CallContext& context, NetrefOwner& owner, size_t count,
    absl::FunctionRef<std::shared_ptr<PendingRequest>(size_t index)> start,
    absl::FunctionRef<absl::Status(size_t index, absl::StatusOr<Value> answer)> take);

// Returns roughly how much memory a value takes, without the objects in it.
size_t MemoryOf(const Value& value);

}  // namespace rpyc

#endif  // RPYC_ITERATE_H_
