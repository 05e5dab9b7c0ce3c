#include "server/kinds/process_set.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/fd_message.h"
#include "rpyc/transport/tls_context.h"
#include "server/complaints.h"
#include "server/log.h"
#include "server/memory_file.h"
#include "server/nursery_spec.h"
#include "server/process_slots.h"
#include "server/thread.h"
#include "server/wait_status.h"

namespace rpyc {
namespace {

// Drain waits this long for the nursery to kill what is left and end. If it hangs, Drain kills the
// nursery, and waits as long again.
constexpr absl::Duration kNurseryGrace = absl::Seconds(5);

// A server never has more processes than this. Slots that are not used take no memory.
constexpr int64_t kMaxProcesses = 65'536;

// How a process ended whose session had not ended before.
absl::Status DeathStatus(int64_t pid, int wait_status, const ServerOptions& options) {
  std::string text = absl::StrCat("its process ", pid, " ", WaitStatusText(wait_status));
  if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGXCPU) {
    absl::StrAppend(&text, ": max_cpu_time is ", absl::FormatDuration(options.max_cpu_time));
  }
  return absl::AbortedError(text);
}

absl::Status NurseryDied() {
  return absl::AbortedError("the server's nursery, the parent of its processes, has died");
}

}  // namespace

// A nursery, and the slots that it shares with its processes. Each nursery has slots of its own:
// processes of one that has died may still run for a moment, and must not write into a slot of the
// next.
struct ProcessSet::Nursery {
  Nursery(ProcessSlots its_slots, int64_t certificates, Zygote::Nursery link)
      : slots(std::move(its_slots)),
        free_slots(slots.size()),
        certificates(certificates),
        channel(std::move(link.channel)),
        pid(link.pid) {}

  absl::Status Send(const NurseryOrder& order, int fd) const {
    absl::Status sent = SendFdMessage(channel.get(), WriteOrder(order), {fd});
    return sent.ok() ? sent : NurseryDied();
  }

  const ProcessSlots slots;
  FreeSlots free_slots;
  int64_t certificates;  // the version that it has; used by the admitting thread only
  const Fd channel;
  const pid_t pid;
  const absl::Time began = absl::Now();
};

// The nursery that makes a process, and the process's slot there. Gives the slot back at its end.
struct ProcessSet::Placement {
  Placement(NurseryPtr its_nursery, size_t its_index)
      : nursery(std::move(its_nursery)), index(its_index), slot(nursery->slots.slot(index)) {
    RPYC_ASSERT(slot != nullptr);
  }
  ~Placement() {
    nursery->slots.FreeHeldBytes(index);
    nursery->free_slots.Return(index);
  }
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;

  const NurseryPtr nursery;
  const size_t index;
  ProcessSlot* const slot;
};

absl::StatusOr<ProcessSet::PlacementPtr> ProcessSet::TakePlacement(const NurseryPtr& nursery) {
  const absl::StatusOr<size_t> index = nursery->free_slots.Take(nursery->slots);
  if (!index.ok()) return index.status();
  return std::make_shared<const Placement>(nursery, *index);
}

// This is a connection's process, as the host sees it.
// Threads: any.
class ProcessSet::Process : public Drainable {
 public:
  Process(Socket socket, std::string name, PlacementPtr placement)
      : socket_(std::move(socket)), name_(std::move(name)), placement_(std::move(placement)) {}

  void Drain(absl::Time deadline) override { placement()->slot->OrderDrain(deadline); }
  void Shutdown() override {
    placement()->slot->OrderShutdown();
    ShutSocket();
  }
  bool busy() const override { return placement()->slot->busy(); }
  int64_t process_id() const override { return placement()->slot->pid(); }
  void Kill() override {
    const NurseryOrder order = {.kind = NurseryOrder::kKill, .number = number_.load()};
    TrySendFdMessage(placement()->nursery->channel.get(), WriteOrder(order)).IgnoreError();
  }

  // Ends the connection for the client, whatever the process does.
  void ShutSocket() { ::shutdown(socket_.fd(), SHUT_RDWR); }

