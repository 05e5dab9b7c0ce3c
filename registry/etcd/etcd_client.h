#ifndef RPYC_REGISTRY_ETCD_ETCD_CLIENT_H_
#define RPYC_REGISTRY_ETCD_ETCD_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "etcdserverpb/rpc.grpc.pb.h"
#include "rpyc/mutex.h"

namespace rpyc {

// A client of an etcd cluster. It talks to one member at a time; Rotate makes it use the next one.
// Errors:  kUnavailable - the member cannot be reached, or does not answer in time; kCancelled -
//          Cancel was called; kNotFound - the lease is over. All name the member.
// Threads: every method from any thread.
class EtcdClient {
 public:
  // `members` are "HOST:PORT", and at least one.
  explicit EtcdClient(std::vector<std::string> members);

  // Calls `on_item` with every pair below `prefix` as of one moment. Returns the revision of that
  // moment.
  absl::StatusOr<int64_t> ReadAll(absl::string_view prefix, absl::Time deadline,
                                  absl::FunctionRef<void(const etcdserverpb::KeyValue&)> on_item);
  absl::StatusOr<etcdserverpb::TxnResponse> Commit(const etcdserverpb::TxnRequest& request,
                                                   absl::Time deadline);
  // Grants a lease of at least `ttl`. The response holds its id and its actual ttl.
  absl::StatusOr<etcdserverpb::LeaseGrantResponse> Grant(absl::Duration ttl, absl::Time deadline);
  // Calls `started` once the watch runs, and then `on_item` with the changes below `prefix` from
  // `revision` on. Returns only when the watch fails.
  // Errors:  kOutOfRange also - etcd no longer keeps changes so old.
  absl::Status Watch(absl::string_view prefix, int64_t revision, absl::FunctionRef<void()> started,
                     absl::FunctionRef<void(const etcdserverpb::WatchResponse&)> on_item);

  // Uses the next member from now on.
  void Rotate();
  // Ends every call, those that run and those to come.
  void Cancel();

 private:
  // A call in progress, which Cancel ends.
  class Call;

  // The channel to the current member, made when there is none.
  std::shared_ptr<grpc::Channel> channel();
  absl::Status ToStatus(const grpc::Status& status);

  const std::vector<std::string> members_;
  Mutex mutex_;
  size_t current_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<grpc::Channel> channel_ ABSL_GUARDED_BY(mutex_);  // to the current member
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<grpc::ClientContext*> calls_ ABSL_GUARDED_BY(mutex_);
};

// The end (exclusive) of the range of keys that begin with `prefix`.
std::string EndOfPrefix(absl::string_view prefix);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_ETCD_ETCD_CLIENT_H_
