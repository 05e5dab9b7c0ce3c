#ifndef RPYC_CONNECTION_H_
#define RPYC_CONNECTION_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/activity.h"
#include "rpyc/boxing.h"
#include "rpyc/brine.h"
#include "rpyc/byte_budget.h"
#include "rpyc/call_context.h"
#include "rpyc/call_policy.h"
#include "rpyc/channel.h"
#include "rpyc/dialect.h"
#include "rpyc/fiber.h"
#include "rpyc/handlers.h"
#include "rpyc/job.h"
#include "rpyc/limits.h"
#include "rpyc/local_objects.h"
#include "rpyc/mutex.h"
#include "rpyc/netref_object.h"
#include "rpyc/outbox.h"
#include "rpyc/pending_request.h"
#include "rpyc/protocol_config.h"
#include "rpyc/proxy_cache.h"
#include "rpyc/service.h"
#include "rpyc/stream.h"
#include "rpyc/value.h"

namespace rpyc {

// What a connection has done; read by any thread.
struct ConnectionCounters {
  std::atomic<int64_t> calls{0};           // CALL and CALLATTR requests answered
  std::atomic<int64_t> calls_failed{0};    // those answered by an exception
  std::atomic<int64_t> received_bytes{0};  // of messages; with TLS, what it made of them
  std::atomic<int64_t> sent_bytes{0};      // the same
  std::atomic<int> dialect{0};             // 5 or 6; 0: the peer has not said yet
  std::atomic<bool> open{false};           // the peer is known, and served

  // Each has one writer at a time, so it takes no locked instruction.
  static void Add(std::atomic<int64_t>& counter, int64_t count) {
    counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
};

// One peer: answers its requests and sends it ours. Both ends of a connection are this class.
//
// Any thread may send a request; while it waits for the answer it reads and serves the peer if no
// other thread does (see Activity). The peer's requests run one at a time; one that waits for a
// peer lets others run.
// Replies to requests that arrived in one read leave in one write, but none waits for user code
// that may take long. A malformed message ends the connection; a request that fails, or is over a
// limit, is answered by an exception. Unless the configuration says the dialect it is told from the
// peer's first frame, and nothing is sent before that. Owns the stream, both object tables and the
// root. Threads: any, except as said.
class Connection : private Requester {
 public:
  struct Options {
    Limits limits;
    ProtocolConfig config;
    // What is received and not yet answered counts in `budget`, before the first whole frame in
    // `newcomers`, a part of it. They outlive the connection; null: nobody counts.
    ByteBudget* budget = nullptr;
    ByteBudget* newcomers = nullptr;
  };

  // `service` and `options` are borrowed. `peer` says who is at the other end, for CallContext.
  Connection(std::unique_ptr<Stream> stream, const Service* service, const Options* options,
             std::string peer = {});
  // Ends it as Finish does. Not by a thread that is in the middle of a request of it.
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Says who the peer has turned out to be, which of our addresses it came to (CallContext), and
  // what of its messages was received along with that. Once, before Open; by who authenticates.
  void Introduce(std::string local, Value credentials, absl::string_view received = {});
  // Has it count in `counters`, which outlive it: another process reads them, say. Before Open.
  void UseCounters(ConnectionCounters* counters);
  // Runs the service's on_connect. Once, before anything is served.
  // Errors:  kFailedPrecondition - the hook failed; the connection has ended.
  absl::Status Open();
  // Opens, serves until the peer closes, the connection breaks, or Drain or Shutdown ends it, and
  // finishes.
  // Errors:  OK - an orderly end; kUnavailable - broken, also in the middle of a frame;
  //          kInvalidArgument, kResourceExhausted - the peer broke the protocol or a limit;
  //          kDeadlineExceeded - idle for longer than Limits::idle_timeout;
  //          kFailedPrecondition - the service's on_connect failed.
  absl::Status ServeAll();
  // Serves what comes until `deadline`; false once the connection has ended.
  bool Serve(absl::Time deadline);

