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

// Waits between attempts that fail.
constexpr absl::Duration kFirstRetry = absl::Milliseconds(250);
constexpr absl::Duration kLastRetry = absl::Seconds(4);

}  // namespace

class AutoRegistration::Core {
 public:
  Core(RegistrarOptions registrar, Announced announced)
      : registrar_(std::move(registrar)), announced_(std::move(announced)) {}

  void Run() {
    absl::Duration retry = kFirstRetry;
    absl::Duration pause;
    do {
      const absl::Status registered =
          registrar_.Register(announced_.aliases, announced_.port, announced_.from, &interrupt_);
      Note(registered);
      pause = registered.ok() ? kInterval : retry;
      retry = registered.ok() ? kFirstRetry : std::min(2 * retry, kLastRetry);
    } while (Sleep(pause));
    // Also where no attempt was answered: one may have been heard.
    const absl::Status forgotten = registrar_.Unregister(announced_.port, announced_.from);
    if (forgotten.ok()) {
      LogInfo(announced_.label, ": unregistered from ", registrar_.label());
    } else {
      LogDebug(announced_.label, ": not unregistered: ", forgotten.message());
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
  // Logs what is new.
  void Note(const absl::Status& registered) {
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
      LogInfo(announced_.label, ": registered with ", registrar_.label());
    } else {
      LogWarning(announced_.label, ": not registered, tries on: ", registered.message());
    }
  }

  // False if it is time to end.
  bool Sleep(absl::Duration pause) {
    MutexLock lock(&mutex_);
    const absl::Time until = absl::Now() + pause;
    while (!stopping_ && changed_.WaitUntil(&mutex_, until)) {
    }
    return !stopping_;
  }

  const Registrar registrar_;
  const Announced announced_;
  const Interrupt interrupt_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool attempted_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status last_attempt_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<AutoRegistration>> AutoRegistration::Start(
    RegistrarOptions registrar, Announced announced) {
  auto core = std::make_shared<Core>(std::move(registrar), std::move(announced));
  const absl::Status started = StartThread([core] { core->Run(); });
  if (!started.ok()) return started;
  return std::unique_ptr<AutoRegistration>(new AutoRegistration(std::move(core)));
}

AutoRegistration::AutoRegistration(std::shared_ptr<Core> core) : core_(std::move(core)) {}

AutoRegistration::~AutoRegistration() { Stop(); }

void AutoRegistration::Stop() { core_->Stop(); }

void AutoRegistration::AwaitEnd() { core_->AwaitEnd(); }

absl::Status AutoRegistration::last_attempt() const { return core_->last_attempt(); }

}  // namespace rpyc
