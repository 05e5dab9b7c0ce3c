#include "client/bg_serving_thread.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "absl/time/clock.h"
#include "client/client_core.h"

namespace rpyc {
namespace {

// How often it is looked whether to stop.
constexpr absl::Duration kLookInterval = absl::Milliseconds(100);

// The thread inherits what is blocked here.
std::thread StartWithoutSignals(std::function<void()> run) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(run));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

BgServingThread::BgServingThread(const Client& client, std::function<void()> on_lost)
    : thread_(StartWithoutSignals([this, core = client.core_, on_lost = std::move(on_lost)] {
        Run(core.get(), on_lost);
      })) {}

BgServingThread::~BgServingThread() { Stop(); }

void BgServingThread::Stop() {
  stopped_.store(true);
  if (thread_.joinable()) thread_.join();
}

void BgServingThread::Run(Client::Core* core, const std::function<void()>& on_lost) {
  bool alive = true;
  while (alive && !stopped_.load()) alive = core->connection.Serve(absl::Now() + kLookInterval);
  const bool lost = !alive && !stopped_.load() && !core->closing.load();
  if (lost && on_lost) on_lost();
}

}  // namespace rpyc
