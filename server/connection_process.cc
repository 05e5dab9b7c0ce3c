#include "server/connection_process.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/time/time.h"
#include "rpyc/connection.h"
#include "rpyc/thread_id.h"
#include "server/thread.h"

namespace rpyc {
namespace {

// After so many ticks in which nothing happened the control thread ticks more slowly, so that an
// idle machine may sleep. Even so it sees soon enough that a call runs long while its client writes
// (Activity).
constexpr int kQuietTicks = 10;
constexpr absl::Duration kQuietInterval = absl::Seconds(1);

// Reading ahead puts kReadAheadPieceBytes on the stack, and the stack counts as memory of the
// process.
constexpr size_t kControlStackBytes = 256 << 10;

// The private memory of this process, which is what RLIMIT_DATA counts.
int64_t DataBytes() {
  std::FILE* const statm = std::fopen("/proc/self/statm", "r");
  if (statm == nullptr) return 0;
  long long pages = 0;
  if (std::fscanf(statm, "%*d %*d %*d %*d %*d %lld", &pages) != 1) pages = 0;
  std::fclose(statm);
  return static_cast<int64_t>(pages) * ::sysconf(_SC_PAGESIZE);
}

void SetLimit(__rlimit_resource resource, int64_t soft, int64_t hard) {
  const rlimit limit = {static_cast<rlim_t>(soft), static_cast<rlim_t>(hard)};
  ::setrlimit(resource, &limit);
}

// Carries out the host's orders, ticks the watcher and reports, until the process ends. This is the
// body of the control thread.
void ControlLoop(Session& session, ProcessSlot& slot, Watcher& watcher) {
  uint32_t orders_done = 0;
  int64_t calls = 0;
  int quiet_ticks = 0;
  for (;;) {
    const ProcessSlot::Orders orders = slot.orders();
    if (orders.version != orders_done) {
      if (orders.drain) session.Drain(orders.deadline);
      if (orders.shutdown) session.Shutdown();
      orders_done = orders.version;
    }
    watcher.Tick();
    const bool busy = session.busy();
    slot.Report(busy);
    const int64_t calls_now = slot.counters().calls.load(std::memory_order_relaxed);
    quiet_ticks = busy || calls_now != calls ? 0 : quiet_ticks + 1;
    calls = calls_now;
    // This gives back what large messages and a TLS handshake have left in the heap.
    if (quiet_ticks == kQuietTicks) ::malloc_trim(0);
    slot.AwaitOrders(orders_done,
                     quiet_ticks > kQuietTicks ? kQuietInterval : Connection::kTickInterval);
  }
}

}  // namespace

void ConnectionProcess::WarmUp() {
  // The first thread of each process is a copy of this thread. It keeps this thread's number, and
  // Abseil has done what takes it longer for the first Cord.
  ThisThreadId();
  absl::Cord("longer than what a Cord holds by itself");
}

void ConnectionProcess::MeasureStartMemory() { start_bytes_ = DataBytes(); }

void ConnectionProcess::SetUpProcess(pid_t nursery) const {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != nursery) std::_Exit(1);  // the nursery has gone already
  ::prctl(PR_SET_NAME, "rpyc-connection");
  ::signal(SIGCHLD, SIG_DFL);  // methods may have processes of their own
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ApplyLimits();
}

void ConnectionProcess::ApplyLimits() const {
  if (options->niceness != 0) ::setpriority(PRIO_PROCESS, 0, options->niceness);
  if (options->max_cpu_time != absl::ZeroDuration()) {
    // SIGXCPU comes first, and SIGKILL a second later if the method ignores it.
    const int64_t seconds = absl::ToInt64Seconds(options->max_cpu_time);
    SetLimit(RLIMIT_CPU, seconds, seconds + 1);
  }
  if (options->max_memory_bytes != 0) {
    const int64_t most = start_bytes_ + options->max_memory_bytes;
    SetLimit(RLIMIT_DATA, most, most);
  }
}

void ConnectionProcess::Serve(Socket socket, ProcessSlot* slot, pid_t nursery) {
  SetUpProcess(nursery);
  if (!slot->Begin(::getpid())) std::_Exit(0);
  setup->counters = &slot->counters();
  setup->budget.UseCounter(&slot->held_bytes());
  const std::shared_ptr<Session> session = make_session(std::move(socket));
  const absl::Status controlled =
      StartThread([session, slot, watcher = watcher] { ControlLoop(*session, *slot, *watcher); },
                  kControlStackBytes);
  slot->ReportEnd(controlled.ok() ? session->ServeAll() : controlled);
  std::fflush(nullptr);
  std::_Exit(0);  // this process must not run destructors of objects that belong to the host
}

}  // namespace rpyc
