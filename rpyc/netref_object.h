#ifndef RPYC_NETREF_OBJECT_H_
#define RPYC_NETREF_OBJECT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
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
#include "rpyc/hash_map.h"
#include "rpyc/mutex.h"
#include "rpyc/object.h"
#include "rpyc/pending_request.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/value.h"

namespace rpyc {

// What a peer's INSPECT says of the instances of a class.
struct ClassTraits {
  bool is_text = false;  // a str, by the methods that only a str has
  bool is_bytes = false;
  bool is_bytearray = false;
  bool is_float = false;  // a float
  bool has_index = false;
  bool has_float = false;
  bool has_iter = false;
  bool has_len = false;
  bool has_getitem = false;
  bool has_tobytes = false;
  bool has_keys = false;
};

// How a NetrefObject asks the owner of its object.
// Threads: any.
class Requester {
 public:
  virtual ~Requester() = default;
  // Sends a request and waits for its answer; meanwhile serves the peer, if no other thread does.
  // `args` is the argument tuple; without a `timeout` the connection's sync_request_timeout holds.
  // Errors:  always a PyStatus: what the peer raised; TimeoutError; EOFError - the connection
  //          ended; RecursionError - calls nested too deep.
  virtual absl::StatusOr<Value> Request(Handle handle, Value args,
                                        std::optional<absl::Duration> timeout) = 0;
  // Sends a request and does not wait. One that cannot be sent is answered by the error.
  virtual std::shared_ptr<PendingRequest> Start(Handle handle, Value args) = 0;
  // As Start, for a caller that may not wait for anything: see Outbox::Post.
  virtual std::shared_ptr<PendingRequest> Post(Handle handle, Value args) = 0;
  // Waits for the answer as Request does, and returns whether it has come.
  virtual bool Await(const PendingRequest& request, absl::Time deadline) = 0;
  virtual absl::Duration sync_request_timeout() const = 0;
};

// What the Netrefs of a connection share with it. It outlives the connection for their sake:
// requests then fail with EOFError.
// Threads: any.
class NetrefOwner {
 public:
  // A reference that has died and whose owner must be told.
  struct Release {
    std::string id_pack;  // encoded, as the owner wrote it
    int64_t count;
  };

  explicit NetrefOwner(Requester* requester) : requester_(requester) {}

  // Destructors on any thread add here, and the thread that sends next takes.
  void Push(Release release);
  std::vector<Release> TakeReleases();
  bool has_releases() const { return any_releases_.load(std::memory_order_relaxed); }

  // These do what the Requester's do.
  absl::StatusOr<Value> Request(Handle handle, Value args, std::optional<absl::Duration> timeout);
  std::shared_ptr<PendingRequest> Start(Handle handle, Value args);
  std::shared_ptr<PendingRequest> Post(Handle handle, Value args);
  bool Await(const PendingRequest& request, absl::Time deadline);
  // Zero once the connection has ended.
  absl::Duration sync_request_timeout();

  // What is known of the peer's class of that name and id; nullopt if nothing is yet.
  using ClassKey = std::pair<std::string, int64_t>;
  std::optional<ClassTraits> FindTraits(const ClassKey& key);
  void RememberTraits(const ClassKey& key, const ClassTraits& traits);

  // Calls `on_ended` when the connection has ended, on the thread that ends it and with no lock
  // held; it must not throw. False: the connection has ended already. Forget takes it back, or
  // returns while it runs.
  bool WhenEnded(const void* key, std::function<void()> on_ended);
  void Forget(const void* key);
  bool ended();

  // Sets the shared owner of the connection, if there is one, which a request keeps from being
  // destroyed while it runs.
  void KeepAlive(std::weak_ptr<void> owner);
  // Says that the connection has ended: requests fail from now on. Waits for those that have begun,
  // which must not be this thread's own.
  void Detach();

 private:
  class Use;

  Mutex mutex_;
  CondVar unused_;
  Requester* requester_ ABSL_GUARDED_BY(mutex_);
  int uses_ ABSL_GUARDED_BY(mutex_) = 0;
  std::weak_ptr<void> keep_alive_ ABSL_GUARDED_BY(mutex_);
  std::vector<Release> releases_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> any_releases_{false};  // spares every flush the lock
  HashMap<ClassKey, ClassTraits> traits_ ABSL_GUARDED_BY(mutex_);
  HashMap<const void*, std::function<void()>> when_ended_ ABSL_GUARDED_BY(mutex_);
};

// A proxy of one of the peer's objects. Handed back to the peer it is the peer's own object again;
// every operation is a request to the peer, under the peer's access rules.
// When the last owner lets go, the peer is told by the next message: the destructor only enqueues.
// Threads: any.
class NetrefObject : public Object {
 public:
  // `encoded_id_pack` is kept and sent back bit by bit as the peer wrote it.
  NetrefObject(std::string encoded_id_pack, std::string type_name,
               std::weak_ptr<NetrefOwner> owner);
  ~NetrefObject() override;

  // These do what Call and CallAttr do, without waiting for the answer.
  std::shared_ptr<PendingRequest> StartCall(CallArgs args);
  // Does what StartCall does, without waiting for anything at all.
  std::shared_ptr<PendingRequest> PostCall(CallArgs args);
  std::shared_ptr<PendingRequest> StartCallAttr(absl::string_view name, CallArgs args);
  // The connection's part; null once nothing of it is left.
  std::shared_ptr<NetrefOwner> owner() const { return owner_.lock(); }

  const std::string& id_pack() const { return id_pack_; }
  // Whether the connection that `owner` belongs to owns the object behind this.
  bool BelongsTo(const std::shared_ptr<NetrefOwner>& owner) const;
  // Whether its owner has named it as we name ours: it may be one of ours, which the peer has by
  // another connection, or one of another process like this.
  bool IsNamedLikeOurs() const;
  // Counts one more reference that has arrived for the same object. The ProxyCache calls it.
  void AddReference() { ++references_; }

  absl::string_view type_name() const override { return type_name_; }
  int64_t class_id() const override { return class_id_; }
  absl::string_view origin_id_pack() const override { return id_pack_; }
  bool is_class() const override;
  // Asks the owner of this class; objects of another owner are no instances.
  absl::StatusOr<bool> HasInstance(const CallContext& context, const Object& other) override;
  absl::StatusOr<Methods> SpecialMethods(const CallContext& context) override;
  // Asks once for each class; the connection remembers the answer.
  absl::StatusOr<ClassTraits> Traits(const CallContext& context);

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
  // Asks nothing for classes and Python's functions.
  absl::StatusOr<bool> IsCallable(const CallContext& context) override;
  absl::StatusOr<Value> Exit(const CallContext& context, Value exception) override;

 private:
  // Sends a request and waits for its answer. `args` follow this object in the argument tuple.
  absl::StatusOr<Value> Request(const CallContext& context, Handle handle,
                                std::vector<Value> args = {});
  // The same with all arguments, in which this object need not be.
  absl::StatusOr<Value> RequestWithout(const CallContext& context, Handle handle, Value args);
  // As Request, without waiting for the answer.
  std::shared_ptr<PendingRequest> Start(Handle handle, std::vector<Value> args);
  // A Request whose answer must be text.
  absl::StatusOr<std::string> RequestText(const CallContext& context, Handle handle);

  const std::string id_pack_;
  const std::string type_name_;
  const int64_t class_id_;
  const std::weak_ptr<NetrefOwner> owner_;
  int64_t references_ = 1;
};

}  // namespace rpyc

#endif  // RPYC_NETREF_OBJECT_H_
