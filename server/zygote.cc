#include "server/zygote.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "rpyc/mutex.h"
#include "rpyc/transport/fd_message.h"
#include "server/log.h"
#include "server/memory_file.h"
#include "server/nursery_messages.h"
#include "server/nursery_spec.h"
#include "server/respawn_policy.h"
#include "server/thread.h"
#include "server/wait_status.h"

namespace rpyc {
namespace {

// A nursery begins without waiting for anything, so only one that hangs takes this long.
constexpr absl::Duration kStartTimeout = absl::Seconds(30);

std::string DeathText(pid_t pid, std::optional<int> wait_status) {
  const std::string zygote = absl::StrCat("the zygote, process ", pid, ", ");
  if (!wait_status.has_value()) return absl::StrCat(zygote, "has ended");
  return absl::StrCat(zygote, WaitStatusText(*wait_status));
}

// Kills a child, which may have ended already, and reaps it. Returns its wait status; nullopt: it
// had been reaped elsewhere.
std::optional<int> KillAndReap(pid_t pid) {
  ::kill(pid, SIGKILL);  // it has not been reaped, so no other process has its number
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  return status;
}

}  // namespace

// What the program and the watching thread share: the present zygote, and its replacement.
class Zygote::Supervisor : public std::enable_shared_from_this<Supervisor> {
 public:
  Supervisor(Process process, Respawn respawn)
      : respawn_(std::move(respawn)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    MutexLock lock(&mutex_);
    AdoptLocked(std::move(process));
  }

  absl::Status Watch();
  void Stop();
  Status status() const {
    MutexLock lock(&mutex_);
    return status_;
  }
  absl::StatusOr<Nursery> StartNursery(const Fd& spec_file, int slots_fd);

 private:
  // Makes `process` the present zygote.
  // Threads: any.
  void AdoptLocked(Process process) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Replaces one zygote after the other. This is the body of the watching thread.
  void Run();
  // Waits until the zygote dies. Returns false if Stop ended the wait.
  // Threads: the watching thread.
  bool AwaitDeath();
  // Reaps the zygote, which has died, and has another made; takes mutex_, and releases it while it
  // waits. Returns false if there is no other.
  // Threads: the watching thread.
  bool Replace();
  // Waits for the channel of a zygote other than `dead`, takes mutex_. Null: there is no zygote.
  // Threads: any.
  std::shared_ptr<const Fd> AwaitChannel(const std::shared_ptr<const Fd>& dead);

  const Respawn respawn_;
  const Fd wake_;

  RespawnPolicy policy_;  // used by the watching thread only

