#ifndef RPYC_COLLECTION_H_
#define RPYC_COLLECTION_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "rpyc/call_context.h"
#include "rpyc/value.h"

namespace rpyc {

// Python's len(value), value[key] and `item in value`, of tuples, text, bytes and frozensets; an
// object is asked for __len__ and so on.
// Errors:  a PyStatus: TypeError - not of such a type; IndexError; what an object raises.
// Threads: may run user code and wait for a peer; hold no lock.
absl::StatusOr<size_t> PyLen(const CallContext& context, const Value& value);
absl::StatusOr<Value> PyGetItem(const CallContext& context, const Value& value, const Value& key);
absl::StatusOr<bool> PyContains(const CallContext& context, const Value& value, const Value& item);

}  // namespace rpyc

#endif  // RPYC_COLLECTION_H_
