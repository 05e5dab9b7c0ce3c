#ifndef RPYC_CAST_LISTENER_H_
#define RPYC_CAST_LISTENER_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/callback.h"
#include "rpyc/cast/cast.h"
#include "rpyc/listener_queue.h"
#include "rpyc/mutex.h"
#include "rpyc/netref.h"
#include "rpyc/value.h"

namespace rpyc {

// A Python callable that is told things, as a parameter of an exposed function: what a control loop
// calls. Unlike a std::function, calling it waits for nothing, neither for the answer, nor for a
// client that has stopped, nor for a lock that is held for long:
//
//   service.Expose("listen", [&](rpyc::Listener<void(double)> listener) {
//     listeners.Add(std::move(listener));
//   });
//
// A call is sent at once while fewer than max_unanswered are on their way; others wait in a bounded
// queue (ListenerOptions, rpyc/listener_queue.h). Calls of one listener arrive in order. A client
// serves them while it waits for an answer of its own, or in the background
// (rpyc.BgServingThread, conn.serve_all()).
// A handle: copies are one listener. Calls that wait when the last goes are sent nevertheless.
// Threads: any.
template <typename Signature>
class Listener {
  static_assert(sizeof(Listener*) == 0,
                "rpyc: a Listener returns nothing, as nobody waits for it: write "
                "rpyc::Listener<void(...)>, or take a std::function");
};

template <typename... A>
class Listener<void(A...)> {
 public:
  // One that has no client.
  Listener() = default;

  // For calls from now on; until then the defaults hold.
  void Configure(ListenerOptions options) const {
    if (queue_ != nullptr) queue_->Configure(std::move(options));
  }

  // Calls it. Never waits.
  void operator()(A... args) const {
    if (queue_ != nullptr) queue_->Push(Netref::Arguments(std::forward<A>(args)...));
  }

  // Whether the client is there, as far as is known, and Close has not been called.
  bool connected() const { return queue_ != nullptr && queue_->connected(); }
  // Drops what waits; calls do nothing from now on, and no handler runs any more.
  void Close() const {
    if (queue_ != nullptr) queue_->Close();
  }
  ListenerCounts counts() const { return queue_ == nullptr ? ListenerCounts() : queue_->counts(); }
  // The client's address: "127.0.0.1:53422".
  std::string client() const { return queue_ == nullptr ? std::string() : queue_->client(); }

  // Whether both are the same Python callable of the same client.
  friend bool operator==(const Listener& a, const Listener& b) {
    if (a.queue_ == nullptr || b.queue_ == nullptr) return a.queue_ == b.queue_;
    return a.queue_->HasSameCallee(*b.queue_);
  }

 private:
  friend struct Cast<Listener>;
  explicit Listener(std::shared_ptr<ListenerQueue> queue) : queue_(std::move(queue)) {}

  std::shared_ptr<ListenerQueue> queue_;
};

// Listeners that are called together; one whose client has gone is taken out by itself.
//
//   rpyc::Listeners<void(double)> listeners({.on_gone = [](const std::string& client) {
//     Log("listener ", client, " has gone");
//   }});
//   while (running) listeners(axis.position());  // 100 times a second
//
// Threads: any.
template <typename Signature>
class Listeners;

template <typename... A>
class Listeners<void(A...)> {
 public:
  using Each = Listener<void(A...)>;

  // `options` are those of every listener.
  explicit Listeners(ListenerOptions options = {}) : options_(std::move(options)) {}
  // Handlers run no more.
  ~Listeners() {
    for (const Each& listener : *set_->Get()) listener.Close();
  }
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // False: the set has it already, or its client has gone.
  bool Add(const Each& listener) {
    const bool added = set_->Change([&](List& all) {
      if (std::find(all.begin(), all.end(), listener) != all.end()) return false;
      all.push_back(listener);
      return true;
    });
    if (!added) return false;
    ListenerOptions options = options_;
    options.on_gone = [set = std::weak_ptr<Set>(set_),
                       told = options_.on_gone](const std::string& client) {
      if (const std::shared_ptr<Set> kept = set.lock()) kept->EraseGone();
      if (told != nullptr) told(client);
    };
    listener.Configure(std::move(options));
    if (listener.connected()) return true;
    set_->EraseGone();
    return false;
  }
  // Takes out and closes the one that is the same Python callable. False: there is none.
  bool Remove(const Each& listener) {
    return set_->Change([&](List& all) {
      const auto found = std::find(all.begin(), all.end(), listener);
      if (found == all.end()) return false;
      found->Close();
      all.erase(found);
      return true;
    });
  }

  // Calls each. Never waits.
  void operator()(const A&... args) const {
    const std::shared_ptr<const List> all = set_->Get();
    for (const Each& listener : *all) listener(args...);
  }

  size_t size() const { return set_->Get()->size(); }
  bool empty() const { return size() == 0; }
  // Those of now.
  std::vector<Each> Snapshot() const { return *set_->Get(); }

 private:
  using List = std::vector<Each>;

  // Changed by a copy, so that a loop that calls the listeners holds no lock meanwhile.
  class Set {
   public:
    std::shared_ptr<const List> Get() const {
      MutexLock lock(&mutex_);
      return list_;
    }
    template <typename F>
    bool Change(F change) {
      std::shared_ptr<const List> former;  // destroyed with no lock held
      MutexLock lock(&mutex_);
      auto list = std::make_shared<List>(*list_);
      if (!change(*list)) return false;
      former = std::exchange(list_, std::move(list));
      return true;
    }
    void EraseGone() {
      Change([](List& all) {
        return std::erase_if(all, [](const Each& each) { return !each.connected(); }) > 0;
      });
    }

   private:
    mutable Mutex mutex_;
    std::shared_ptr<const List> list_ ABSL_GUARDED_BY(mutex_) = std::make_shared<List>();
  };

  const ListenerOptions options_;
  const std::shared_ptr<Set> set_ = std::make_shared<Set>();
};

namespace cast_internal {

// Errors:  TypeError - Python could not call it, or it is no object of a peer's.
absl::StatusOr<std::shared_ptr<ListenerQueue>> MakeListenerQueue(const CallContext& context,
                                                                 const Value& value);

}  // namespace cast_internal

// So that what Listener says is the only error.
template <typename Signature>
struct Cast<Listener<Signature>> {
  static absl::StatusOr<Listener<Signature>> From(Value& value);
  static std::string Name();
};

// In only: any callable of a peer's. Going out it is that callable again by rpyc::Netref.
template <typename... A>
struct Cast<Listener<void(A...)>> {
  static absl::StatusOr<Listener<void(A...)>> From(const CallContext& context, Value& value) {
    static_assert((... && !cast_internal::kMayChange<A>),
                  "rpyc: a Python callable cannot change its arguments; let the rpyc::Listener "
                  "take them by value or by const reference, and an exposed object by "
                  "std::shared_ptr");
    absl::StatusOr<std::shared_ptr<ListenerQueue>> queue =
        cast_internal::MakeListenerQueue(context, value);
    if (!queue.ok()) return std::move(queue).status();
    return Listener<void(A...)>(*std::move(queue));
  }
  static std::string Name() {
    return cast_internal::CallableName({Cast<std::decay_t<A>>::Name()...}, "None");
  }
};

}  // namespace rpyc

#endif  // RPYC_CAST_LISTENER_H_
