#include "rpyc/cast/listener.h"

#include "rpyc/netref_object.h"
#include "rpyc/object.h"

namespace rpyc::cast_internal {

absl::StatusOr<std::shared_ptr<ListenerQueue>> MakeListenerQueue(const CallContext& context,
                                                                 const Value& value) {
  absl::Status callable = CheckCallable(context, value);
  if (!callable.ok()) return callable;
  // A function of ours would run on the thread that calls the listener.
  auto netref = std::dynamic_pointer_cast<NetrefObject>(*value.AsObject());
  if (netref == nullptr) return WrongType("a callable of the client's own", value);
  return ListenerQueue::Make(std::move(netref), context.peer());
}

}  // namespace rpyc::cast_internal
