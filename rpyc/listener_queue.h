#ifndef RPYC_LISTENER_QUEUE_H_
#define RPYC_LISTENER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/errors.h"
#include "rpyc/mutex.h"
#include "rpyc/netref_object.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc {

// Says which call is dropped when a listener's queue has no room for one more.
enum class WhenFull { kDropOldest, kDropNewest };

struct ListenerOptions {
  // How many calls may wait while the client has not answered earlier ones. At least 1.
  size_t max_waiting = 64;
  // How many calls may have been sent and not answered. At least 1. More of them carry more calls a
  // second over a slow network; a call that has been sent is not dropped any more.
  size_t max_unanswered = 8;
  WhenFull when_full = WhenFull::kDropOldest;

  // The handlers run on the thread that serves the client's connection, so that they may take their
  // time; `client` is its address. What they throw is dropped.
  // Called with what the Python function raised, or, on the thread that made the call, with why it
  // could not be sent.
  std::function<void(const std::string& client, const RemoteError& error)> on_error = nullptr;
  // Called once when the client has gone, on the connection's own thread, whatever the service says
  // of RunOn and Serialized.
  std::function<void(const std::string& client)> on_gone = nullptr;
};

// How a listener's calls have ended.
struct ListenerCounts {
  int64_t answered = 0;  // the Python function has returned
  int64_t failed = 0;    // it has raised, or the call could not be sent
  int64_t dropped = 0;   // for lack of room, or because the client has gone
  size_t unanswered = 0;
  size_t waiting = 0;
};

// A Python callable and the calls on their way to it, which are behind a Listener
// (rpyc/cast/listener.h). The Listeners keep it alive, and so do calls that are not answered.
// Threads: any. Push never waits: the lock here is held for a few instructions only.
class ListenerQueue : public std::enable_shared_from_this<ListenerQueue> {
 public:
  // Makes one for a callable of a peer, whose address is `client`.
  static std::shared_ptr<ListenerQueue> Make(std::shared_ptr<NetrefObject> callee,
                                             std::string client);
  ~ListenerQueue();

  // Sets the options of calls from now on.
  void Configure(ListenerOptions options);
  // Sends the call, or has it wait. An error in place of the arguments counts as a failed call.
  void Push(absl::StatusOr<CallArgs> args);
  // Drops the calls that wait and all that follow; no handler runs any more.
  void Close();

  bool connected() const;
  ListenerCounts counts() const;
  const std::string& client() const { return client_; }
  // Whether both call the same object of the same peer.
  bool HasSameCallee(const ListenerQueue& other) const;

 private:
  ListenerQueue(std::shared_ptr<NetrefObject> callee, std::string client);

  // Sends what may be sent, unless another thread is sending: one at a time keeps the order. No
  // lock is held around the sending, which may find an answer there at once.
  void Send();
  // Counts the answer to one call.
  void OnAnswer(const absl::StatusOr<Value>& answer);
  // Drops what waits and calls on_gone, once: the connection has ended.
  void OnGone();
  // Counts a failed call and calls on_error.
  void TellError(const absl::Status& error);

  const std::shared_ptr<NetrefObject> callee_;
  const std::string client_;

  mutable Mutex mutex_;
  std::shared_ptr<const ListenerOptions> options_ ABSL_GUARDED_BY(mutex_);
  std::deque<CallArgs> waiting_ ABSL_GUARDED_BY(mutex_);
  ListenerCounts counts_ ABSL_GUARDED_BY(mutex_);  // but for `waiting`
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;   // a thread sends all that wait
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace rpyc

#endif  // RPYC_LISTENER_QUEUE_H_
