#ifndef RPYC_CONNECTION_H_
#define RPYC_CONNECTION_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/activity.h"
#include "rpyc/boxing.h"
#include "rpyc/brine.h"
#include "rpyc/call_context.h"
#include "rpyc/call_policy.h"
#include "rpyc/channel.h"
#include "rpyc/dialect.h"
#include "rpyc/handlers.h"
#include "rpyc/limits.h"
#include "rpyc/local_objects.h"
#include "rpyc/netref_object.h"
#include "rpyc/out_buffer.h"
#include "rpyc/protocol_config.h"
#include "rpyc/proxy_cache.h"
#include "rpyc/service.h"
#include "rpyc/stream.h"
#include "rpyc/value.h"

namespace rpyc {

// What a connection has done; read by any thread.
struct ConnectionCounters {
  std::atomic<int64_t> calls{0};         // CALL and CALLATTR requests answered
  std::atomic<int64_t> calls_failed{0};  // those answered by an exception
};

// One peer: reads its requests, dispatches them, sends the answers; and in the middle of a request
// sends requests of its own, serving the peer until they are answered.
//
// The dialect is told from the first frame, so nothing is sent before it. Replies to requests that
// arrived in one read leave in one write, but none waits for user code that may take long.
// A malformed message ends the connection; a request that fails is answered by an exception.
// Owns the stream, both object tables and the root. Threads: ServeAll by one thread; Look by one
// watcher; Drain, Shutdown and counters from any.
class Connection : private Requester {
 public:
  struct Options {
    Limits limits;
    ProtocolConfig config;
  };

  // `service` and `options` are borrowed. `peer` says who is at the other end, for CallContext.
  Connection(std::unique_ptr<Stream> stream, const Service* service, const Options* options,
             std::string peer = {});
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Serves until the peer closes, the connection breaks, or Drain or Shutdown ends it; then shuts
  // the stream and lets go of every object.
  // Errors:  OK - an orderly end; kUnavailable - broken, also in the middle of a frame;
  //          kInvalidArgument, kResourceExhausted - the peer broke the protocol or a limit;
  //          kDeadlineExceeded - idle for longer than Limits::idle_timeout;
  //          kFailedPrecondition - the service's on_connect failed.
  absl::Status ServeAll();

  // Ends the connection as soon as it runs no request: at once if it is idle, else when the running
  // ones have been answered. `deadline` is when Shutdown will follow; calls can read it.
  void Drain(absl::Time deadline);
  // Ends it now: the stream is shut under whatever runs, and calls are told that they are
  // cancelled.
  void Shutdown();
  // The watcher's part: to be called every kLookInterval, see Activity.
  static constexpr absl::Duration kLookInterval = Activity::kLookInterval;
  void Look() { activity_.Look(); }

  // Whether a request is being served.
  bool busy() const { return activity_.busy(); }
  const ConnectionCounters& counters() const { return counters_; }

 private:
  // Where a request of ours waits for its answer.
  using Answer = std::optional<absl::StatusOr<Value>>;
  // Our own requests to the peer.
  struct OwnRequests {
    int64_t next = 0;  // sequence number
    int depth = 0;     // one within the other
    // By sequence number; null: nobody waits any more, but references in it must be given back.
    absl::flat_hash_map<int64_t, Answer*> answers;
  };

  absl::Status Begin();
  void End(bool begun);
  absl::Status RunUserCode(absl::FunctionRef<void()> code);
  absl::Status ServeFrames();
  absl::StatusOr<bool> Read(absl::Time deadline);
  absl::Status ServeBuffered();
  absl::Status DispatchMessage(absl::string_view payload);
  absl::Status DispatchRequest(const std::string& seq, brine::Reader* reader);
  absl::StatusOr<Value> RunRequest(brine::Reader* reader, bool* is_call);
  absl::StatusOr<Value> RunMaybeLong(const HandlerRow& row, std::vector<Value>& args);
  absl::StatusOr<Value> RunByPolicy(const HandlerRow& row, std::vector<Value>& args);
  absl::Status Reply(absl::string_view seq, Value result);
  void ReplyException(absl::string_view seq, const absl::Status& error);
  void AppendReleases();
  absl::Status Flush();

  absl::StatusOr<Value> Request(Handle handle, Value args,
                                std::optional<absl::Duration> timeout) override;
  absl::Status SendRequest(int64_t seq, Handle handle, Value args);
  absl::Status ServeUntil(const Answer& answer, absl::Time deadline);
  absl::Status TakeAnswer(const MessageHead& head, brine::Reader* reader);
  bool ended() const { return context_.close_requested || !broken_.ok(); }

  // Constant.
  const Options& options_;
  const Service& service_;
  const std::unique_ptr<Stream> stream_;
  const std::shared_ptr<CallContext::Caller> caller_;
  const CallContext call_context_;

  // Of the thread that serves.
  FrameParser parser_;
  OutBuffer out_;
  Dialect dialect_;
  int quick_in_a_row_ = 0;  // pipelined requests that ran user code and did not take long
  LocalObjects local_objects_;
  ProxyCache proxies_;
  Boxing boxing_;
  HandlerContext context_;
  CallRunner runner_;
  OwnRequests own_;
  absl::Status broken_;  // what ended the connection in the middle of a request

  // Of any thread.
  std::atomic<const void*> server_thread_{nullptr};  // marks the thread that serves
  Activity activity_;
  ConnectionCounters counters_;
};

}  // namespace rpyc

#endif  // RPYC_CONNECTION_H_
