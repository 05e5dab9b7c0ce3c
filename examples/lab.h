#ifndef RPYC_EXAMPLES_LAB_H_
#define RPYC_EXAMPLES_LAB_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// This is a laboratory's program as it was before Python was planned: nothing here knows of rpyc.
// lab_host.cc exposes it.
namespace lab {

enum class State { kIdle, kMoving, kFault };

struct Limits {
  double low = -100;
  double high = 100;
};

// Reports a position outside an axis' limits.
class LimitError : public std::runtime_error {
 public:
  LimitError(const std::string& axis, double position);
  const std::string& axis() const { return axis_; }
  double position() const { return position_; }

 private:
  const std::string axis_;
  const double position_;
};

// Moves something, in millimetres, or in degrees where it turns.
// Threads: any.
class Axis {
 public:
  explicit Axis(std::string name) : name_(std::move(name)) {}
  virtual ~Axis() = default;
  Axis(const Axis&) = delete;
  Axis& operator=(const Axis&) = delete;

  const std::string& name() const { return name_; }
  State state() const;
  double position() const;
  Limits limits() const;
  // Throws std::invalid_argument if low is not below high.
  void SetLimits(Limits limits);

  // Begins to move to `position`. Throws LimitError.
  void MoveTo(double position);
  // Begins to move there and back again, this many times.
  void MoveTo(double position, int times);
  void Stop();

  // Makes one step of the control loop.
  void Step(std::chrono::duration<double> elapsed);

 private:
  virtual double speed() const { return 50; }

  const std::string name_;
  mutable std::mutex mutex_;
  State state_ = State::kIdle;
  double position_ = 0;
  double start_ = 0, target_ = 0;
  int remaining_moves_ = 0;
  Limits limits_;
};

class LinearAxis : public Axis {
 public:
  using Axis::Axis;
  double travelled() const { return position(); }
};

class RotaryAxis : public Axis {
 public:
  using Axis::Axis;
  // Begins to turn by this many degrees from where it is.
  void Turn(double degrees) { MoveTo(position() + degrees); }

 private:
  double speed() const override { return 360; }
};

// Owns the axes, an oscilloscope, and the thread that moves the axes 100 times a second.
class Lab {
 public:
  using PositionListener = std::function<void(const std::string& axis, double position)>;

  static constexpr std::chrono::milliseconds kPeriod{10};

  Lab();
  ~Lab();

  std::vector<std::shared_ptr<Axis>> axes() const { return axes_; }
  // Throws std::out_of_range if there is no such axis.
  std::shared_ptr<Axis> axis(const std::string& name) const;

  // Has the listener told every position in every period. The thread that moves the axes calls it,
  // so it must not wait.
  void OnPosition(PositionListener listener);
  int64_t periods() const { return periods_.load(); }

  // Returns what the oscilloscope recorded: a million voltages.
  const std::vector<double>& waveform() const { return waveform_; }

 private:
  void Run();

  const std::vector<std::shared_ptr<Axis>> axes_;
  const std::vector<double> waveform_;
  std::mutex mutex_;
  std::vector<PositionListener> listeners_;
  std::atomic<int64_t> periods_{0};
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace lab

#endif  // RPYC_EXAMPLES_LAB_H_
