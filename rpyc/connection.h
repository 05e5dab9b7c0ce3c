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

// What a connection has done. Any thread may read it.
struct ConnectionCounters {
  std::atomic<int64_t> calls{0};           // CALL and CALLATTR requests answered
  std::atomic<int64_t> calls_failed{0};    // of these, the ones answered by an exception
  std::atomic<int64_t> received_bytes{0};  // of messages; with TLS, plaintext bytes
  std::atomic<int64_t> sent_bytes{0};      // likewise
  std::atomic<int> dialect{0};             // 5 or 6; 0: not known yet
  std::atomic<bool> open{false};           // the peer is authenticated, and served

  // Each counter has one writer at a time, so this takes no locked instruction.
  static void Add(std::atomic<int64_t>& counter, int64_t count) {
    counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
};

// One peer: answers its requests and sends it ours. Both ends of a connection are this class.
//
// Any thread may send a request; while it waits for the answer it reads and serves the peer, unless
// another thread does (see Activity). The peer's requests run one at a time; one that waits for a
// peer lets others run.
// Replies to requests that arrived in one read leave in one write, but none waits for user code
// that may take long. A malformed message ends the connection; a request that fails, or is over a
// limit, is answered by an exception. Unless the configuration says the dialect, the peer's first
// frame tells it, and nothing is sent before that.
// Owns the stream, both object tables and the root.
//
// How a connection ends:
//
//   call      what it does                                        what follows
//   Drain     lets what has arrived be answered                   the serving thread calls End
//   Shutdown  cancels calls and shuts the stream                  the serving thread sees EOF and
//                                                                 calls End
//   End       records how the connection ended; cancels calls,    every serving function returns;
//             shuts the stream, answers our requests with         the owner calls Finish
//             EOFError and wakes all waiting threads
//   Close     tells the peer, as a client does                    it calls Finish
//   Finish    calls End; waits for threads that are in a request  nothing
//             of ours, runs on_disconnect, lets go of all objects
//
// Threads: any, except as said.
class Connection : private Requester {
 public:
  struct Options {
    Limits limits;
    ProtocolConfig config;
    // What has been received and not yet answered counts in `budget`; before the first whole frame,
    // in `first_frame_budget`, which is a part of it. Both outlive the connection. Null: there is
    // no such bound.
    ByteBudget* budget = nullptr;
    ByteBudget* first_frame_budget = nullptr;
  };

  // `service` and `options` are borrowed. `peer` is the peer's address, for CallContext.
  Connection(std::unique_ptr<Stream> stream, const Service* service, const Options* options,
             std::string peer = {});
  // Ends it as Finish does. A thread in the middle of a request of it must not destroy it.
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sets, for CallContext, which of our addresses the peer came to and its credentials, and hands
  // over those of its messages that were `received` during authentication. Once, before Open.
  void SetPeerIdentity(std::string local, Value credentials, absl::string_view received = {});
  // Counts in `counters`, which outlive the connection: another process may read them. Before Open.
  void UseCounters(ConnectionCounters* counters);
  // Runs the service's on_connect. Once, before anything is served.
  // Errors:  kFailedPrecondition - the hook failed; the connection has ended.
  absl::Status Open();
  // Opens, serves until the connection has ended, and finishes.
  // Errors:  OK - an orderly end; kUnavailable - broken, also in the middle of a frame;
  //          kInvalidArgument, kResourceExhausted - the peer broke the protocol or a limit;
  //          kDeadlineExceeded - idle for longer than Limits::idle_timeout;
  //          kFailedPrecondition - the service's on_connect failed.
  absl::Status ServeAll();
  // Serves what comes until `deadline`; false once the connection has ended.
  bool Serve(absl::Time deadline);

  // For threads that serve many connections, in place of ServeAll: they call OnIdle, Open, and then
  // ServeArrived each time the awaited event has come, until that returns false; then Finish.
  //
  // `arm` is told which event to wait for whenever the connection is idle (see Activity).
  // kEither: there is something to do already, that no descriptor tells of, or the peer takes no
  // replies; go on as soon as it takes or sends anything. Any thread calls it, now and then
  // needlessly, perhaps under a lock, so it must not call back. OnIdle is called once, before the
  // connection is used. If a fiber calls OnIdle, its loop owns the connection: no thread outside
  // that loop reads it or runs what its peer asks for; a thread that asks the peer has a fiber of
  // that loop wait for the answer.
  void OnIdle(std::function<void(Stream::Event wanted)> arm);
  // Serves what has arrived, at most `request_budget` messages. Never waits for the peer, neither
  // for its messages nor until it takes the replies. False once the connection has ended.
  bool ServeArrived(int request_budget);

