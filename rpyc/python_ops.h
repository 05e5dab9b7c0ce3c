#ifndef RPYC_PYTHON_OPS_H_
#define RPYC_PYTHON_OPS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/call_context.h"
#include "rpyc/value.h"

namespace rpyc {

// Python's operators on Values, which lists and dicts are built on. Objects among the values are
// asked, so each of these may run user code or wait for a peer: hold no lock. Errors are PyStatus.
// Bounded: a RecursionError for what is nested deeper than 200 levels or takes a hundred million
// steps, a MemoryError for a text of over 64 MiB. (Containers that hold each other many times grow
// so.)

// a == b.
absl::StatusOr<bool> PyEquals(const CallContext& context, const Value& a, const Value& b);

// `op` is one of Python's six: "__eq__", "__lt__", ... TypeError if there is no such order.
absl::StatusOr<bool> PyCompare(const CallContext& context, absl::string_view op, const Value& a,
                               const Value& b);

// repr(value); a container within itself shows as [...] or {...}.
absl::StatusOr<std::string> PyRepr(const CallContext& context, const Value& value);

// The index of the first of `items` that equals `item`; items.size() if none does.
absl::StatusOr<size_t> FindEqual(const CallContext& context, absl::Span<const Value> items,
                                 const Value& item);

// Sorts by `keys`, one for each item, keeping the order of equal ones.
absl::StatusOr<std::vector<Value>> SortedBy(const CallContext& context, std::vector<Value> keys,
                                            std::vector<Value> items, bool reverse);

// Returns what a dict finds `key` by, which is hashable.
Value CanonicalKey(const Value& key);
// Returns what a dict finds `key` by: equal exactly if Python takes the keys for the same.
// Errors:  TypeError - unhashable, or a reference.
absl::StatusOr<Value> HashableKey(const Value& key);

// The name of a value's type in Python's messages: "list" for a proxy of builtins.list.
absl::string_view ShortTypeName(const Value& value);

}  // namespace rpyc

#endif  // RPYC_PYTHON_OPS_H_
