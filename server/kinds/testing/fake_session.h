#ifndef RPYC_SERVER_KINDS_TESTING_FAKE_SESSION_H_
#define RPYC_SERVER_KINDS_TESTING_FAKE_SESSION_H_

#include <memory>
#include <optional>
#include <string>

#include "rpyc/blocked_on_peer.h"
#include "rpyc/mutex.h"
#include "server/session.h"

namespace rpyc {

// A session that a test starts, holds in a call and ends.
class FakeSession : public Session {
 public:
  enum Nature {
    kIdle,     // is in no call: ends when it is drained or shut
    kCalling,  // is in a call until Finish, or until it is shut
    kWaiting,  // is in such a call, which waits for its peer
    kStuck,    // is in a call until Finish, even if it is shut
  };
  explicit FakeSession(Nature nature) : nature_(nature) {}

  const std::string& peer() const override { return peer_; }
  absl::Status ServeAll() override {
    const std::unique_ptr<BlockedOnPeer> wait(nature_ == kWaiting ? new BlockedOnPeer : nullptr);
    MutexLock lock(&mutex_);
    serving_ = true;
    changed_.SignalAll();
    while (!MayEndLocked()) changed_.Wait(&mutex_);
    return absl::OkStatus();
  }
  // Asks a pool to serve it at once, and then behaves as in ServeAll.
  void ServeBy(Arm arm) override { arm(Stream::Event::kEither); }
  std::optional<absl::Status> ServeArrived(int) override { return ServeAll(); }
  void Drain(absl::Time) override { Set(&drained_); }
  void Shutdown() override { Set(&shut_); }
  bool busy() const override { return nature_ != kIdle; }

  void Finish() { Set(&finished_); }
  void WaitUntilServing() { WaitFor(&serving_); }
  void WaitUntilDrained() { WaitFor(&drained_); }
  bool was_shut() const {
    MutexLock lock(&mutex_);
    return shut_;
  }

 private:
  bool MayEndLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return finished_ || (nature_ != kStuck && shut_) || (nature_ == kIdle && drained_);
  }
  void Set(bool* flag) {
    MutexLock lock(&mutex_);
    *flag = true;
    changed_.SignalAll();
  }
  void WaitFor(const bool* flag) {
    MutexLock lock(&mutex_);
    while (!*flag) changed_.Wait(&mutex_);
  }

  const Nature nature_;
  const std::string peer_ = "fake";
  mutable Mutex mutex_;
  CondVar changed_;
  bool serving_ = false;
  bool drained_ = false;
  bool shut_ = false;
  bool finished_ = false;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_TESTING_FAKE_SESSION_H_