  // Ends the connection as soon as all requests have been answered that have arrived, those
  // included that wait behind a running one or in the kernel: at once if there is none. The caller
  // will call Shutdown at `deadline`, which calls can read. Before Open: ends it once it serves.
  void Drain(absl::Time deadline);
  // Ends the connection now: the stream is shut under whatever runs, and calls are told that they
  // are cancelled.
  void Shutdown();
  // The same, and `how` is what end_status returns. Does nothing if the connection has ended.
  void End(absl::Status how);
  // Ends the connection as a client does: tells the peer, and waits for a peer of dialect 6, at
  // most sync_request_timeout, but not for one of 5. Then finishes.
  void Close();
  // Completes the end, see the table. Idempotent.
  void Finish();
  // How the connection ended, as ServeAll returns it. Only once it has.
  absl::Status end_status() const;

  static constexpr absl::Duration kTickInterval = Activity::kTickInterval;
  // The watcher calls this every kTickInterval, see Activity. Also sends what waits while no other
  // thread would: references given back, and replies behind a slow call. Never waits.
  void Tick();

  // Whether Drain has been called.
  bool draining() const { return activity_.draining(); }
  // Whether a request is being served.
  bool busy() const { return activity_.busy(); }
  bool ended() const { return ended_.load(); }
  const ConnectionCounters& counters() const { return *counters_; }
  const std::string& peer() const { return caller_->peer; }
  // Our requests to the peer. Outlives the connection.
  const std::shared_ptr<NetrefOwner>& peer_objects() const { return proxies_.owner(); }

 private:
  // Before each message where threads are bound: the id of the thread that sends it, then that of
  // the thread it is for.
  // Source:  RPyC core/protocol.py, Connection._send and _dispatch, 5.3.1 and 6.0.2.
  static constexpr size_t kThreadIdsBytes = 2 * sizeof(uint64_t);

  // In what follows the *reader* is the thread that has the read side, and the *runner* the one
  // that has the run lock. A `request_budget` that is not null bounds how many messages are served,
  // is counted down, and means that nothing is waited for. `has_read_side` says whether the caller
  // is the reader; behind a pointer, whether it still is on return. Unless said otherwise, a Status
  // that is not OK means that the connection is broken.

  // --- Reading and serving (connection.cc). ---

  // Any thread calls it without a lock. Does what there is to do until `awaited`, if any, is ready
  // or the connection has ended.
  // Errors:  kDeadlineExceeded - neither by `deadline`, or nothing came in the idle timeout.
  absl::Status ServeUntil(const PendingRequest* awaited, absl::Time deadline,
                          int* request_budget = nullptr);
  // The reader calls it. Serves until `awaited` is ready or another thread has the read side;
  // releases the read side in any case.
  // Errors:  as ServeUntil's; any other - the connection was broken, and has ended.
  absl::Status ServeReadSide(const PendingRequest* awaited, absl::Time deadline,
                             int* request_budget);
  // The reader calls it. The loop of ServeReadSide.
  absl::Status ServeReadSideLoop(const PendingRequest* awaited, absl::Time deadline,
                                 int* request_budget, bool* has_read_side);
  // The reader calls it. Reads what comes next; false at the end of the stream.
  // Errors:  also kDeadlineExceeded - nothing has come.
  absl::StatusOr<bool> Read(absl::Time deadline);
  // The reader calls it. Reads ahead all that is there; false if there is no room for more or no
  // more comes.
  bool ReadAhead();
  // The reader calls it before it waits for more. Has the messages acknowledged that were received
  // last, unless something has been sent since.
  void AcknowledgeUnlessSent();
  // The reader calls it, and is the reader no more.
  void ReleaseReadSide();
  // Any thread calls it without a lock. Sends what has been appended. With a `request_budget` it
  // leaves unsent replies to the thread that epoll wakes, and serves no more until then.
  absl::Status FlushReplies(int* request_budget, bool has_read_side);
  // Any thread calls it without a lock. Sends what has been appended, and references to give back.
  // Errors:  as Outbox::Send's.
  absl::Status Flush(bool has_read_side, absl::Time deadline = absl::InfiniteFuture());
  // Any thread but the reader calls it, after it has sent what it appended. Ends the connection if
  // it is to end and nothing is left to serve.
  void EndIfDrained();
  // The watcher calls it. Shuts a connection whose frame stands still.
  void CheckFrameProgress();
  // The reader calls it. Ends the connection as soon as a first frame that is too long turns out to
  // be another protocol's bytes. OK: it has not.
  absl::Status RefuseForeignPeer();
  // The reader calls it. Replaces `error` where the peer has turned out to speak another protocol
  // than RPyC, and tells the peer so in that protocol.
  absl::Status NameForeignPeer(absl::Status error);
  // Any thread calls it. The error of requests that the connection did not outlive; `how` is its
  // end_status.
  absl::Status EndedError(const absl::Status& how) const;
  // The runner calls it, or the thread that finishes. Runs `code` where and when the service's
  // policy wants it.
  // Errors:  a PyStatus - it has not run.
  absl::Status RunUserCode(absl::FunctionRef<void()> code, uint64_t peer_thread = 0);

