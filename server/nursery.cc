#include "server/nursery.h"

#include <alloca.h>
#include <grp.h>
#include <malloc.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"
#include "rpyc/byte_budget.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/fd_message.h"
#include "rpyc/transport/socket.h"
#include "rpyc/transport/tls_context.h"
#include "server/connection_process.h"
#include "server/memory_file.h"
#include "server/nursery_messages.h"
#include "server/nursery_spec.h"
#include "server/process_slots.h"
#include "server/process_table.h"
#include "server/rpyc_session.h"
#include "server/watcher.h"

namespace rpyc {
namespace {

absl::Status Denied(absl::string_view doing) {
  return ErrnoStatus(absl::StatusCode::kPermissionDenied, doing, errno);
}

// Makes this process one of `user`, for good.
absl::Status SwitchTo(const std::string& user) {
  const passwd* const entry = ::getpwnam(user.c_str());
  if (entry == nullptr) return absl::NotFoundError(absl::StrCat("there is no user ", user));
  if (entry->pw_uid == ::geteuid()) return absl::OkStatus();
  if (::initgroups(entry->pw_name, entry->pw_gid) != 0 || ::setgid(entry->pw_gid) != 0 ||
      ::setuid(entry->pw_uid) != 0) {
    return Denied(absl::StrCat("become user ", user));
  }
  return absl::OkStatus();
}

const Service* FindService(const std::vector<Service>& services, const std::string& name) {
  for (const Service& service : services) {
    if (service.name() == name) return &service;
  }
  return nullptr;
}

// Fills the holes in the heap, for good, so that what is allocated next lies together at the heap's
// top. A process then writes to fewer pages, each of which the kernel has to copy for it.
void CompactHeap() {
  constexpr size_t kMaxHoleBytes = 1024;
  constexpr size_t kStepBytes = 16;
  // This block is larger than any hole, and smaller than what malloc maps by itself, so it marks
  // the end of the holes. It is never freed, or it would become a hole. It is volatile so that the
  // compiler keeps the call.
  void* volatile const beyond = std::malloc(64 << 10);
  // Only glibc reports free bytes here; with another malloc the loop does nothing.
  size_t left = ::mallinfo2().fordblks;
  for (size_t bytes = kMaxHoleBytes; bytes > 0; bytes -= kStepBytes) {
    while (left >= bytes) {
      void* volatile const taken = std::malloc(bytes);
      if (taken == nullptr || !std::less<void*>()(taken, beyond)) break;
      left -= bytes;
    }
  }
}

// Has malloc take large messages from the heap and keep the heap's top: mapping fresh pages for a
// large message takes longer than receiving it. ConnectionProcess gives the top back when it is
// idle.
void KeepTopOfHeap() {
  constexpr int kMaxHeapBlockBytes = 32 << 20;  // the most that malloc accepts
  ::mallopt(M_MMAP_THRESHOLD, kMaxHeapBlockBytes);
  ::mallopt(M_TRIM_THRESHOLD, 3 * kMaxHeapBlockBytes);
}

// Does nothing: the signal only interrupts ppoll, and Nursery::Run reaps then.
void OnChild(int) {}

// This is the class of the nursery's only object.
// Threads: the only one of the process.
class Nursery {
 public:
  Nursery(NurserySpec spec, ProcessSlots slots, ProcessTable processes, Fd channel)
      : spec_(std::move(spec)),
        slots_(std::move(slots)),
        processes_(std::move(processes)),
        channel_(std::move(channel)) {}

  // Makes what the processes share, and takes on the user and the memory layout that they begin
  // with.
  // Errors:  what the host is told, as the reason why the server cannot start.
  absl::Status Prepare(const std::vector<Service>& services, const ServerKindTable& kinds);
  // Reports that the nursery is ready, carries out orders until the channel is closed, and kills
  // what is left.
  [[noreturn]] void Run();
  // Sends a report to the host.
  void Report(const NurseryReport& report) {
    // If the host has gone, the next receive finds that.
    SendFdMessage(channel_.get(), WriteReport(report)).IgnoreError();
  }

 private:
  // Makes the SessionSetup, and has the kind wrap the session maker as it does in the host.
  absl::Status PrepareSessions(const Service& service, const ServerKindInfo& kind);
  // Carries out one order of the host; ignores what is no order.
  void HandleOrder(FdMessage message);
  // Forks the process of a connection, and reports if that fails.
  void Serve(const NurseryOrder& order, Fd socket);
  // Has later processes show the certificates in `file`, and reports if they are no good.
  void TakeCertificates(const Fd& file);
  // Kills the process of connection `number`, if there is one.
  void Kill(uint64_t number);
  // Reaps and reports the processes that have ended; with `wait`, until none is left.
  void Reap(bool wait);

