#include "server/kinds/process_set.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/transport/fd_message.h"
#include "rpyc/transport/tls_context.h"
#include "server/log.h"
#include "server/memory_file.h"
#include "server/nursery_spec.h"
#include "server/thread.h"

namespace rpyc {
namespace {

// For a nursery to kill what is left, say so and end; and for the end of one that hung, and is
// killed with all that is left.
constexpr absl::Duration kNurseryGrace = absl::Seconds(5);

// How a process ended that did not end its session first.
absl::Status Death(int64_t pid, int wait_status, const ServerOptions& options) {
  const std::string process = absl::StrCat("its process ", pid);
  if (!WIFSIGNALED(wait_status)) {
    return absl::AbortedError(
        absl::StrCat(process, " exited with status ", WEXITSTATUS(wait_status)));
  }
  const int signal = WTERMSIG(wait_status);
  std::string text =
      absl::StrCat(process, " died by signal ", signal, " (", ::strsignal(signal), ")");
  if (signal == SIGXCPU) {
    absl::StrAppend(&text, ": max_cpu_time is ", absl::FormatDuration(options.max_cpu_time));
  }
  return absl::AbortedError(text);
}

absl::Status NurseryDied() {
  return absl::AbortedError("the server's nursery, the parent of its processes, has died");
}

}  // namespace

// A connection's process, as the host sees it.
class ProcessSet::Process : public Drainable {
 public:
  Process(Socket socket, std::string name, size_t slot_index, ProcessSet* set)
      : socket_(std::move(socket)),
        name_(std::move(name)),
        slot_index_(slot_index),
        slot_(set->slots_.slot(slot_index)),
        set_(set) {}

  void Drain(absl::Time deadline) override { slot_->OrderDrain(deadline); }
  void Shutdown() override {
    slot_->OrderShutdown();
    Hang();
  }
  bool busy() const override { return slot_->busy(); }
  int64_t process_id() const override { return slot_->pid(); }
  void Kill() override {
    const NurseryOrder order = {.kind = NurseryOrder::kKill, .number = number_.load()};
    TrySendFdMessage(set_->nursery_.channel.get(), WriteOrder(order)).IgnoreError();
  }

  // The client hears the end, whatever the process does.
  void Hang() { ::shutdown(socket_.fd(), SHUT_RDWR); }

  // Has it counted as begun; once.
  void EnterInto(SessionLedger& ledger) {
    number_.store(static_cast<uint64_t>(ledger.Began(this, &name_, &slot_->counters())));
  }
  uint64_t number() const {
    return number_.load();
  }  // in the ledger, and in what the nursery hears
  int fd() const { return socket_.fd(); }
  const std::string& name() const { return name_; }
  size_t slot_index() const { return slot_index_; }
  ProcessSlot& slot() const { return *slot_; }