  // --- The peer's messages (connection_dispatch.cc). ---

  // The reader calls it with the peer's first message, which tells the dialect.
  absl::Status LearnDialect(absl::string_view payload);
  // The reader calls it. Answers the message whose frame has been refused, if its head tells which
  // it is.
  absl::Status RefuseFrame(const absl::Status& why, bool* has_read_side);
  // Any thread calls it. Why the head of `payload` cannot be read: it is of another dialect, or
  // else `error`.
  absl::Status HeadError(absl::string_view payload, absl::Status error) const;
  // The reader calls it. Deals with one message.
  absl::Status DispatchMessage(absl::string_view payload, bool* has_read_side);
  // The reader calls it. Runs the request that `reader` stands at, or queues it.
  absl::Status DispatchRequest(Job& job, brine::Reader* reader, bool* has_read_side);
  // The reader calls it. Delivers the answer that `reader` stands at.
  absl::Status DispatchAnswer(const MessageHead& head, brine::Reader* reader, bool* has_read_side);
  // The reader calls it. Reads a request's handler and arguments into `job`.
  // Errors:  also a PyStatus or kResourceExhausted - answer it.
  absl::Status ReadRequest(brine::Reader* reader, Job* job);
  // The reader calls it. How the connection ends with the peer's CLOSE, `job`.
  absl::Status EndStatusOfClose(const Job& job) const;
  // The reader calls it. Answers a request of ours, and runs or queues what waits for that.
  absl::Status Deliver(const std::shared_ptr<PendingRequest>& request, absl::StatusOr<Value> answer,
                       bool* has_read_side);
  // The reader calls it. Runs `job` now if the thread can have the run lock, else queues it.
  absl::Status RunOrQueue(Job& job, bool* has_read_side);
  // The runner calls it. Runs `job` and appends its reply.
  absl::Status RunJob(Job& job);
  // The runner calls it. As Run, and notes whether a pipelined request took long.
  absl::StatusOr<Value> RunTimed(Job& job);
  // The runner calls it. Runs the handler of `job`.
  // Errors:  a PyStatus or OutOfMemory - answer it.
  absl::StatusOr<Value> Run(Job& job);
  // The runner calls it. As Run, for a service with a policy.
  absl::StatusOr<Value> RunByPolicy(Job& job);

  // --- Our messages (connection_messages.cc). Any thread calls these without a lock; the reader or
  // the runner appends replies. ---

  // Appends what is in front of a message's arguments, after the frame's header.
  void BeginMessage(MessageType type, absl::string_view seq, uint64_t for_thread, OutBuffer* out);
  // Appends the reply to `job`.
  // Errors:  a PyStatus - it could not be boxed; OutOfMemory. Nothing has been appended then.
  absl::Status Reply(const Job& job, Value result);
  // Appends the exception that answers `job`; ends the connection if there is no memory for it.
  void ReplyException(const Job& job, const absl::Status& error);
  // Appends a DEL for each of the peer's objects that we hold no more.
  void AppendReleases();
  // Appends a request.
  // Errors:  a PyStatus; nothing has been appended then.
  absl::Status AppendRequest(int64_t seq, Handle handle, Value args);
  // Appends a request to `out`.
  // Errors:  a PyStatus, OutOfMemory; nothing has been appended then.
  absl::Status EncodeRequest(int64_t seq, Handle handle, Value args, OutBuffer* out);