  NurserySpec spec_;
  ProcessSlots slots_;
  ProcessTable processes_;  // the running processes and their connections' numbers
  Fd channel_;
  std::unique_ptr<ServerKind> kind_;  // kept for the session maker that it has wrapped
  std::shared_ptr<SessionSetup> setup_;
  std::shared_ptr<Watcher> watcher_;
  std::shared_ptr<ByteBudget> budget_;  // shared by all processes
  ConnectionProcess process_;
};

absl::Status Nursery::Prepare(const std::vector<Service>& services, const ServerKindTable& kinds) {
  const Service* const service = FindService(services, spec_.options.service);
  if (service == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("the zygote was started without the service ", spec_.options.service));
  }
  const ServerKindInfo* const kind = kinds.Find(spec_.options.kind);
  if (kind == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("the zygote was started without the kind ", spec_.options.kind));
  }
  CompactHeap();
  watcher_ = std::make_shared<Watcher>(Watcher::NoThread());
  if (absl::Status status = PrepareSessions(*service, *kind); !status.ok()) return status;
  // The user comes last: what is above may need rights that the user has not.
  if (!spec_.options.user.empty()) {
    if (absl::Status status = SwitchTo(spec_.options.user); !status.ok()) return status;
  }
  CompactHeap();
  KeepTopOfHeap();
  ConnectionProcess::WarmUp();
  process_.MeasureStartMemory();
  return absl::OkStatus();
}

absl::Status Nursery::PrepareSessions(const Service& service, const ServerKindInfo& kind) {
  std::shared_ptr<TlsContext> tls;
  if (spec_.options.tls.has_value()) {
    absl::StatusOr<std::shared_ptr<TlsContext>> made =
        TlsContext::Make(*spec_.options.tls, spec_.pem);
    if (!made.ok()) return made.status();
    tls = *std::move(made);
    tls->WarmUp();
  }
  budget_ = std::make_shared<ByteBudget>(SessionSetup::kBudgetName,
                                         SessionSetup::MaxTotalBytes(spec_.options.limits));
  budget_->UseCounter(&slots_.total_bytes());
  setup_ = std::make_shared<SessionSetup>(
      service, Connection::Options{spec_.options.limits, spec_.options.protocol_config}, watcher_,
      std::move(tls), spec_.options.handshake_timeout, budget_);
  setup_->ledger = nullptr;
  process_.options = &spec_.options;
  process_.watcher = watcher_;
  process_.setup = setup_;
  kind_ = kind.make();
  absl::Status started = kind_->Start(
      {.make_session = [setup = setup_](Socket socket) -> std::shared_ptr<Session> {
         return std::make_shared<RpycSession>(std::move(socket), setup);
       },
       .options = &spec_.options,
       .serve_in_processes =
           [this](KindContext::SessionMaker maker) { process_.make_session = std::move(maker); }});
  if (!started.ok()) return started;
  if (process_.make_session == nullptr) {
    return absl::InternalError(absl::StrCat("kind ", kind.name, " does not serve in processes"));
  }
  return absl::OkStatus();
}

void Nursery::Run() {
  ::prctl(PR_SET_NAME, "rpyc-nursery");
  struct sigaction on_child = {};
  on_child.sa_handler = &OnChild;
  ::sigaction(SIGCHLD, &on_child, nullptr);
  sigset_t child, none;
  ::sigemptyset(&none);
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  // SIGCHLD is blocked except in ppoll, so that no end of a child is missed between a reap and a
  // wait.
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  Report({.kind = NurseryReport::kReady, .number = static_cast<uint64_t>(::getpid())});
  for (;;) {
    pollfd waited = {.fd = channel_.get(), .events = POLLIN, .revents = 0};
    const int ready = ::ppoll(&waited, 1, nullptr, &none);
    Reap(/*wait=*/false);
    if (ready <= 0) continue;
    absl::StatusOr<FdMessage> message = ReceiveFdMessage(channel_.get());
    if (!message.ok()) break;
    HandleOrder(*std::move(message));
  }
  processes_.ForEach([](pid_t pid, uint64_t) { ::kill(pid, SIGKILL); });
  Reap(/*wait=*/true);
  std::_Exit(0);
}

