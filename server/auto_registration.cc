#include "server/auto_registration.h"

#include <algorithm>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "registry/interrupt.h"
#include "rpyc/mutex.h"
#include "server/log.h"
#include "server/thread.h"

namespace rpyc {
namespace {

// How long to wait after a failure; the wait doubles up to the last one.
constexpr absl::Duration kFirstRetry = absl::Milliseconds(250);
constexpr absl::Duration kLastRetry = absl::Seconds(4);

}  // namespace

class AutoRegistration::Announcer {
 public:
  Announcer(RegistrarOptions registrar, Announcement announcement)
      : registrar_(std::move(registrar)), announcement_(std::move(announcement)) {}

  // The thread: announces until Stop, then takes the announcement back.
  void Run() {
    absl::Duration retry = kFirstRetry;
    absl::Duration pause;
    do {
      const absl::Status registered = registrar_.Register(announcement_.aliases, announcement_.port,
                                                          announcement_.from, &interrupt_);
      RecordAttempt(registered);
      pause = registered.ok() ? kInterval : retry;
      retry = registered.ok() ? kFirstRetry : std::min(2 * retry, kLastRetry);
    } while (Sleep(pause));
    // Also when no attempt was answered: the registry may have received one.
    const absl::Status forgotten = registrar_.Unregister(announcement_.port, announcement_.from);
    if (forgotten.ok()) {
      LogInfo(announcement_.label, ": unregistered from ", registrar_.label());
    } else {
      LogDebug(announcement_.label, ": not unregistered: ", forgotten.message());
    }
    MutexLock lock(&mutex_);
    ended_ = true;
    changed_.SignalAll();
  }

  void Stop() {
    MutexLock lock(&mutex_);
    stopping_ = true;
    interrupt_.Set();
    changed_.SignalAll();
  }

  void AwaitEnd() {
    MutexLock lock(&mutex_);
    const absl::Time deadline = absl::Now() + registrar_.options().timeout;
    while (!ended_ && changed_.WaitUntil(&mutex_, deadline)) {
    }
  }

  absl::Status last_attempt() const {
    MutexLock lock(&mutex_);
    return last_attempt_;
  }

 private:
  // Keeps the result of an attempt, and logs it if it differs from the one before. Without the
  // lock.
  void RecordAttempt(const absl::Status& registered) {
    bool first;
    {
      MutexLock lock(&mutex_);
      if (stopping_) return;
      first = !attempted_ || registered.ok() != last_attempt_.ok();
      attempted_ = true;
      last_attempt_ = registered;
    }
    if (!first) return;
    if (registered.ok()) {
      LogInfo(announcement_.label, ": registered with ", registrar_.label());
    } else {
      LogWarning(announcement_.label, ": not registered, tries on: ", registered.message());
    }
  }

  // Waits for `pause`, or until Stop. Returns false after Stop. Without the lock.
  bool Sleep(absl::Duration pause) {
    MutexLock lock(&mutex_);
    const absl::Time until = absl::Now() + pause;
    while (!stopping_ && changed_.WaitUntil(&mutex_, until)) {
    }
    return !stopping_;
  }

  const Registrar registrar_;
  const Announcement announcement_;
  const Interrupt interrupt_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool attempted_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status last_attempt_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<AutoRegistration>> AutoRegistration::Start(
    RegistrarOptions registrar, Announcement announcement) {
  auto announcer = std::make_shared<Announcer>(std::move(registrar), std::move(announcement));
  absl::Status started = StartThread([announcer] { announcer->Run(); });
  if (!started.ok()) return started;
  return std::unique_ptr<AutoRegistration>(new AutoRegistration(std::move(announcer)));
}

AutoRegistration::AutoRegistration(std::shared_ptr<Announcer> announcer)
    : announcer_(std::move(announcer)) {}

AutoRegistration::~AutoRegistration() { Stop(); }

void AutoRegistration::Stop() { announcer_->Stop(); }

void AutoRegistration::AwaitEnd() { announcer_->AwaitEnd(); }

absl::Status AutoRegistration::last_attempt() const { return announcer_->last_attempt(); }

}  // namespace rpyc