  // --- Our requests (connection_requests.cc). Any thread calls these without a lock. ---

  absl::StatusOr<Value> Request(Handle handle, Value args,
                                std::optional<absl::Duration> timeout) override;
  std::shared_ptr<PendingRequest> Start(Handle handle, Value args) override;
  std::shared_ptr<PendingRequest> Post(Handle handle, Value args) override;
  bool Await(const PendingRequest& request, absl::Time deadline) override;
  absl::Duration sync_request_timeout() const override {
    return options_.config.sync_request_timeout;
  }
  // Sends a request; one that cannot be sent by `deadline` is answered by the error.
  std::shared_ptr<PendingRequest> Send(Handle handle, Value args, absl::Time deadline);
  // Makes a request that is answered by EndedError, for a connection that has ended.
  std::shared_ptr<PendingRequest> RequestAfterEnd() const;
  // Waits until the dialect is known, before which nothing can be sent. False: not by `deadline`.
  bool AwaitDialect(absl::Time deadline);
  // Whether the calling thread must leave it to the owning loop to read and run what the peer
  // sends. A thread that runs a request of this connection, as an executor's does, need not.
  bool IsForeignThread() const;
  // A foreign thread calls it. Has a fiber of the owning loop wait for the answer, and waits for
  // that.
  void AwaitOnOwningLoop(const PendingRequest& request, absl::Time deadline);

  // These are constant once the connection is used.
  const Options& options_;
  const Service& service_;
  const std::unique_ptr<Stream> stream_;
  const std::shared_ptr<CallContext::Caller> caller_;
  const CallContext call_context_;
  bool shared_threads_ = false;             // OnIdle was called: no thread is its own
  std::shared_ptr<FiberLoop> owning_loop_;  // null: any thread may serve

  // Only the reader uses these.
  FrameParser parser_;
  bool received_anything_ = false;
  bool last_read_found_all_ = false;  // the last read left nothing in the kernel
  static constexpr int64_t kNothingToAcknowledge = -1;
  int64_t sent_bytes_at_last_read_ = kNothingToAcknowledge;
  bool wants_read_ahead_ = false;  // the peer takes no replies, so what it sends is read ahead
  // Only the runner uses these.
  HandlerContext context_;
  CallRunner runner_;

  // Only the watcher uses these: since when the unfinished frame makes too little progress, and
  // received_bytes at that time.
  absl::Time frame_time_ = absl::InfiniteFuture();
  int64_t frame_received_bytes_ = 0;

  // Any thread uses these.
  std::atomic<bool> frame_unfinished_{false};  // the last read ended inside a frame
  std::atomic<bool> frame_timed_out_{false};   // the watcher shut the stream: its rest did not come
  std::atomic<Dialect> dialect_;
  std::atomic<int> quick_runs_in_a_row_{0};  // pipelined requests whose user code was quick
  PendingRequest first_frame_;               // answered when the dialect is known
  LocalObjects local_objects_;
  ProxyCache proxies_;
  Boxing boxing_;
  PendingRequests pending_;
  Activity activity_;
  Outbox outbox_;
  ConnectionCounters own_counters_;
  ConnectionCounters* counters_ = &own_counters_;

  std::atomic<bool> ended_{false};
  std::atomic<bool> peer_hung_up_silently_{false};  // before it sent anything
  std::atomic<bool> idle_timed_out_{false};         // the watcher shut the stream: no request came
  mutable Mutex end_mutex_;
  absl::Status end_status_ ABSL_GUARDED_BY(end_mutex_);
  bool opened_ ABSL_GUARDED_BY(end_mutex_) = false;  // on_disconnect is due
  bool finished_ ABSL_GUARDED_BY(end_mutex_) = false;
};

}  // namespace rpyc

#endif  // RPYC_CONNECTION_H_