 private:
  const Socket socket_;
  const std::string name_;  // of the peer, for the log
  const size_t slot_index_;
  ProcessSlot* const slot_;
  ProcessSet* const set_;            // outlives it
  std::atomic<uint64_t> number_{0};  // the ledger may call before it has said which
};

ProcessSet::ProcessSet(const KindContext& context, ProcessSlots slots, int64_t certificates,
                       Zygote::Nursery nursery)
    : setup_(context.setup),
      failed_(context.failed),
      options_(*context.options),
      slots_(std::move(slots)),
      free_slots_(slots_.size()),
      nursery_(std::move(nursery)),
      certificates_(certificates) {}

absl::Status ProcessSet::Start() {
  return StartThread([self = shared_from_this()] { self->ReadReports(); });
}

absl::Status ProcessSet::Send(const NurseryOrder& order, int fd) {
  absl::Status sent = SendFdMessage(nursery_.channel.get(), WriteOrder(order), {fd});
  return sent.ok() ? sent : NurseryDied();
}

// If the host has others than the nursery.
absl::Status ProcessSet::SendCertificates() {
  if (setup_->tls == nullptr) return absl::OkStatus();
  setup_->RefreshTls();
  if (setup_->tls->version() == certificates_) return absl::OkStatus();
  const TlsContext::Source source = setup_->tls->source();
  const absl::StatusOr<Fd> file = MemoryFile(EncodePem(source.pem));
  if (!file.ok()) return file.status();
  absl::Status sent = Send({.kind = NurseryOrder::kCertificates}, file->get());
  if (sent.ok()) certificates_ = source.version;
  return sent;
}

absl::Status ProcessSet::Admit(Socket socket) {
  if (absl::Status sent = SendCertificates(); !sent.ok()) return sent;
  const absl::StatusOr<size_t> index = free_slots_.Take(slots_);
  if (!index.ok()) return index.status();
  const std::string name = setup_->NameOf(socket);
  NurseryOrder order = {.kind = NurseryOrder::kServe,
                        .slot = static_cast<uint32_t>(*index),
                        .tcp = socket.tcp(),
                        .text = socket.peer()};
  const auto process = std::make_shared<Process>(std::move(socket), name, *index, this);
  bool lost, going;
  {
    MutexLock lock(&mutex_);
    lost = lost_;
    going = !lost && sessions_.Add(process);
    if (going) {
      process->EnterInto(*setup_->ledger);
      order.number = process->number();
      processes_.emplace(order.number, process);
    }
  }
  if (!going) {
    free_slots_.Return(*index);
    if (!lost) return absl::CancelledError("the server is closing");
    failed_(NurseryDied());  // it may have died before the server could fail
    return NurseryDied();
  }
  LogDebug(setup_->label, ": accepted ", name);
  // What the nursery has not heard of when it goes is written off with the rest.
  Send(order, process->fd()).IgnoreError();
  return absl::OkStatus();
}

void ProcessSet::ReadReports() {
  for (;;) {
    const absl::StatusOr<FdMessage> message = ReceiveFdMessage(nursery_.channel.get());
    if (!message.ok()) break;
    const absl::StatusOr<NurseryReport> report = ReadReport(message->bytes);
    if (report.ok()) Heard(*report);
  }
  Lost();
}

void ProcessSet::Heard(const NurseryReport& report) {
  switch (report.kind) {
    case NurseryReport::kEnded:
      if (const ProcessPtr process = Take(report.number); process != nullptr) {
        Ended(process, Death(process->slot().pid(), report.wait_status, options_));
      }
      return;
    case NurseryReport::kNotForked:
      if (const ProcessPtr process = Take(report.number); process != nullptr) {
        Ended(process, absl::ResourceExhaustedError(report.text));
      }
      return;
    case NurseryReport::kError:
      return LogError(setup_->label, ": ", report.text);
    case NurseryReport::kReady:
    case NurseryReport::kFailed:
      return;
  }
}

// Null if there is no such process.
ProcessSet::ProcessPtr ProcessSet::Take(uint64_t number) {
  MutexLock lock(&mutex_);
  const auto found = processes_.find(number);
  if (found == processes_.end()) return nullptr;
  ProcessPtr process = std::move(found->second);
  processes_.erase(found);
  return process;
}

// `process` is no more; `death` is how, unless it has said itself how its session ended.
void ProcessSet::Ended(const ProcessPtr& process, const absl::Status& death) {
  process->Hang();
  const std::optional<absl::Status> end = process->slot().end();
  const bool killed = !end.has_value() && killed_.load();
  absl::Status how = end.value_or(death);
  if (killed) {
    how = absl::AbortedError(absl::StrCat("its process ", process->slot().pid(),
                                          " was killed, as it did not end by itself"));
  }
  how = setup_->ledger->Ended(static_cast<int64_t>(process->number()), std::move(how));
  if (end.has_value() || absl::IsCancelled(how)) {
    setup_->LogEnd(process->name(), how);
  } else if (killed) {
    LogWarning(setup_->label, ": goodbye ", process->name(), ": ", how.message());
  } else {
    LogError(setup_->label, ": goodbye ", process->name(), ": ", how.message());
  }
  sessions_.Remove(process);
  slots_.TakeBack(process->slot_index());
  free_slots_.Return(process->slot_index());
}

// The nursery has gone, and with it its processes.
void ProcessSet::Lost() {
  std::unordered_map<uint64_t, ProcessPtr> left;
  bool expected;
  {
    MutexLock lock(&mutex_);
    lost_ = true;
    expected = draining_;
    left.swap(processes_);
  }
  for (const auto& [number, process] : left) Ended(process, NurseryDied());
  if (!expected) failed_(NurseryDied());
  MutexLock lock(&mutex_);
  all_ended_ = true;
  changed_.SignalAll();
}

void ProcessSet::Drain(absl::Time deadline) {
  {
    MutexLock lock(&mutex_);
    draining_ = true;
  }
  sessions_.Drain(deadline);
  killed_.store(true);
  ::shutdown(nursery_.channel.get(), SHUT_WR);  // it kills what is left, reports that, and ends
  MutexLock lock(&mutex_);
  for (const bool hangs : {false, true}) {
    if (hangs && !all_ended_) ::kill(nursery_.pid, SIGKILL);
    const absl::Time grace = absl::Now() + kNurseryGrace;
    while (!all_ended_ && changed_.WaitUntil(&mutex_, grace)) {
    }
  }
}

ServerKindStats ProcessSet::Stats() const {
  ServerKindStats stats = sessions_.Stats();
  MutexLock lock(&mutex_);
  // What Drain left has been killed since.
  stats.abandoned_calls = std::min(stats.abandoned_calls, static_cast<int64_t>(processes_.size()));
  return stats;
}

}  // namespace rpyc