  // Enters the connection in the ledger. Call it once.
  void EnterLedger(SessionLedger& ledger) {
    number_.store(
        static_cast<uint64_t>(ledger.Began(this, &name_, &placement()->slot->counters())));
  }
  // Lets another nursery make the process, because the first one died before it did.
  void MoveTo(PlacementPtr placement, SessionLedger& ledger) {
    ledger.UseCounters(static_cast<int64_t>(number()), &placement->slot->counters());
    MutexLock lock(&mutex_);
    placement_.swap(placement);
  }
  // Orders the nursery to make the process.
  // Errors:  kAborted - the nursery has died.
  absl::Status Order() const {
    const PlacementPtr placement = this->placement();
    return placement->nursery->Send({.kind = NurseryOrder::kServe,
                                     .slot = static_cast<uint32_t>(placement->index),
                                     .number = number(),
                                     .tcp = socket_.tcp(),
                                     .text = socket_.peer()},
                                    socket_.fd());
  }
  uint64_t number() const {
    return number_.load();
  }  // in the ledger and in the messages to the nursery
  const std::string& name() const { return name_; }
  PlacementPtr placement() const {
    MutexLock lock(&mutex_);
    return placement_;
  }

 private:
  const Socket socket_;
  const std::string name_;           // the peer's, for the log
  std::atomic<uint64_t> number_{0};  // 0 until the ledger has returned it; it may call before
  mutable Mutex mutex_;
  PlacementPtr placement_ ABSL_GUARDED_BY(mutex_);
};

ProcessSet::ProcessSet(const KindContext& context)
    : zygote_(context.zygote),
      setup_(context.setup),
      failed_(context.failed),
      options_(*context.options) {}

absl::Status ProcessSet::Start() {
  absl::StatusOr<NurseryPtr> nursery = MakeNursery();
  if (!nursery.ok()) return nursery.status();
  {
    MutexLock lock(&mutex_);
    RPYC_ASSERT(nursery_ == nullptr);
    nursery_ = *nursery;
  }
  return StartThread([self = shared_from_this(), nursery = *nursery] { self->Run(nursery); });
}

absl::StatusOr<ProcessSet::NurseryPtr> ProcessSet::MakeNursery() {
  absl::StatusOr<ProcessSlots> slots =
      ProcessSlots::Make(static_cast<size_t>(std::min(options_.max_sessions, kMaxProcesses)));
  if (!slots.ok()) return slots.status();
  TlsContext::Source certificates;
  if (setup_->tls != nullptr) certificates = setup_->tls->source();
  const NurserySpec spec = {.options = options_, .pem = std::move(certificates.pem)};
  absl::StatusOr<Zygote::Nursery> link = zygote_->StartNursery(spec, slots->fd());
  if (!link.ok()) return link.status();
  return std::make_shared<Nursery>(*std::move(slots), certificates.version, *std::move(link));
}

absl::StatusOr<ProcessSet::NurseryPtr> ProcessSet::AwaitNursery(const NurseryPtr& except) {
  MutexLock lock(&mutex_);
  while (!draining_ && failure_.ok() && (nursery_ == nullptr || nursery_ == except)) {
    changed_.Wait(&mutex_);
  }
  if (draining_) return ServerIsClosing();
  if (!failure_.ok()) return failure_;
  return nursery_;
}

absl::Status ProcessSet::SendCertificates(Nursery& nursery) {
  if (setup_->tls == nullptr) return absl::OkStatus();
  setup_->RefreshTls();
  if (setup_->tls->version() == nursery.certificates) return absl::OkStatus();
  const TlsContext::Source source = setup_->tls->source();
  const absl::StatusOr<Fd> file = MemoryFile(EncodePem(source.pem));
  if (!file.ok()) return file.status();
  absl::Status sent = nursery.Send({.kind = NurseryOrder::kCertificates}, file->get());
  if (sent.ok()) nursery.certificates = source.version;
  return sent;
}

