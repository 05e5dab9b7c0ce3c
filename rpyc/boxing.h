#ifndef RPYC_BOXING_H_
#define RPYC_BOXING_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/brine.h"
#include "rpyc/limits.h"
#include "rpyc/local_objects.h"
#include "rpyc/out_buffer.h"
#include "rpyc/proxy_cache.h"
#include "rpyc/shared_objects.h"
#include "rpyc/value.h"

namespace rpyc {

// Turns values into their boxed form and back: by value, by reference, or a tuple of either.
// Wire:    brine 2-tuple (label, content), see Label.
// Borrows everything.
// Threads: the reader unboxes; any thread boxes.
// Source:  RPyC core/protocol.py, Connection._box and _unbox, 5.3.1 and 6.0.2.
class Boxing {
 public:
  // An object of ours that another connection gave the peer is found in `shared`, which may be
  // null.
  Boxing(const Limits& limits, LocalObjects* local_objects, ProxyCache* proxies,
         const SharedObjects* shared = nullptr)
      : limits_(limits), local_objects_(local_objects), proxies_(proxies), shared_(shared) {}

  // Reads the boxed argument tuple of a request.
  // Errors:  a PyStatus - well-formed brine that means nothing here: TypeError, ValueError (label),
  //          KeyError (unknown object), MemoryError; answer it. kResourceExhausted - over a limit
  //          or OutOfMemory: answer it too. Any other - not brine: fatal to the connection.
  absl::StatusOr<std::vector<Value>> UnboxArgs(brine::Reader* reader);

  // Reads one boxed value: the result in a reply.
  // Errors:  as UnboxArgs'.
  absl::StatusOr<Value> Unbox(brine::Reader* reader) { return Unbox(reader, 0); }

  // Appends the boxed form of `value`, counting a reference for every object in it.
  // Errors:  a PyStatus; nothing has been appended or counted then.
  absl::Status Box(Value value, OutBuffer* out);

  // Appends the boxed arguments of the DEL that gives references back.
  void AppendRelease(const NetrefOwner::Release& release, OutBuffer* out);

 private:
  absl::StatusOr<Value> Unbox(brine::Reader* reader, int depth);
  absl::StatusOr<Value> UnboxTuple(brine::Reader* reader, int depth);
  absl::StatusOr<Value> UnboxLocal(brine::Reader* reader);
  absl::StatusOr<Value> UnboxRemote(brine::Reader* reader);
  absl::StatusOr<std::vector<Value>> UnboxItems(brine::Reader* reader, int depth);
  absl::Status BoxInto(Value value, int depth, OutBuffer* out,
                       std::vector<std::shared_ptr<Object>>* counted);

  const Limits& limits_;
  LocalObjects* const local_objects_;
  ProxyCache* const proxies_;
  const SharedObjects* const shared_;
};

}  // namespace rpyc

#endif  // RPYC_BOXING_H_
