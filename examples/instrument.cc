#include "examples/instrument.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rpyc/cast/netref.h"
#include "rpyc/netref.h"
#include "rpyc/value.h"

namespace examples {
namespace {

// Behaves as a vendor's driver does: it has no lock, and only the thread that opened it may use it.
// This one says so if another thread does; other drivers crash.
class Multimeter {
 public:
  static constexpr int kChannels = 8;

  double range() const {
    CheckThread();
    return range_;
  }
  void SetRange(double volts) {
    CheckThread();
    if (!(volts > 0 && volts <= 1000)) throw std::invalid_argument("a range is up to 1000 V");
    range_ = volts;
  }

  double Measure(int channel) {
    CheckThread();
    if (channel < 0 || channel >= kChannels) {
      throw std::out_of_range("there is no channel " + std::to_string(channel));
    }
    const double volts = 1.25 * channel;
    if (volts > range_) throw std::overflow_error("channel " + std::to_string(channel));
    return volts;
  }

  // Measures the first `channels` and tells `progress`, if there is one, how many are done. The
  // instrument itself waits for the answer, so no other client measures meanwhile.
  std::vector<double> Sweep(int channels, const std::optional<rpyc::Netref>& progress) {
    std::vector<double> volts;
    for (int channel = 0; channel < channels; ++channel) {
      volts.push_back(Measure(channel));
      if (progress) (*progress)(channel + 1, channels).as<void>();
    }
    return volts;
  }

  friend void RpycExpose(rpyc::ClassDef<Multimeter>& c) {
    c.Doc("A multimeter with 8 channels.");
    c.Property("range", &Multimeter::range, "The highest voltage that it measures.");
    c.Expose("set_range", &Multimeter::SetRange, rpyc::Arg("volts"));
    c.Expose("measure", &Multimeter::Measure, rpyc::Arg("channel"), "The voltage of a channel.");
    c.Expose("sweep", &Multimeter::Sweep, rpyc::Arg("channels") = kChannels,
             rpyc::Arg("progress") = rpyc::Value(),
             "The voltages of the first channels; calls progress(done, channels) after each.");
  }

 private:
  void CheckThread() const {
    if (std::this_thread::get_id() != opened_by_) {
      throw std::logic_error("the multimeter was opened by another thread");
    }
  }

  const std::thread::id opened_by_ = std::this_thread::get_id();
  double range_ = 10;
};

// This is the thread that opens the instrument, runs the posted tasks and closes the instrument.
class InstrumentThread {
 public:
  InstrumentThread() = default;
  ~InstrumentThread() {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
  }
  InstrumentThread(const InstrumentThread&) = delete;
  InstrumentThread& operator=(const InstrumentThread&) = delete;

  // Any thread may call it. The first task starts the thread, since a host's main() wants to have
  // no threads before.
  void Post(std::function<void()> task) {
    std::lock_guard lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
    tasks_.push(std::move(task));
    changed_.notify_one();
  }

  // Only tasks may call this.
  const std::shared_ptr<Multimeter>& multimeter() const { return multimeter_; }

 private:
  void Run() {
    multimeter_ = std::make_shared<Multimeter>();
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
      if (tasks_.empty()) break;
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop();
      lock.unlock();
      task();
    }
    multimeter_.reset();  // connections, and what they held, have gone before the service
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::queue<std::function<void()>> tasks_;  // guarded by mutex_
  bool closing_ = false;                     // guarded by mutex_
  std::thread thread_;                       // guarded by mutex_, but for the destructor
  std::shared_ptr<Multimeter> multimeter_;   // only thread_ uses it
};

}  // namespace

rpyc::Service Instrument() {
  const auto instrument_thread = std::make_shared<InstrumentThread>();
  return rpyc::Service("INSTRUMENT")
      .Doc("The instruments on the bench.")
      .RunOn([instrument_thread](std::function<void()> task) {
        instrument_thread->Post(std::move(task));
      })
      .Property("multimeter", [instrument_thread] { return instrument_thread->multimeter(); });
}

}  // namespace examples
