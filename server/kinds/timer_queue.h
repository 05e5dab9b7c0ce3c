#ifndef RPYC_SERVER_KINDS_TIMER_QUEUE_H_
#define RPYC_SERVER_KINDS_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace rpyc {

// Who wants to be woken when; the next of many, by a heap. Each is in it at most once, and knows
// where. Borrows them. Threads: one.
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

  // `timer` is not set. Units:  nanoseconds, of whichever clock.
  void Set(Timer* timer, int64_t when);
  // Nothing to one that is not set.
  void Clear(Timer* timer);
  // Of the first; kNever if there is none.
  int64_t next() const { return heap_.empty() ? kNever : heap_.front().when; }
  // Clears and answers the first, if its time has come; else null.
  Timer* TakeExpired(int64_t now);

 private:
  struct Entry {
    int64_t when;
    Timer* timer;
  };

  void Put(size_t heap_index, Entry entry);
  void Rise(size_t heap_index, Entry entry);
  void Sink(size_t heap_index, Entry entry);

  std::vector<Entry> heap_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_TIMER_QUEUE_H_