  // For threads that serve many connections, in place of ServeAll: OnUnattended, Open, and then
  // ServeArrived each time what was asked for has come, until that is false; then Finish.
  //
  // `arm` is told what to wait for whenever nobody attends to the connection (see Activity).
  // kEither: there is something to do already, that no descriptor tells of, or the peer takes no
  // replies; go on as soon as it takes or sends anything. Called by any thread, now and then
  // needlessly, perhaps under a lock: it must not call back. Once, before the connection is used.
  // If that is by a fiber, the connection is at home at its loop: no other thread reads it or runs
  // what its peer asks for; one that asks the peer has a fiber of that loop wait for the answer.
  void OnUnattended(std::function<void(Stream::Event wanted)> arm);
  // Serves what has arrived, at most `most_requests` messages. Never waits for the peer, also not
  // until it takes the replies. False once the connection has ended.
  bool ServeArrived(int most_requests);
  // How it ended: as ServeAll says. Only once it has.
  absl::Status end_status() const;
  // As a client ends: tells the peer. A peer of dialect 6 is waited for, at most
  // sync_request_timeout, one of 5 is not. Then finishes.
  void Close();
  // Shuts the stream, answers our own requests with EOFError, waits for the threads that are in the
  // middle of one, runs on_disconnect and lets go of every object. Idempotent.
  void Finish();

  // Ends the connection as soon as all requests have been answered that have arrived, those
  // included that wait behind a running one or in the kernel: at once if there is none. `deadline`
  // is when Shutdown will follow; calls can read it. Before Open: once it serves.
  void Drain(absl::Time deadline);
  // Ends it now: the stream is shut under whatever runs, and calls are told that they are
  // cancelled.
  void Shutdown();
  // The same, and `why` is how it has ended.
  void Abort(absl::Status why) { EndWith(std::move(why)); }
  // The watcher's part: to be called every kLookInterval, see Activity. Also sends what waits while
  // nobody else would: references given back, replies behind a slow call. Never waits.
  static constexpr absl::Duration kLookInterval = Activity::kLookInterval;
  void Look();

  // Whether Drain has been asked for.
  bool draining() const { return activity_.draining(); }
  // Whether a request is being served.
  bool busy() const { return activity_.busy(); }
  bool ended() const { return ended_.load(); }
  const ConnectionCounters& counters() const { return *counters_; }
  const std::string& peer() const { return caller_->peer; }
  // Our requests to the peer. Outlives the connection.
  const std::shared_ptr<NetrefOwner>& peer_objects() const { return proxies_.owner(); }

 private:
  // Before each message where threads are bound: the sender's id, then that of the thread it is
  // for. Source:  RPyC core/protocol.py, Connection._send and _dispatch, 5.3.1 and 6.0.2.
  static constexpr size_t kThreadIdsBytes = 2 * sizeof(uint64_t);

  absl::Status WaitFor(const PendingRequest* awaited, absl::Time deadline,
                       int* most_requests = nullptr);
  absl::Status ServeInput(const PendingRequest* awaited, absl::Time deadline, int* most_requests);
  absl::Status ServeWithInput(const PendingRequest* awaited, absl::Time deadline,
                              int* most_requests, bool* has_input);
  bool ReadAhead();
  void AcknowledgeUnanswered();
  void GiveInput();
  absl::Status FlushReplies(int* most_requests, bool has_input);
  absl::StatusOr<bool> Read(absl::Time deadline);
  absl::Status RefuseFrame(const absl::Status& why, bool* has_input);
  void LookAtFrame();
  absl::Status TakeDialect(absl::string_view payload);
  absl::Status HeadError(absl::string_view payload, absl::Status error) const;
  absl::Status NameForeignPeer(absl::Status error);
  absl::Status RefuseForeignPeer();
  absl::Status HowItCloses(const Job& job) const;
  absl::Status DispatchMessage(absl::string_view payload, bool* has_input);
  absl::Status DispatchRequest(Job& job, brine::Reader* reader, bool* has_input);
  absl::Status DispatchAnswer(const MessageHead& head, brine::Reader* reader, bool* has_input);
  absl::Status Deliver(const std::shared_ptr<PendingRequest>& request, absl::StatusOr<Value> answer,
                       bool* has_input);
  absl::Status RunOrKeep(Job& job, bool* has_input);
  absl::Status RunJob(Job& job);
  absl::StatusOr<Value> RunTimed(Job& job);
  absl::StatusOr<Value> Run(Job& job);
  absl::StatusOr<Value> RunByPolicy(Job& job);
  absl::Status RunUserCode(absl::FunctionRef<void()> code, uint64_t peer_thread = 0);
  absl::Status ReadRequest(brine::Reader* reader, Job* job);
  absl::Status Reply(const Job& job, Value result);
  void ReplyException(const Job& job, const absl::Status& error);
  void BeginMessage(MessageType type, absl::string_view seq, uint64_t for_thread, OutBuffer* out);
  void EndWith(absl::Status status);
  void EndIfDrained();
  absl::Status EndedError(const absl::Status& how) const;

