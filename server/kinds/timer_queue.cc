#include "server/kinds/timer_queue.h"

#include "rpyc/assert.h"

namespace rpyc {

void TimerQueue::Put(size_t heap_index, Entry entry) {
  heap_[heap_index] = entry;
  entry.timer->heap_index_ = heap_index;
}

void TimerQueue::Rise(size_t heap_index, Entry entry) {
  while (heap_index > 0) {
    const size_t parent = (heap_index - 1) / 2;
    if (heap_[parent].when <= entry.when) break;
    Put(heap_index, heap_[parent]);
    heap_index = parent;
  }
  Put(heap_index, entry);
}

void TimerQueue::Sink(size_t heap_index, Entry entry) {
  for (;;) {
    size_t child = 2 * heap_index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].when < heap_[child].when) ++child;
    if (entry.when <= heap_[child].when) break;
    Put(heap_index, heap_[child]);
    heap_index = child;
  }
  Put(heap_index, entry);
}

void TimerQueue::Set(Timer* timer, int64_t when) {
  RPYC_ASSERT(!timer->is_set());
  heap_.emplace_back();
  Rise(heap_.size() - 1, {when, timer});
}

void TimerQueue::Clear(Timer* timer) {
  if (!timer->is_set()) return;
  const size_t heap_index = timer->heap_index_;
  RPYC_ASSERT(heap_index < heap_.size() && heap_[heap_index].timer == timer);
  timer->heap_index_ = Timer::kNotInHeap;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (heap_index == heap_.size()) return;
  if (heap_index > 0 && last.when < heap_[(heap_index - 1) / 2].when) {
    Rise(heap_index, last);
  } else {
    Sink(heap_index, last);
  }
}

TimerQueue::Timer* TimerQueue::TakeExpired(int64_t now) {
  if (next() > now) return nullptr;
  Timer* const timer = heap_.front().timer;
  Clear(timer);
  return timer;
}

}  // namespace rpyc
