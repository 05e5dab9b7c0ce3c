#include "rpyc/iterator.h"

#include <atomic>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "rpyc/bind/instance.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/builtin_method.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

using Item = absl::StatusOr<std::optional<Value>>;
using Next = absl::AnyInvocable<Item()>;

// The function that makes the items, and what it has left to say.
class Generator {
 public:
  explicit Generator(Next next) : next_(std::move(next)) {}

  // Makes up to `count` items; none at the end. An exception that comes after some items waits
  // until those are taken.
  absl::StatusOr<std::vector<Value>> Take(const CallContext& context, size_t count);
  // Ends the iteration.
  absl::Status Close();

 private:
  // User code runs while this is set, so it is no lock: a thread that finds it set fails.
  std::atomic<bool> running_{false};
  // Only the thread that has set running_ uses these.
  Next next_;  // empty at the end
  absl::Status pending_;
};

absl::Status AlreadyExecuting() { return PyStatus("ValueError", "generator already executing"); }

absl::StatusOr<std::vector<Value>> Generator::Take(const CallContext& context, size_t count) {
  if (running_.exchange(true, std::memory_order_acquire)) return AlreadyExecuting();
  Next ended;  // its destructor is user code, and runs after running_ is reset
  const absl::Cleanup done = [this] { running_.store(false, std::memory_order_release); };

  if (!pending_.ok()) return std::exchange(pending_, absl::OkStatus());
  std::vector<Value> items;
  while (items.size() < count && next_ != nullptr && !context.cancelled()) {
    Item item = std::optional<Value>();
    absl::Status made = Guarded([&] { item = next_(); }, context.translations());
    if (made.ok() && item.ok() && item->has_value()) {
      items.push_back(**std::move(item));
      continue;
    }
    if (made.ok() && !item.ok()) made = PyStatus(ToException(item.status()));
    ended = std::exchange(next_, nullptr);
    if (made.ok() || IsPyStatus(made, "StopIteration")) break;
    if (items.empty()) return made;
    pending_ = std::move(made);
  }
  return items;
}

absl::Status Generator::Close() {
  if (running_.exchange(true, std::memory_order_acquire)) return AlreadyExecuting();
  Next ended;
  const absl::Cleanup done = [this] { running_.store(false, std::memory_order_release); };
  ended = std::exchange(next_, nullptr);
  pending_ = absl::OkStatus();
  return absl::OkStatus();
}

Generator& Self(const MemberCall& call) { return *static_cast<Generator*>(call.self.get()); }

class IteratorObject : public Instance {
 public:
  explicit IteratorObject(std::shared_ptr<void> generator) : Instance(Class(), generator) {}

  absl::StatusOr<std::vector<Value>> NextItems(const CallContext& context, size_t count) override {
    return static_cast<Generator*>(self().get())->Take(context, count);
  }

 private:
  static const std::shared_ptr<const ClassInfo>& Class();
};

const std::shared_ptr<const ClassInfo>& IteratorObject::Class() {
  using Args = absl::Span<Value>;
  using Result = absl::StatusOr<Value>;
  static const std::shared_ptr<const ClassInfo> info = [] {
    // By this name clients know what to ask and send no INSPECT.
    auto made = std::make_shared<ClassInfo>("builtins.generator");
    made->Add(BuiltinMethod("__iter__", {}, "", [](const MemberCall& call, Args) -> Result {
      return Value(std::make_shared<IteratorObject>(call.self));
    }));
    made->Add(BuiltinMethod("__next__", {}, "", [](const MemberCall& call, Args) -> Result {
      absl::StatusOr<std::vector<Value>> items = Self(call).Take(call.context, 1);
      if (!items.ok()) return std::move(items).status();
      if (items->empty()) return PyStatus(RemoteException{.name = "StopIteration"});
      return std::move(items->front());
    }));
    made->Add(BuiltinMethod("__length_hint__", {}, "",
                            [](const MemberCall&, Args) -> Result { return NotImplemented(); }));
    made->Add(BuiltinMethod("__repr__", {}, "", [](const MemberCall&, Args) -> Result {
      return Value("<generator object>");
    }));
    made->Add(BuiltinMethod("close", {}, "Ends it.", [](const MemberCall& call, Args) -> Result {
      absl::Status closed = Self(call).Close();
      if (!closed.ok()) return closed;
      return Value();
    }));
    return made;
  }();
  return info;
}

}  // namespace

Iterator::Iterator(Erased, Next next)
    : object_(std::make_shared<IteratorObject>(std::make_shared<Generator>(std::move(next)))) {}

}  // namespace rpyc
