#ifndef RPYC_MATERIALIZE_H_
#define RPYC_MATERIALIZE_H_

#include "absl/status/statusor.h"
#include "rpyc/call_context.h"
#include "rpyc/limits.h"
#include "rpyc/protocol_config.h"
#include "rpyc/value.h"

namespace rpyc {

// Copies `value` whole and by value, to be sent in one piece: a list or an iterator becomes a tuple
// of its items, a dict a tuple of (key, value) pairs, an exposed object a tuple of (name, value)
// pairs of its exposed properties, or of its items if it has no properties but __iter__; a member
// of an enumeration becomes its number. Lists, dicts and iterables of the peer's are copied too,
// and so are numpy's scalars and other numbers and text that came by reference. Clients call it as
// conn.root.materialize(x): dict(conn.root.materialize(conn.root.settings)).
// Errors:  TypeError - something in it is none of these; ValueError - it contains itself, is nested
//          deeper than limits.max_nesting, or takes more than limits.max_decoded_bytes; what its
//          getters and iterators raise. With `rules`, which are those of the peer that asks:
//          AttributeError - that peer may not read what the copy needs (__iter__ of a list,
//          __getitem__ of a dict, a property).
// Threads: may run user code and wait for a peer; hold no lock.
absl::StatusOr<Value> Materialize(const CallContext& context, const Value& value,
                                  const Limits& limits = Limits(),
                                  const ProtocolConfig* rules = nullptr);

}  // namespace rpyc

#endif  // RPYC_MATERIALIZE_H_