absl::Status ProcessSet::Admit(Socket socket) {
  NurseryPtr nursery;
  for (;;) {
    absl::StatusOr<NurseryPtr> other = AwaitNursery(nursery);
    if (!other.ok()) {
      if (!absl::IsCancelled(other.status())) failed_(other.status());
      return other.status();
    }
    nursery = *std::move(other);
    if (absl::Status sent = SendCertificates(*nursery); !sent.ok()) {
      if (absl::IsAborted(sent)) continue;  // it has died; the next nursery begins with them
      return sent;
    }
    absl::StatusOr<PlacementPtr> placement = TakePlacement(nursery);
    if (!placement.ok()) return placement.status();
    const std::string name = setup_->PeerNameOf(socket);
    ProcessPtr process;
    {
      MutexLock lock(&mutex_);
      if (draining_ || nursery_ != nursery) continue;
      process = std::make_shared<Process>(std::move(socket), name, *std::move(placement));
      // The set refuses only while it is drained, and then AwaitNursery has returned an error.
      if (!sessions_.Add(process)) return ServerIsClosing();
      process->EnterLedger(*setup_->ledger);
      const bool is_new = processes_.emplace(process->number(), process).second;
      RPYC_ASSERT(is_new);
    }
    LogDebug(setup_->label, ": accepted ", name);
    // If the nursery dies before it has made the process, the next one makes it.
    process->Order().IgnoreError();
    return absl::OkStatus();
  }
}

void ProcessSet::Run(NurseryPtr nursery) {
  while (nursery != nullptr) {
    ReadReports(*nursery);
    const absl::Duration lived = absl::Now() - nursery->began;
    nursery = OnNurseryGone() ? Replace(lived) : nullptr;
  }
  for (const ProcessPtr& process : std::exchange(unserved_, {}))
    OnProcessEnded(process, NurseryDied());
  MutexLock lock(&mutex_);
  all_ended_ = true;
  changed_.SignalAll();
}

void ProcessSet::ReadReports(const Nursery& nursery) {
  for (;;) {
    const absl::StatusOr<FdMessage> message = ReceiveFdMessage(nursery.channel.get());
    if (!message.ok()) return;
    const absl::StatusOr<NurseryReport> report = ReadReport(message->bytes);
    if (report.ok()) OnReport(*report);
  }
}

void ProcessSet::OnReport(const NurseryReport& report) {
  switch (report.kind) {
    case NurseryReport::kEnded:
      if (const ProcessPtr process = Take(report.number); process != nullptr) {
        OnProcessEnded(
            process, DeathStatus(process->placement()->slot->pid(), report.wait_status, options_));
      }
      return;
    case NurseryReport::kNotForked:
      if (const ProcessPtr process = Take(report.number); process != nullptr) {
        OnProcessEnded(process, absl::ResourceExhaustedError(report.text));
      }
      return;
    case NurseryReport::kError:
      return LogError(setup_->label, ": ", report.text);
    case NurseryReport::kReady:
    case NurseryReport::kFailed:
      return;
  }
}

ProcessSet::ProcessPtr ProcessSet::Take(uint64_t number) {
  MutexLock lock(&mutex_);
  const auto found = processes_.find(number);
  if (found == processes_.end()) return nullptr;
  ProcessPtr process = std::move(found->second);
  processes_.erase(found);
  return process;
}

void ProcessSet::OnProcessEnded(const ProcessPtr& process, const absl::Status& death) {
  process->ShutSocket();
  const std::optional<absl::Status> end = process->placement()->slot->end();
  const bool killed = !end.has_value() && killed_.load();
  absl::Status how = end.value_or(death);
  if (killed) {
    how = absl::AbortedError(absl::StrCat("its process ", process->placement()->slot->pid(),
                                          " was killed, as it did not end by itself"));
  }
  how = setup_->ledger->Ended(static_cast<int64_t>(process->number()), std::move(how));
  if (end.has_value() || absl::IsCancelled(how)) {
    setup_->LogEnd(process->name(), how);
  } else {
    setup_->complaints->Log(
        killed ? LogLevel::kWarning : LogLevel::kError, setup_->label, process->name(),
        absl::StrCat(setup_->label, ": goodbye ", process->name(), ": ", how.message()),
        absl::Now());
  }
  sessions_.Remove(process);
}