  void AppendReleases();
  absl::Status Flush(bool has_input, absl::Time deadline = absl::InfiniteFuture());
  absl::Status AppendRequest(int64_t seq, Handle handle, Value args);
  absl::Status EncodeRequest(int64_t seq, Handle handle, Value args, OutBuffer* out);
  bool AwaitDialect(absl::Time deadline);

  absl::StatusOr<Value> Request(Handle handle, Value args,
                                std::optional<absl::Duration> timeout) override;
  std::shared_ptr<PendingRequest> Start(Handle handle, Value args) override;
  std::shared_ptr<PendingRequest> Post(Handle handle, Value args) override;
  std::shared_ptr<PendingRequest> Ended() const;
  std::shared_ptr<PendingRequest> Send(Handle handle, Value args, absl::Time deadline);
  bool Await(const PendingRequest& request, absl::Time deadline) override;
  bool IsForeignThread() const;
  void AwaitOnOwningLoop(const PendingRequest& request, absl::Time deadline);
  absl::Duration sync_request_timeout() const override {
    return options_.config.sync_request_timeout;
  }

  // Constant.
  const Options& options_;
  const Service& service_;
  const std::unique_ptr<Stream> stream_;
  const std::shared_ptr<CallContext::Caller> caller_;
  const CallContext call_context_;
  bool often_unattended_ = false;
  std::shared_ptr<FiberLoop> owning_loop_;  // null: none, threads serve

  // Of the thread that has the input.
  FrameParser parser_;
  bool heard_ = false;    // something from the peer
  bool drained_ = false;  // the last read found all there was
  // sent_bytes when bytes were last received.
  static constexpr int64_t kNothingToAcknowledge = -1;
  int64_t sent_at_read_ = kNothingToAcknowledge;
  bool reads_ahead_ = false;  // what comes, while the peer takes no replies
  // Of the thread that has the turn.
  HandlerContext context_;
  CallRunner runner_;

  // Of the watcher: when of the frame that is unfinished enough had come, and of what it was part.
  absl::Time frame_time_ = absl::InfiniteFuture();
  int64_t frame_received_bytes_ = 0;

  // Of any thread.
  std::atomic<bool> frame_unfinished_{false};  // the last read ended inside one
  std::atomic<bool> frame_timed_out_{false};   // shut because its rest did not come
  std::atomic<Dialect> dialect_;
  std::atomic<int> quick_in_a_row_{0};  // pipelined requests that ran user code, and not for long
  PendingRequest first_frame_;          // answered when the dialect is known
  LocalObjects local_objects_;
  ProxyCache proxies_;
  Boxing boxing_;
  PendingRequests pending_;
  Activity activity_;
  Outbox outbox_;
  ConnectionCounters own_counters_;
  ConnectionCounters* counters_ = &own_counters_;

  std::atomic<bool> ended_{false};
  std::atomic<bool> left_unheard_{false};  // the peer has hung up, and had sent nothing
  std::atomic<bool> idled_out_{false};     // shut because it was idle for too long
  mutable Mutex end_mutex_;
  absl::Status end_status_ ABSL_GUARDED_BY(end_mutex_);
  bool opened_ ABSL_GUARDED_BY(end_mutex_) = false;  // on_disconnect is due
  bool finished_ ABSL_GUARDED_BY(end_mutex_) = false;
};

}  // namespace rpyc

#endif  // RPYC_CONNECTION_H_