void Nursery::HandleOrder(FdMessage message) {
  const absl::StatusOr<NurseryOrder> order = ReadOrder(message.bytes);
  if (!order.ok() || message.fds.size() != (order->kind == NurseryOrder::kKill ? 0 : 1)) return;
  switch (order->kind) {
    case NurseryOrder::kServe:
      return Serve(*order, std::move(message.fds[0]));
    case NurseryOrder::kCertificates:
      return TakeCertificates(message.fds[0]);
    case NurseryOrder::kKill:
      return Kill(order->number);
  }
}

void Nursery::Serve(const NurseryOrder& order, Fd socket) {
  ProcessSlot* const slot = slots_.slot(order.slot);
  if (slot == nullptr) return;
  const pid_t nursery = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    channel_.Reset();
    process_.Serve(Socket(std::move(socket), order.text, order.tcp != 0), slot, nursery);
  }
  if (pid > 0) {
    // The table has room: it has an entry for each slot, and a slot has one process at most.
    const bool added = processes_.Add(pid, order.number);
    RPYC_ASSERT(added);
  } else {
    Report({.kind = NurseryReport::kNotForked,
            .number = order.number,
            .text = absl::StrCat("cannot fork: ", ErrnoText(errno))});
  }
}

void Nursery::TakeCertificates(const Fd& file) {
  absl::StatusOr<std::string> bytes = ReadMemoryFile(file.get(), kMaxNurserySpecBytes);
  absl::Status status = bytes.status();
  if (status.ok()) {
    const absl::StatusOr<TlsPem> pem = DecodePem(*bytes);
    status = pem.ok() ? setup_->tls->Use(*pem) : pem.status();
  }
  if (!status.ok()) Report({.kind = NurseryReport::kError, .text = std::string(status.message())});
}

// The process has not been reaped, so no other process has its pid.
void Nursery::Kill(uint64_t number) {
  processes_.ForEach([&](pid_t pid, uint64_t its_number) {
    if (its_number == number) ::kill(pid, SIGKILL);
  });
}

void Nursery::Reap(bool wait) {
  while (!processes_.empty()) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, wait ? 0 : WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return;
    const std::optional<uint64_t> number = processes_.Take(pid);
    if (!number.has_value()) continue;
    Report({.kind = NurseryReport::kEnded, .wait_status = status, .number = *number});
  }
}

// Runs the nursery with the stack pointer three quarters up a page. Above it lies what the nursery
// writes before it forks, and below it most of what a process writes. The kernel copies each page
// of the stack that the process writes to; without this their number would depend on where the
// system begins the stack.
[[noreturn]] [[gnu::noinline]] void AlignStackInPage(Nursery* nursery) {
  constexpr uintptr_t kPageBytes = 4096;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  void* volatile const gap = ::alloca((here - kPageBytes * 3 / 4) % kPageBytes);
  static_cast<void>(gap);
  nursery->Run();
}

// Reads the server's spec.
// Errors:  kUnavailable, kInvalidArgument - the zygote sent no spec.
absl::StatusOr<NurserySpec> ReadSpec(const Fd& file) {
  const absl::StatusOr<std::string> bytes = ReadMemoryFile(file.get(), kMaxNurserySpecBytes);
  if (!bytes.ok()) return bytes.status();
  return DecodeNurserySpec(*bytes);
}

}  // namespace

void ServeAsNursery(Fd spec_file, Fd slots_fd, Fd channel, const std::vector<Service>& services,
                    const ServerKindTable& kinds) {
  ::signal(SIGCHLD, SIG_DFL);
  const auto fail = [](int channel, const absl::Status& why) {
    SendFdMessage(channel,
                  WriteReport({.kind = NurseryReport::kFailed, .text = std::string(why.message())}))
        .IgnoreError();
    std::_Exit(1);
  };
  absl::StatusOr<NurserySpec> spec = ReadSpec(spec_file);
  spec_file.Reset();
  if (!spec.ok()) fail(channel.get(), spec.status());
  absl::StatusOr<ProcessSlots> slots = ProcessSlots::Of(std::move(slots_fd));
  if (!slots.ok()) fail(channel.get(), slots.status());
  absl::StatusOr<ProcessTable> processes = ProcessTable::Make(slots->size());
  if (!processes.ok()) fail(channel.get(), processes.status());
  const int raw_channel = channel.get();
  // It is never destroyed: the processes have copies of it.
  Nursery* const nursery =
      new Nursery(*std::move(spec), *std::move(slots), *std::move(processes), std::move(channel));
  if (absl::Status ready = nursery->Prepare(services, kinds); !ready.ok()) fail(raw_channel, ready);
  AlignStackInPage(nursery);
}

}  // namespace rpyc
