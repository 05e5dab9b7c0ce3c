#ifndef TESTS_CLIENT_COUNTER_H_
#define TESTS_CLIENT_COUNTER_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "rpyc/errors.h"
#include "rpyc/service.h"

namespace rpyc {

// An object with a count, which a client passes or a host returns. `alive` says how many there are.
class Counter {
 public:
  explicit Counter(std::shared_ptr<std::atomic<int>> alive) : alive_(std::move(alive)) {
    ++*alive_;
  }
  ~Counter() { --*alive_; }
  int Add(int n) { return count_ += n; }
  int count() const { return count_; }
  void set_count(int count) { count_ = count; }

  friend void RpycExpose(ClassDef<Counter>& c) {
    c.Doc("Counts.");
    c.Expose("add", &Counter::Add, Arg("n") = 1);
    c.Property("count", &Counter::count, &Counter::set_count);
    c.Expose("__len__", [](const Counter& self) { return self.count_; });
    c.Expose("__getitem__", [](const Counter& self, int i) {
      if (i >= self.count_) throw IndexError("past the end");
      return 10 * i;
    });
    c.Expose("__enter__", [](Counter& self) { return self.Add(100); });
    c.Expose("__exit__", [](Counter& self, const Args&) { self.count_ -= 100; });
    c.Expose("__eq__",
             [](const Counter& self, const Counter& other) { return self.count_ == other.count_; });
    c.Expose("__hash__", [](const Counter& self) { return 1000 + self.count_; });
    c.Expose("__str__",
             [](const Counter& self) { return "counted " + std::to_string(self.count_); });
  }

 private:
  const std::shared_ptr<std::atomic<int>> alive_;
  int count_ = 0;
};

}  // namespace rpyc

#endif  // TESTS_CLIENT_COUNTER_H_
