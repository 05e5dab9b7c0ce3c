#include "server/kinds/timer_queue.h"

namespace rpyc {

void TimerQueue::Put(size_t place, Entry entry) {
  heap_[place] = entry;
  entry.timer->place_ = place;
}

// Puts `entry` where it belongs, at `place` or nearer to the front.
void TimerQueue::Rise(size_t place, Entry entry) {
  while (place > 0) {
    const size_t parent = (place - 1) / 2;
    if (heap_[parent].when <= entry.when) break;
    Put(place, heap_[parent]);
    place = parent;
  }
  Put(place, entry);
}

// The same, at `place` or farther from the front.
void TimerQueue::Sink(size_t place, Entry entry) {
  for (;;) {
    size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].when < heap_[child].when) ++child;
    if (entry.when <= heap_[child].when) break;
    Put(place, heap_[child]);
    place = child;
  }
  Put(place, entry);
}

void TimerQueue::Set(Timer* timer, int64_t when) {
  heap_.emplace_back();
  Rise(heap_.size() - 1, {when, timer});
}

void TimerQueue::Clear(Timer* timer) {
  if (!timer->is_set()) return;
  const size_t place = timer->place_;
  timer->place_ = Timer::kNowhere;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  if (place > 0 && last.when < heap_[(place - 1) / 2].when) {
    Rise(place, last);
  } else {
    Sink(place, last);
  }
}

TimerQueue::Timer* TimerQueue::TakeExpired(int64_t now) {
  if (next() > now) return nullptr;
  Timer* const timer = heap_.front().timer;
  Clear(timer);
  return timer;
}

}  // namespace rpyc
