// deadlock_client runs many threads on one connection to a server with call(f, *args) -> f(*args).
// Each thread makes calls that call back, which call again, some levels deep. It prints how many
// calls each thread has made. It exits with 1 if a thread stood still, or if a call failed or
// returned something else; stderr says what each thread was doing.

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/bg_serving_thread.h"
#include "client/client.h"
#include "rpyc/mutex.h"
#include "rpyc/netref.h"

namespace rpyc {
namespace {

struct Options {
  int port = 0;
  int dialect = 0;
  int threads = 8;
  int depth = 4;
  double seconds = 3;
  double stall_seconds = 20;
  bool background = false;
};

// Records what one thread does, for the watchdog.
struct Progress {
  std::atomic<int64_t> calls{0};  // outermost calls that have returned
  std::atomic<int> depth{0};      // levels entered by the current call
  std::atomic<int> callbacks{0};  // callbacks of the current call that run
  std::atomic<bool> done{false};
};

// Runs the threads that make calls, and watches them.
class CallingThreads {
 public:
  CallingThreads(const Options& options, Client* client)
      : options_(options), client_(*client), progress_(options.threads) {}

  // Returns whether all threads went on until the time was over.
  bool Run() {
    const absl::Time end = absl::Now() + absl::Seconds(options_.seconds);
    std::vector<std::thread> threads;
    for (int i = 0; i < options_.threads; ++i) {
      threads.emplace_back([this, i, end] { Call(i, end); });
    }
    if (!Watch(end)) {
      Dump();
      std::fflush(stderr);
      std::_Exit(1);  // a thread that stands still cannot be joined
    }
    for (std::thread& thread : threads) thread.join();
    for (int i = 0; i < options_.threads; ++i) {
      std::printf("thread %d: %lld calls\n", i, static_cast<long long>(progress_[i].calls));
    }
    return failures_.load() == 0;
  }

 private:
  void Call(int index, absl::Time end) {
    Progress& progress = progress_[index];
    try {
      Netref root = client_.root();
      // This runs on whichever thread serves the connection when the server calls it.
      std::function<int64_t(int64_t)> back = [&](int64_t levels) -> int64_t {
        if (levels == 0) return 0;
        ++progress.callbacks;
        progress.depth = static_cast<int>(levels);
        const int64_t below = root["call"](back, levels - 1).as<int64_t>();
        --progress.callbacks;
        return below + 1;
      };
      while (absl::Now() < end && failures_.load() == 0) {
        const int64_t levels = 1 + (progress.calls + index) % options_.depth;
        const int64_t got = root["call"](back, levels).as<int64_t>();
        if (got != levels) Fail(index, absl::StrCat("call(back, ", levels, ") returned ", got));
        ++progress.calls;
      }
    } catch (const std::exception& error) {
      Fail(index, error.what());
    }
    progress.done = true;
    MutexLock lock(&mutex_);
    changed_.SignalAll();
  }

  void Fail(int index, const std::string& what) {
    ++failures_;
    std::fprintf(stderr, "thread %d, call %lld: %s\n", index,
                 static_cast<long long>(progress_[index].calls), what.c_str());
  }

  // Checks again and again whether each thread has made a call since the last check.
  bool Watch(absl::Time end) {
    std::vector<int64_t> checked_calls(progress_.size(), -1);
    MutexLock lock(&mutex_);
    for (;;) {
      const absl::Time next_check = absl::Now() + absl::Seconds(options_.stall_seconds);
      bool all_done = false;
      while (!all_done && changed_.WaitUntil(&mutex_, next_check)) all_done = AllDone();
      if (all_done || AllDone()) return true;
      for (size_t i = 0; i < progress_.size(); ++i) {
        const int64_t calls = progress_[i].calls;
        if (!progress_[i].done && calls == checked_calls[i]) return false;
        checked_calls[i] = calls;
      }
      if (absl::Now() > end + absl::Seconds(options_.stall_seconds)) return AllDone();
    }
  }

  bool AllDone() const {
    for (const Progress& progress : progress_) {
      if (!progress.done) return false;
    }
    return true;
  }

  void Dump() const {
    std::fprintf(stderr, "stands still for %g s\n", options_.stall_seconds);
    for (size_t i = 0; i < progress_.size(); ++i) {
      const Progress& progress = progress_[i];
      std::fprintf(stderr, "thread %zu: %lld calls%s, last level entered %d, %d callbacks run\n", i,
                   static_cast<long long>(progress.calls), progress.done ? ", done" : "",
                   progress.depth.load(), progress.callbacks.load());
    }
  }

  const Options& options_;
  Client& client_;
  std::vector<Progress> progress_;
  std::atomic<int> failures_{0};
  Mutex mutex_;
  CondVar changed_;
};

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Many threads on one connection, each in calls that call back.");
  app.add_option("--port", options.port, "Where the server listens on 127.0.0.1.")->required();
  app.add_option("--dialect", options.dialect, "Of the server: 5, 6, or 0 to find out.");
  app.add_option("--threads", options.threads);
  app.add_option("--depth", options.depth, "Callbacks in callbacks.");
  app.add_option("--seconds", options.seconds);
  app.add_option("--stall_seconds", options.stall_seconds, "A call that takes longer has stalled.");
  app.add_flag("--background", options.background, "Serve by a thread of its own.");
  CLI11_PARSE(app, argc, argv);
  ClientOptions client_options;
  client_options.config.dialect = options.dialect;
  absl::StatusOr<Client> client = Connect("127.0.0.1", options.port, client_options);
  if (!client.ok()) {
    std::fprintf(stderr, "deadlock_client: %s\n", client.status().ToString().c_str());
    return 1;
  }
  std::optional<BgServingThread> background;
  if (options.background) background.emplace(*client);
  return CallingThreads(options, &*client).Run() ? 0 : 1;
}

}  // namespace
}  // namespace rpyc

int main(int argc, char** argv) { return rpyc::Main(argc, argv); }
