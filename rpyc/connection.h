#ifndef RPYC_CONNECTION_H_
#define RPYC_CONNECTION_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/boxing.h"
#include "rpyc/brine.h"
#include "rpyc/channel.h"
#include "rpyc/dialect.h"
#include "rpyc/handlers.h"
#include "rpyc/limits.h"
#include "rpyc/local_objects.h"
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

// One peer: reads its requests, dispatches them, sends the answers.
//
// The dialect is told from the first frame, so nothing is sent before it. Replies to requests that
// arrived in one read leave in one write, but none waits for user code that may take long.
// A malformed message ends the connection; a request that fails is answered by an exception.
// Owns the stream, both object tables and the root. Threads: ServeAll by one thread; Drain,
// Shutdown and counters from any.
class Connection {
 public:
  struct Options {
    Limits limits;
    ProtocolConfig config;
  };

  Connection(std::unique_ptr<Stream> stream, const Service& service, const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Serves until the peer closes, the connection breaks, or Drain or Shutdown ends it; then shuts
  // the stream and lets go of every object.
  // Errors:  OK - an orderly end; kUnavailable - broken, also in the middle of a frame;
  //          kInvalidArgument, kResourceExhausted - the peer broke the protocol or a limit.
  absl::Status ServeAll();

  // Ends the connection as soon as it runs no request: at once if it is idle, else when the running
  // ones have been answered. Idempotent.
  void Drain();
  // Ends it now: the stream is shut under whatever runs.
  void Shutdown();

  // Whether a request is being served.
  bool busy() const { return (state_.load(std::memory_order_relaxed) & kBusy) != 0; }
  const ConnectionCounters& counters() const { return counters_; }

 private:
  absl::Status ServeFrames();
  absl::Status ServeBuffered();
  absl::Status DispatchMessage(absl::string_view payload);
  absl::Status DispatchRequest(brine::Reader* reader);
  absl::StatusOr<Value> RunRequest(brine::Reader* reader, bool* is_call);
  absl::Status Reply(Value result);
  void ReplyException(const absl::Status& error);
  void AppendReleases();
  absl::Status Flush();
  absl::StatusOr<Value> RunMaybeLong(const HandlerRow& row, std::vector<Value>& args);

  // Constant.
  const Options options_;
  const Service service_;
  const std::unique_ptr<Stream> stream_;

  // Of the thread that serves.
  FrameParser parser_;
  OutBuffer out_;
  Dialect dialect_ = Dialect::kUnknown;
  std::string seq_;           // of the request being served, encoded
  int64_t next_request_ = 0;  // sequence number of our own next request
  int quick_in_a_row_ = 0;    // pipelined requests that ran user code and did not take long
  LocalObjects local_objects_;
  ProxyCache proxies_;
  Boxing boxing_;
  CallContext call_context_;
  HandlerContext context_;

  // Of any thread.
  static constexpr uint32_t kBusy = 1;      // a request is being served
  static constexpr uint32_t kDraining = 2;  // end when not busy
  std::atomic<uint32_t> state_{0};
  ConnectionCounters counters_;
};

}  // namespace rpyc

#endif  // RPYC_CONNECTION_H_
