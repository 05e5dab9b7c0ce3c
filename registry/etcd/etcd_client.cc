#include "registry/etcd/etcd_client.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace rpyc {
namespace {

using etcdserverpb::KV;
using etcdserverpb::Lease;

constexpr int64_t kPageSize = 1000;
constexpr int kMaxMessageBytes = 64 << 20;
// How soon the client notices that a member has fallen silent. etcd accepts at most one keepalive
// in five seconds.
constexpr int kKeepaliveMs = 5000;
constexpr int kKeepaliveTimeoutMs = 2000;
constexpr int kFirstReconnectMs = 100;
constexpr int kMaxReconnectMs = 1000;

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& member) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  return grpc::CreateCustomChannel(member, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

// A call that Cancel can end: the client knows it for as long as it exists.
class EtcdClient::Call {
 public:
  explicit Call(EtcdClient* client, absl::Time deadline = absl::InfiniteFuture())
      : client_(*client) {
    if (deadline != absl::InfiniteFuture()) context_.set_deadline(absl::ToChronoTime(deadline));
    MutexLock lock(&client_.mutex_);
    client_.calls_.insert(&context_);
    if (client_.cancelled_) context_.TryCancel();
  }
  ~Call() {
    MutexLock lock(&client_.mutex_);
    client_.calls_.erase(&context_);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  grpc::ClientContext* context() { return &context_; }

 private:
  EtcdClient& client_;
  grpc::ClientContext context_;
};

std::string EndOfPrefix(absl::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (end.empty()) return std::string(1, '\0');  // no end
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

EtcdClient::EtcdClient(std::vector<std::string> members) : members_(std::move(members)) {}

std::shared_ptr<grpc::Channel> EtcdClient::channel() {
  MutexLock lock(&mutex_);
  if (channel_ == nullptr) channel_ = MakeChannel(members_[current_]);
  return channel_;
}

void EtcdClient::Rotate() {
  MutexLock lock(&mutex_);
  if (members_.size() == 1) return;  // its channel reconnects by itself
  current_ = (current_ + 1) % members_.size();
  channel_ = nullptr;
}

void EtcdClient::Cancel() {
  MutexLock lock(&mutex_);
  cancelled_ = true;
  for (grpc::ClientContext* context : calls_) context->TryCancel();
}

absl::Status EtcdClient::ToStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  MutexLock lock(&mutex_);
  if (cancelled_) return absl::CancelledError("the registry closes");
  const absl::StatusCode code = status.error_code() == grpc::StatusCode::NOT_FOUND
                                    ? absl::StatusCode::kNotFound
                                    : absl::StatusCode::kUnavailable;
  return absl::Status(
      code, absl::StrCat("etcd at ", members_[current_], ": ",
                         status.error_message().empty() ? "no answer" : status.error_message()));
}

absl::StatusOr<int64_t> EtcdClient::ReadAll(
    absl::string_view prefix, absl::Time deadline,
    absl::FunctionRef<void(const etcdserverpb::KeyValue&)> on_item) {
  const auto stub = KV::NewStub(channel());
  etcdserverpb::RangeRequest request;
  request.set_key(std::string(prefix));
  request.set_range_end(EndOfPrefix(prefix));
  request.set_limit(kPageSize);
  for (;;) {
    Call call(this, deadline);
    etcdserverpb::RangeResponse response;
    absl::Status status = ToStatus(stub->Range(call.context(), request, &response));
    if (!status.ok()) return status;
    for (const etcdserverpb::KeyValue& pair : response.kvs()) on_item(pair);
    // Later pages are read as of the same moment.
    if (request.revision() == 0) request.set_revision(response.header().revision());
    if (!response.more() || response.kvs().empty()) return request.revision();
    request.set_key(absl::StrCat(response.kvs().rbegin()->key(), std::string(1, '\0')));
  }
}

absl::StatusOr<etcdserverpb::TxnResponse> EtcdClient::Commit(
    const etcdserverpb::TxnRequest& request, absl::Time deadline) {
  Call call(this, deadline);
  etcdserverpb::TxnResponse response;
  absl::Status status = ToStatus(KV::NewStub(channel())->Txn(call.context(), request, &response));
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<etcdserverpb::LeaseGrantResponse> EtcdClient::Grant(absl::Duration ttl,
                                                                   absl::Time deadline) {
  Call call(this, deadline);
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(absl::ToInt64Seconds(absl::Ceil(ttl, absl::Seconds(1))));
  etcdserverpb::LeaseGrantResponse response;
  absl::Status status =
      ToStatus(Lease::NewStub(channel())->LeaseGrant(call.context(), request, &response));
  if (!status.ok()) return status;
  if (!response.error().empty()) return absl::UnavailableError(response.error());
  return response;
}

absl::Status EtcdClient::Watch(
    absl::string_view prefix, int64_t revision, absl::FunctionRef<void()> started,
    absl::FunctionRef<void(const etcdserverpb::WatchResponse&)> on_item) {
  Call call(this);
  // With this a member that has lost the others ends the watch; otherwise it would fall silent.
  call.context()->AddMetadata("hasleader", "true");
  const auto stream = etcdserverpb::Watch::NewStub(channel())->Watch(call.context());
  etcdserverpb::WatchRequest request;
  request.mutable_create_request()->set_key(std::string(prefix));
  request.mutable_create_request()->set_range_end(EndOfPrefix(prefix));
  request.mutable_create_request()->set_start_revision(revision);
  stream->Write(request);
  etcdserverpb::WatchResponse response;
  absl::Status end;
  while (end.ok() && stream->Read(&response)) {
    if (response.compact_revision() != 0) {
      end = absl::OutOfRangeError(absl::StrCat("etcd keeps changes from revision ",
                                               response.compact_revision(), " on only"));
    } else if (response.canceled()) {
      end =
          absl::UnavailableError(absl::StrCat("etcd ended the watch: ", response.cancel_reason()));
    } else if (response.created()) {
      started();
    }
    if (end.ok() && !response.events().empty()) on_item(response);
  }
  if (!end.ok()) call.context()->TryCancel();
  const grpc::Status finished = stream->Finish();
  if (!end.ok()) return end;
  return finished.ok() ? absl::UnavailableError("etcd ended the watch") : ToStatus(finished);
}

}  // namespace rpyc
