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

// This is a Python callable that is told things, as a parameter of an exposed function, for a
// control loop to call. Unlike a std::function, calling it waits for nothing: not for the answer,
// not for a client that has stopped, and not for a lock that is held for long:
//
//   service.Expose("listen", [&](rpyc::Listener<void(double)> listener) {
//     listeners.Add(std::move(listener));
//   });
//
// A call is sent at once while fewer than max_unanswered calls are on their way; others wait in a
// bounded queue (ListenerOptions, rpyc/listener_queue.h). Calls of one listener arrive in order. A
// client serves them while it waits for an answer of its own, or in the background
// (rpyc.BgServingThread, conn.serve_all()).
//
// Copies of a Listener are one listener. Calls that still wait when the last copy is destroyed are
// sent nevertheless.
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
  // Makes a listener without a client.
  Listener() = default;

  // Sets the options of calls from now on; until then the defaults hold.
  void Configure(ListenerOptions options) const {
    if (queue_ != nullptr) queue_->Configure(std::move(options));
  }

  // Calls the listener. It never waits.
  void operator()(A... args) const {
    if (queue_ != nullptr) queue_->Push(Netref::Arguments(std::forward<A>(args)...));
  }

  // Returns whether the client is still connected, as far as is known, and Close has not been
  // called.
  bool connected() const { return queue_ != nullptr && queue_->connected(); }
  // Drops the calls that wait; from now on calls do nothing and no handler runs.
  void Close() const {
    if (queue_ != nullptr) queue_->Close();
  }
  ListenerCounts counts() const { return queue_ == nullptr ? ListenerCounts() : queue_->counts(); }
  // Returns the client's address, such as "127.0.0.1:53422".
  std::string client() const { return queue_ == nullptr ? std::string() : queue_->client(); }

  // Returns whether both are the same Python callable of the same client.
  friend bool operator==(const Listener& a, const Listener& b) {
    if (a.queue_ == nullptr || b.queue_ == nullptr) return a.queue_ == b.queue_;
    return a.queue_->HasSameCallee(*b.queue_);
  }

 private:
  friend struct Cast<Listener>;
  explicit Listener(std::shared_ptr<ListenerQueue> queue) : queue_(std::move(queue)) {}

  std::shared_ptr<ListenerQueue> queue_;
};

// Holds listeners that are called together. A listener whose client has gone is removed without the
// program's help.
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

  // `options` apply to every listener.
  explicit Listeners(ListenerOptions options = {}) : options_(std::move(options)) {}
  // After this no handler runs.
  ~Listeners() {
    for (const Each& listener : *set_->Get()) listener.Close();
  }
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // Returns false if the set already has the listener, or if its client has gone.
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
  // Removes and closes the listener that is the same Python callable. It returns false if there is
  // none.
  bool Remove(const Each& listener) {
    return set_->Change([&](List& all) {
      const auto found = std::find(all.begin(), all.end(), listener);
      if (found == all.end()) return false;
      found->Close();
      all.erase(found);
      return true;
    });
  }

  // Calls each listener. It never waits.
  void operator()(const A&... args) const {
    const std::shared_ptr<const List> all = set_->Get();
    for (const Each& listener : *all) listener(args...);
  }

  size_t size() const { return set_->Get()->size(); }
  bool empty() const { return size() == 0; }
  // Returns the listeners that are in the set now.
  std::vector<Each> Snapshot() const { return *set_->Get(); }

 private:
  using List = std::vector<Each>;

  // A change replaces the list by a changed copy, so that a loop that calls the listeners holds no
  // lock meanwhile.
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

// Makes the queue of a listener's calls.
// Errors:  TypeError - Python could not call it, or it is no object of a peer's.
absl::StatusOr<std::shared_ptr<ListenerQueue>> MakeListenerQueue(const CallContext& context,
                                                                 const Value& value);

}  // namespace cast_internal

// This makes what Listener says the only error.
template <typename Signature>
struct Cast<Listener<Signature>> {
  static absl::StatusOr<Listener<Signature>> From(Value& value);
  static std::string Name();
};

// A Listener parameter takes any callable of a peer's. rpyc::Netref sends that callable back.
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
