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

// An etcd cluster as a client sees it: one of its members at a time, the next one when that fails.
// Errors:  kUnavailable - it cannot be reached, or does not answer in time; kCancelled - Cancel was
//          called; kNotFound - a lease that is over. All name the member.
// Threads: every method from any thread.
class EtcdClient {
 public:
  // Each "HOST:PORT"; there is at least one.
  explicit EtcdClient(std::vector<std::string> members);

  // All that is below `prefix`, at one moment: its revision.
  absl::StatusOr<int64_t> ReadAll(absl::string_view prefix, absl::Time deadline,
                                  absl::FunctionRef<void(const etcdserverpb::KeyValue&)> on_item);
  absl::StatusOr<etcdserverpb::TxnResponse> Commit(const etcdserverpb::TxnRequest& request,
                                                   absl::Time deadline);
  // Grants a lease of at least `ttl`: its id and how long it is.
  absl::StatusOr<etcdserverpb::LeaseGrantResponse> Grant(absl::Duration ttl, absl::Time deadline);
  // Tells what changes below `prefix` from `revision` on until that fails, which is how it ends;
  // `started` is called once, when it has begun. kOutOfRange: changes so old are gone.
  absl::Status Watch(absl::string_view prefix, int64_t revision, absl::FunctionRef<void()> started,
                     absl::FunctionRef<void(const etcdserverpb::WatchResponse&)> on_item);

  // Goes over to the next member.
  void Rotate();
  // Ends every call, those to come too.
  void Cancel();

 private:
  // A call in progress, which Cancel ends.
  class Call;

  std::shared_ptr<grpc::Channel> channel();
  absl::Status ToStatus(const grpc::Status& status);

  const std::vector<std::string> members_;
  Mutex mutex_;
  size_t current_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<grpc::Channel> channel_ ABSL_GUARDED_BY(mutex_);  // to the current member
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<grpc::ClientContext*> calls_ ABSL_GUARDED_BY(mutex_);
};

// What ends a range of keys that begin with `prefix`.
std::string EndOfPrefix(absl::string_view prefix);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_ETCD_ETCD_CLIENT_H_