  mutable Mutex mutex_;
  CondVar changed_;
  Status status_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const Fd> channel_ ABSL_GUARDED_BY(mutex_);  // null: there is no zygote
  bool watched_ ABSL_GUARDED_BY(mutex_) = false;               // the watching thread runs
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

void Zygote::Supervisor::AdoptLocked(Process process) {
  RPYC_ASSERT(channel_ == nullptr);
  channel_ = std::make_shared<const Fd>(std::move(process.channel));
  status_.pid = process.pid;
  status_.start_time = absl::Now();
  status_.state = RunState::kRunning;
}

absl::Status Zygote::Supervisor::Watch() {
  MutexLock lock(&mutex_);
  if (watched_ || channel_ == nullptr) return absl::OkStatus();  // it may be gone for good
  if (!wake_.valid()) return absl::ResourceExhaustedError("no descriptor for the zygote's watch");
  absl::Status started = StartThread([self = shared_from_this()] { self->Run(); });
  watched_ = started.ok();
  return started;
}

void Zygote::Supervisor::Run() {
  while (AwaitDeath() && Replace()) {
  }
  MutexLock lock(&mutex_);
  watched_ = false;
  changed_.SignalAll();
}

bool Zygote::Supervisor::AwaitDeath() {
  std::shared_ptr<const Fd> channel;
  {
    MutexLock lock(&mutex_);
    channel = channel_;
  }
  pollfd waited[] = {{.fd = channel->get(), .events = 0, .revents = 0},
                     {.fd = wake_.get(), .events = POLLIN, .revents = 0}};
  while (::poll(waited, 2, -1) < 0 && errno == EINTR) {
  }
  MutexLock lock(&mutex_);
  return !stopping_;
}

bool Zygote::Supervisor::Replace() {
  pid_t pid;
  absl::Time began;
  {
    MutexLock lock(&mutex_);
    pid = std::exchange(status_.pid, 0);
    began = status_.start_time;
    channel_.reset();
    status_.state = respawn_ == nullptr ? RunState::kGone : RunState::kReplacing;
  }
  const std::string death = DeathText(pid, KillAndReap(pid));
  LogError(death, respawn_ == nullptr ? "; servers with processes of their own go on, but no other"
                                        " can be started"
                                      : "; another is made");
  std::optional<absl::Duration> wait = policy_.OnDeath(absl::Now() - began);
  MutexLock lock(&mutex_);
  status_.last_error = death;
  while (respawn_ != nullptr && wait.has_value()) {
    const absl::Time again = absl::Now() + *wait;
    while (!stopping_ && changed_.WaitUntil(&mutex_, again)) {
    }
    if (stopping_) return false;
    mutex_.Unlock();
    absl::StatusOr<Process> process = respawn_();
    mutex_.Lock();
    if (process.ok()) {
      LogInfo("another zygote is process ", process->pid);
      AdoptLocked(*std::move(process));
      ++status_.restarts;
      changed_.SignalAll();
      return true;
    }
    status_.last_error =
        absl::StrCat(death, "; no other could be made: ", process.status().message());
    wait = policy_.OnDeath(absl::ZeroDuration());
  }
  status_.state = RunState::kGone;
  changed_.SignalAll();
  if (respawn_ != nullptr) {
    LogError(status_.last_error, "; after ", policy_.deaths(),
             " deaths in a row no other is made: no server with processes of their own can be"
             " started");
  }
  return false;
}

std::shared_ptr<const Fd> Zygote::Supervisor::AwaitChannel(const std::shared_ptr<const Fd>& dead) {
  const absl::Time deadline = absl::Now() + kStartTimeout;
  MutexLock lock(&mutex_);
  // A zygote is replaced only while a thread watches it.
  while (watched_ &&
         (status_.state == RunState::kReplacing || (dead != nullptr && channel_ == dead)) &&
         changed_.WaitUntil(&mutex_, deadline)) {
  }
  return channel_ == dead ? nullptr : channel_;
}

absl::StatusOr<Zygote::Nursery> Zygote::Supervisor::StartNursery(const Fd& spec_file,
                                                                 int slots_fd) {
  absl::StatusOr<std::pair<Fd, Fd>> ends = FdMessageChannel();
  if (!ends.ok()) return ends.status();
  auto& [ours, theirs] = *ends;
  std::shared_ptr<const Fd> channel = AwaitChannel(nullptr);
  while (channel != nullptr) {
    const absl::Status sent =
        SendFdMessage(channel->get(), "nursery", {spec_file.get(), slots_fd, theirs.get()});
    if (sent.ok()) break;
    channel = AwaitChannel(channel);
  }
  if (channel == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "the zygote has gone", status().last_error.empty() ? "" : ": ", status().last_error));
  }
  theirs.Reset();
  const absl::StatusOr<FdMessage> answer =
      ReceiveFdMessage(ours.get(), absl::Now() + kStartTimeout);
  if (!answer.ok()) {
    return absl::UnavailableError(
        absl::StrCat("no nursery came of the zygote: ", answer.status().message()));
  }
  const absl::StatusOr<NurseryReport> report = ReadReport(answer->bytes);
  if (!report.ok()) return report.status();
  if (report->kind == NurseryReport::kReady) {
    return Nursery{std::move(ours), static_cast<pid_t>(report->number)};
  }
  return absl::UnavailableError(report->text);
}

void Zygote::Supervisor::Stop() {
  pid_t pid;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
    if (wake_.valid()) ::eventfd_write(wake_.get(), 1);
    while (watched_) changed_.Wait(&mutex_);
    pid = std::exchange(status_.pid, 0);
  }
  // The zygote would end by itself; this makes sure that it has ended when the function returns.
  if (pid != 0) KillAndReap(pid);
}

Zygote::Zygote(Process process, Respawn respawn)
    : supervisor_(std::make_shared<Supervisor>(std::move(process), std::move(respawn))) {}

Zygote::~Zygote() { supervisor_->Stop(); }

absl::Status Zygote::Watch() { return supervisor_->Watch(); }

absl::StatusOr<Zygote::Nursery> Zygote::StartNursery(const NurserySpec& spec, int slots_fd) {
  const absl::StatusOr<Fd> spec_file = MemoryFile(EncodeNurserySpec(spec));
  if (!spec_file.ok()) return spec_file.status();
  return supervisor_->StartNursery(*spec_file, slots_fd);
}

Zygote::Status Zygote::status() const { return supervisor_->status(); }

}  // namespace rpyc