bool ProcessSet::OnNurseryGone() {
  std::unordered_map<uint64_t, ProcessPtr> left;
  bool expected;
  {
    MutexLock lock(&mutex_);
    nursery_.reset();
    expected = draining_;
    left.swap(processes_);
  }
  for (const auto& [number, process] : left) {
    if (!expected && process->placement()->slot->Withdraw()) {
      unserved_.push_back(process);
    } else {
      OnProcessEnded(process, NurseryDied());
    }
  }
  return !expected;
}

void ProcessSet::MoveUnserved(const NurseryPtr& nursery) {
  for (const ProcessPtr& process : std::exchange(unserved_, {})) {
    absl::StatusOr<PlacementPtr> placement = TakePlacement(nursery);
    if (!placement.ok()) {
      OnProcessEnded(process, placement.status());
      continue;
    }
    process->MoveTo(*std::move(placement), *setup_->ledger);
    {
      MutexLock lock(&mutex_);
      const bool is_new = processes_.emplace(process->number(), process).second;
      RPYC_ASSERT(is_new);
    }
    process->Order().IgnoreError();  // if this nursery dies too, they wait for the next
  }
}

ProcessSet::NurseryPtr ProcessSet::Replace(absl::Duration lived) {
  std::string why = std::string(NurseryDied().message());
  std::optional<absl::Duration> wait = policy_.OnDeath(lived);
  while (wait.has_value()) {
    LogError(setup_->label, ": ", why, "; another is made",
             *wait == absl::ZeroDuration() ? "" : absl::StrCat(" in ", absl::FormatDuration(*wait)),
             ", clients wait meanwhile");
    const absl::Time again = absl::Now() + *wait;
    {
      MutexLock lock(&mutex_);
      while (!draining_ && changed_.WaitUntil(&mutex_, again)) {
      }
      if (draining_) return nullptr;
    }
    absl::StatusOr<NurseryPtr> nursery = MakeNursery();
    if (nursery.ok()) {
      LogInfo(setup_->label, ": the new nursery is process ", (*nursery)->pid);
      MoveUnserved(*nursery);
      MutexLock lock(&mutex_);
      if (draining_) {
        // Drain has not seen this nursery, so it is told to end here. Run reads its last reports.
        ::shutdown((*nursery)->channel.get(), SHUT_WR);
      } else {
        RPYC_ASSERT(nursery_ == nullptr);
        nursery_ = *nursery;
        changed_.SignalAll();
      }
      return *std::move(nursery);
    }
    why = absl::StrCat("no nursery could be made: ", nursery.status().message());
    wait = policy_.OnDeath(absl::ZeroDuration());
  }
  const absl::Status failure = absl::AbortedError(
      absl::StrCat(why, "; that was ", policy_.deaths(), " times in a row, and no other is made"));
  {
    MutexLock lock(&mutex_);
    failure_ = failure;
    changed_.SignalAll();
  }
  failed_(failure);
  return nullptr;
}

void ProcessSet::Drain(absl::Time deadline) {
  {
    MutexLock lock(&mutex_);
    draining_ = true;
    changed_.SignalAll();
  }
  sessions_.Drain(deadline);
  killed_.store(true);
  MutexLock lock(&mutex_);
  // The nursery kills what is left, reports that, and ends.
  if (nursery_ != nullptr) ::shutdown(nursery_->channel.get(), SHUT_WR);
  for (const bool hangs : {false, true}) {
    if (hangs && nursery_ != nullptr) ::kill(nursery_->pid, SIGKILL);
    const absl::Time grace = absl::Now() + kNurseryGrace;
    while (!all_ended_ && changed_.WaitUntil(&mutex_, grace)) {
    }
  }
}

ServerKindStats ProcessSet::Stats() const {
  ServerKindStats stats = sessions_.Stats();
  MutexLock lock(&mutex_);
  // Drain has killed what the set counts as abandoned.
  stats.abandoned_calls = std::min(stats.abandoned_calls, static_cast<int64_t>(processes_.size()));
  return stats;
}

}  // namespace rpyc
