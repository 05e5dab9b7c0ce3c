#ifndef RPYC_ASYNC_RESULT_H_
#define RPYC_ASYNC_RESULT_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/netref.h"

namespace rpyc {

// The result of a call that was sent and not waited for.
//
//   rpyc::AsyncResult result = rpyc::Async(root["slow"])(1);
//   result.AddCallback([](rpyc::AsyncResult r) { Show(r.as<int>()); });
//   result.SetExpiry(absl::Seconds(5));
//   int answer = result.as<int>();                                // waits
//
// The thread that serves the connection notices the answer, also one that waits for an answer of
// its own; ready() serves what has arrived.
// A handle: copies are the same result.
// Threads: any.
// Source:  RPyC core/async_.py, AsyncResult, 5.3.1 and 6.0.2.
class AsyncResult {
 public:
  // The result of a request on an object that was asked for with `context`, whose timeout is the
  // expiry.
  AsyncResult(StartedCall call, CallContext context);

  // Whether the answer, or the error, has arrived in time. It does not wait.
  bool ready() const;
  // Whether it is an error.
  bool error() const;
  // Whether it did not arrive in time, and so never will.
  bool expired() const;

  // Lets it expire after `timeout` from now; with InfiniteDuration never, which is so unless the
  // Netref had a Timeout. An answer that comes later is dropped.
  void SetExpiry(absl::Duration timeout) const;
  // Waits until it is ready.
  // Errors:  a PyStatus, TimeoutError - it expired.
  absl::Status Wait() const;
  // Waits, and returns the result, or the error in its place.
  Netref value() const;
  template <typename T>
  T as() const {
    return value().as<T>();
  }
  template <typename T>
  auto get() const {
    return value().get<T>();
  }

  // Calls `callback` when it is ready: on the thread that serves the connection then, or at once if
  // it is ready. Not if it expires. What it throws is dropped.
  void AddCallback(std::function<void(AsyncResult)> callback) const;

 private:
  struct PendingResult;
  explicit AsyncResult(std::shared_ptr<PendingResult> pending) : pending_(std::move(pending)) {}

  std::shared_ptr<PendingResult> pending_;
};

// A function that is called without waiting: rpyc::Async(root["slow"])(1, rpyc::Arg("b") = 2).
class AsyncFunction {
 public:
  explicit AsyncFunction(Netref function) : function_(std::move(function)) {}

  template <typename... A>
  AsyncResult operator()(A&&... args) const {
    return AsyncResult(function_.Start(std::forward<A>(args)...), function_.context());
  }

 private:
  Netref function_;
};

// Source:  RPyC utils/helpers.py, async_, 5.3.1 and 6.0.2.
inline AsyncFunction Async(Netref function) { return AsyncFunction(std::move(function)); }

}  // namespace rpyc

#endif  // RPYC_ASYNC_RESULT_H_
