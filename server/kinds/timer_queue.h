#ifndef RPYC_SERVER_KINDS_TIMER_QUEUE_H_
#define RPYC_SERVER_KINDS_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace rpyc {

// A heap of timers that tells which is due next. A timer is in it at most once and knows its place.
// Owns: nothing; borrows the timers.      Threads: one.
class TimerQueue {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  class Timer {
   public:
    bool is_set() const { return heap_index_ != kNotInHeap; }

   protected:
    ~Timer() = default;

   private:
    friend class TimerQueue;
    static constexpr size_t kNotInHeap = std::numeric_limits<size_t>::max();
    size_t heap_index_ = kNotInHeap;
  };

  // Sets `timer`, which must not be set.
  // Units:   nanoseconds, of any one clock.
  void Set(Timer* timer, int64_t when);
  // Does nothing if `timer` is not set.
  void Clear(Timer* timer);
  // When the next timer is due; kNever if there is none.
  int64_t next() const { return heap_.empty() ? kNever : heap_.front().when; }
  // Clears and returns the next timer if it is due; else returns null.
  Timer* TakeExpired(int64_t now);

 private:
  struct Entry {
    int64_t when;
    Timer* timer;
  };

  // Writes `entry` at that place of the heap.
  void Put(size_t heap_index, Entry entry);
  // Puts `entry` where it belongs: at `heap_index` or nearer to the front.
  void Rise(size_t heap_index, Entry entry);
  // Puts `entry` where it belongs: at `heap_index` or farther from the front.
  void Sink(size_t heap_index, Entry entry);

  std::vector<Entry> heap_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_TIMER_QUEUE_H_
