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

// Once nothing has happened for so many looks, one in a while is enough: a call that begins then is
// seen to run long soon enough for a client that writes (Activity), and the machine may sleep.
constexpr int kQuietLooks = 10;
constexpr absl::Duration kQuietInterval = absl::Seconds(1);

// What reads ahead has 64 KiB on its stack. It counts as memory of the process.
constexpr size_t kAttendantStackBytes = 256 << 10;

// Private memory of this process: what RLIMIT_DATA counts.
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

// Obeys and looks, to the process's end.
void Attend(Session& session, ProcessSlot& slot, Watcher& watcher) {
  uint32_t obeyed = 0;
  int64_t calls = 0;
  int quiet_looks = 0;
  for (;;) {
    const ProcessSlot::Orders orders = slot.orders();
    if (orders.version != obeyed) {
      if (orders.drain) session.Drain(orders.deadline);
      if (orders.shutdown) session.Shutdown();
      obeyed = orders.version;
    }
    watcher.Tick();
    const bool busy = session.busy();
    slot.Report(busy);
    const int64_t calls_now = slot.counters().calls.load(std::memory_order_relaxed);
    quiet_looks = busy || calls_now != calls ? 0 : quiet_looks + 1;
    calls = calls_now;
    // What large messages and a TLS handshake have left in the heap.
    if (quiet_looks == kQuietLooks) ::malloc_trim(0);
    slot.AwaitOrders(obeyed,
                     quiet_looks > kQuietLooks ? kQuietInterval : Connection::kLookInterval);
  }
}

}  // namespace

void ConnectionProcess::Rehearse() {
  // The processes' own thread is a copy of this one: it has its number, and has made a Cord, which
  // takes Abseil longer the first time.
  ThisThreadId();
  absl::Cord("longer than what a Cord holds by itself");
}

void ConnectionProcess::MeasureStart() { start_bytes_ = DataBytes(); }

void ConnectionProcess::BecomeProcess(pid_t nursery) const {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != nursery) std::_Exit(1);  // it has gone already
  ::prctl(PR_SET_NAME, "rpyc-connection");
  ::signal(SIGCHLD, SIG_DFL);  // methods may have processes of their own
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  Limit();
}

void ConnectionProcess::Limit() const {
  if (options->niceness != 0) ::setpriority(PRIO_PROCESS, 0, options->niceness);
  if (options->max_cpu_time != absl::ZeroDuration()) {
    // SIGXCPU first, SIGKILL for who takes no notice.
    const int64_t seconds = absl::ToInt64Seconds(options->max_cpu_time);
    SetLimit(RLIMIT_CPU, seconds, seconds + 1);
  }
  if (options->max_memory_bytes != 0) {
    const int64_t most = start_bytes_ + options->max_memory_bytes;
    SetLimit(RLIMIT_DATA, most, most);
  }
}

void ConnectionProcess::Serve(Socket socket, ProcessSlot* slot, pid_t nursery) {
  BecomeProcess(nursery);
  if (!slot->Begin(::getpid())) std::_Exit(0);
  setup->counters = &slot->counters();
  setup->budget.UseCounter(&slot->held_bytes());
  const std::shared_ptr<Session> session = make_session(std::move(socket));
  const absl::Status attended =
      StartThread([session, slot, watcher = watcher] { Attend(*session, *slot, *watcher); },
                  kAttendantStackBytes);
  slot->ReportEnd(attended.ok() ? session->ServeAll() : attended);
  std::fflush(nullptr);
  std::_Exit(0);  // destructors of what is the host's, too, are not for this process to run
}

}  // namespace rpyc
