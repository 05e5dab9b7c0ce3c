#ifndef RPYC_NETREF_OBJECT_H_
#define RPYC_NETREF_OBJECT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/call_context.h"
#include "rpyc/mutex.h"
#include "rpyc/object.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/value.h"

namespace rpyc {

// How a NetrefObject asks the owner of its object.
class Requester {
 public:
  virtual ~Requester() = default;
  // Sends a request, serves the peer until its answer has come, and returns that. `args` is the
  // argument tuple; `timeout` none: the connection's sync_request_timeout. Only for the thread that
  // serves the connection, in the middle of a call. Errors:  always a PyStatus: what the peer
  // raised; TimeoutError; EOFError - the connection ended;
  //          RecursionError - calls nested too deep; RuntimeError - another thread's connection.
  virtual absl::StatusOr<Value> Request(Handle handle, Value args,
                                        std::optional<absl::Duration> timeout) = 0;
};

// What the Netrefs of a connection share with it; outlives it for their sake. Threads: any.
class NetrefOwner {
 public:
  // A reference that has died and whose owner must be told.
  struct Release {
    std::string id_pack;  // encoded, as the owner wrote it
    int64_t count;
  };

  explicit NetrefOwner(Requester* requester) : requester_(requester) {}

  // Filled by destructors on any thread, emptied by whoever sends.
  void Push(Release release);
  std::vector<Release> TakeReleases();

  absl::StatusOr<Value> Request(Handle handle, Value args, std::optional<absl::Duration> timeout);
  // The connection has ended: requests fail from now on. By the thread that served it.
  void Detach();

 private:
  Mutex mutex_;
  Requester* requester_ ABSL_GUARDED_BY(mutex_);
  std::vector<Release> releases_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> any_releases_{false};  // spares every flush the lock
};

// A proxy of one of the peer's objects. Handed back to the peer it is the peer's own object again;
// every operation is a request to the peer, under the peer's access rules.
// When the last owner lets go, the peer is told by the next message: the destructor only enqueues.
// Threads: may die on any; operations as Requester.
class NetrefObject : public Object {
 public:
  // `encoded_id_pack` is kept and sent back bit by bit as the peer wrote it.
  NetrefObject(std::string encoded_id_pack, std::string type_name,
               std::weak_ptr<NetrefOwner> owner);
  ~NetrefObject() override;

  const std::string& id_pack() const { return id_pack_; }
  // Whether the connection that `owner` belongs to owns the object behind this.
  bool BelongsTo(const std::shared_ptr<NetrefOwner>& owner) const;
  // One more reference has arrived for the same object. By the connection's thread.
  void AddReference() { ++references_; }

  absl::string_view type_name() const override { return type_name_; }
  int64_t class_id() const override { return class_id_; }
  absl::string_view origin_id_pack() const override { return id_pack_; }
  bool is_class() const override;
  // Asks the owner of this class; of another owner's objects it says no.
  absl::StatusOr<bool> HasInstance(const CallContext& context, const Object& other) override;
  absl::StatusOr<Methods> SpecialMethods(const CallContext& context) override;

  absl::StatusOr<Value> GetAttr(const CallContext& context, AttributeRef attribute) override;
  absl::Status SetAttr(const CallContext& context, AttributeRef attribute, Value value) override;
  absl::Status DelAttr(const CallContext& context, AttributeRef attribute) override;
  absl::StatusOr<Value> Call(const CallContext& context, CallArgs args) override;
  absl::StatusOr<Value> CallAttr(const CallContext& context, AttributeRef attribute,
                                 CallArgs args) override;
  absl::StatusOr<std::string> Str(const CallContext& context) override;
  absl::StatusOr<std::string> Repr(const CallContext& context) override;
  absl::StatusOr<Value> Hash(const CallContext& context) override;
  absl::StatusOr<Value> Compare(const CallContext& context, absl::string_view op,
                                const Value& other) override;
  absl::StatusOr<std::vector<Value>> NextItems(const CallContext& context, size_t count) override;
  absl::StatusOr<std::vector<std::string>> Dir(const CallContext& context) override;
  // Without a question for classes and Python's functions.
  absl::StatusOr<bool> IsCallable(const CallContext& context) override;
  absl::StatusOr<Value> Exit(const CallContext& context, Value exception) override;

 private:
  // `args` follow this object in the argument tuple.
  absl::StatusOr<Value> Request(const CallContext& context, Handle handle,
                                std::vector<Value> args = {});
  absl::StatusOr<Value> RequestWithout(const CallContext& context, Handle handle, Value args);
  absl::StatusOr<std::string> RequestText(const CallContext& context, Handle handle);

  const std::string id_pack_;
  const std::string type_name_;
  const int64_t class_id_;
  const std::weak_ptr<NetrefOwner> owner_;
  int64_t references_ = 1;
};

}  // namespace rpyc

#endif  // RPYC_NETREF_OBJECT_H_
