#ifndef RPYC_CALL_CONTEXT_H_
#define RPYC_CALL_CONTEXT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "rpyc/value.h"

namespace rpyc {

class ErrorTranslations;
class NetrefOwner;
struct ProtocolConfig;

// Describes the caller to an exposed function that wants to know: its first parameter, if that is a
// `const rpyc::CallContext&`, is not an argument that Python passes.
//
// A handle: a copy may be kept after the call, and still tells whether the connection lives.
// Threads: any.
class CallContext {
 public:
  // One connection's part. The threads that serve and watch the connection write it.
  struct Caller {
    // Set before the first method, or hook, runs; constant then.
    std::string peer;
    std::string local;
    Value credentials;
    int64_t connection_id = 0;
    std::weak_ptr<NetrefOwner> peer_objects;                // requests to this peer
    const ProtocolConfig* access_rules = nullptr;           // null: none; the connection's own
    std::shared_ptr<const ErrorTranslations> translations;  // null: none; the service's
    std::atomic<bool> cancelled{false};
    std::atomic<int64_t> deadline_unix_nanos{INT64_MAX};
  };

  // There is no caller: what the host does for itself.
  CallContext() : CallContext(NoCaller()) {}
  explicit CallContext(std::shared_ptr<const Caller> caller) : caller_(std::move(caller)) {}

  // The other end, for people: "127.0.0.1:53422".
  const std::string& peer() const { return caller_->peer; }
  // Our end: "127.0.0.1:18861", "unix:/run/echo.sock"; empty if it is not known.
  const std::string& local() const { return caller_->local; }
  // What the service's authenticator gives for what this peer has shown; without an authenticator,
  // over TLS, the peer's certificate as Python's ssl.getpeercert() shows it. Else None.
  const Value& credentials() const { return caller_->credentials; }
  // The connection that asks an object of the peer's; null once it has gone. See rpyc/netref.h.
  std::shared_ptr<NetrefOwner> peer_objects() const { return caller_->peer_objects.lock(); }
  // The access rules that the peer is under; null if there is no caller. Only while a call of its
  // runs.
  const ProtocolConfig* access_rules() const { return caller_->access_rules; }
  // What exceptions of the program are in Python, and the other way round; null if the service does
  // not say. See Service::Translate.
  const ErrorTranslations* translations() const { return caller_->translations.get(); }
  // The number of the connection, never given twice in a process; 0 if there is no caller.
  int64_t connection_id() const { return caller_->connection_id; }
  // Whether the answer is not awaited any more: the peer has gone or closed, or the server cuts its
  // calls off. Long calls should ask now and then. Known within half a second.
  bool cancelled() const { return caller_->cancelled.load(std::memory_order_relaxed); }
  // When the server will cut the call off; InfiniteFuture unless it drains.
  absl::Time deadline() const {
    const int64_t nanos = caller_->deadline_unix_nanos.load(std::memory_order_relaxed);
    return nanos == INT64_MAX ? absl::InfiniteFuture() : absl::FromUnixNanos(nanos);
  }

  // How long one operation on an object of a peer may take; if none is set, that connection's
  // sync_request_timeout.
  std::optional<absl::Duration> timeout() const { return timeout_; }
  // The same caller with another timeout; InfiniteDuration waits for ever.
  CallContext WithTimeout(absl::Duration timeout) const {
    CallContext context = *this;
    context.timeout_ = timeout;
    return context;
  }
  CallContext WithDefaultTimeout() const { return CallContext(caller_); }

 private:
  static const std::shared_ptr<const Caller>& NoCaller() {
    static const std::shared_ptr<const Caller> none = std::make_shared<Caller>();
    return none;
  }

  std::shared_ptr<const Caller> caller_;
  std::optional<absl::Duration> timeout_;
};

}  // namespace rpyc

#endif  // RPYC_CALL_CONTEXT_H_
