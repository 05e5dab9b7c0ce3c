#include "client/bg_serving_thread.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "absl/time/clock.h"
#include "client/shared_connection.h"

namespace rpyc {
namespace {

// How often the thread checks whether to stop.
constexpr absl::Duration kStopCheckInterval = absl::Milliseconds(100);

// Starts a thread that blocks every signal: it inherits the mask that is set here.
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
    : thread_(StartWithoutSignals([this, shared = client.shared_, on_lost = std::move(on_lost)] {
        Run(shared.get(), on_lost);
      })) {}

BgServingThread::~BgServingThread() { Stop(); }

void BgServingThread::Stop() {
  stopped_.store(true);
  if (thread_.joinable()) thread_.join();
}

void BgServingThread::Run(Client::SharedConnection* shared, const std::function<void()>& on_lost) {
  bool alive = true;
  while (alive && !stopped_.load())
    alive = shared->connection.Serve(absl::Now() + kStopCheckInterval);
  const bool lost = !alive && !stopped_.load() && !shared->closing.load();
  if (lost && on_lost) on_lost();
}

}  // namespace rpyc
