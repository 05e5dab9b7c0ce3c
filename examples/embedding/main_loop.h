#ifndef RPYC_EXAMPLES_EMBEDDING_MAIN_LOOP_H_
#define RPYC_EXAMPLES_EMBEDDING_MAIN_LOOP_H_

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

// This is the loop that a program has anyway, here the smallest one to which other threads can hand
// work. Qt's, GLib's, asio's or libuv's would do as well: a service needs only Post.
class MainLoop {
 public:
  using Task = std::function<void()>;

  MainLoop() : wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wakeup_ < 0) std::abort();
  }
  ~MainLoop() { ::close(wakeup_); }
  MainLoop(const MainLoop&) = delete;
  MainLoop& operator=(const MainLoop&) = delete;

  // Has the loop run `task`. Any thread may call it. After Close the task is dropped, and a call
  // that waits for it fails.
  void Post(Task task) {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    tasks_.push_back(std::move(task));
    Wake();
  }

  // Makes a RunUntil return early. Any thread and any signal handler may call it.
  void Wake() const {
    const int saved = errno;
    const uint64_t one = 1;
    static_cast<void>(!::write(wakeup_, &one, sizeof one));
    errno = saved;
  }

  // Runs tasks until `deadline`, or until Wake is called.
  void RunUntil(std::chrono::steady_clock::time_point deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd readable{wakeup_, POLLIN, 0};
    if (left.count() > 0) ::poll(&readable, 1, static_cast<int>(left.count()));
    uint64_t wakes = 0;
    static_cast<void>(!::read(wakeup_, &wakes, sizeof wakes));
    std::vector<Task> tasks;
    {
      std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    for (const Task& task : tasks) task();
  }

  // Drops the tasks that have not run yet, and all that come later.
  void Close() {
    std::vector<Task> tasks;
    std::lock_guard lock(mutex_);
    closed_ = true;
    tasks.swap(tasks_);
  }

 private:
  const int wakeup_;
  std::mutex mutex_;
  std::vector<Task> tasks_;  // guarded by mutex_
  bool closed_ = false;      // guarded by mutex_
};

#endif  // RPYC_EXAMPLES_EMBEDDING_MAIN_LOOP_H_
