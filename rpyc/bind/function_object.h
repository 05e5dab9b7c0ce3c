#ifndef RPYC_BIND_FUNCTION_OBJECT_H_
#define RPYC_BIND_FUNCTION_OBJECT_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rpyc/bind/class_info.h"
#include "rpyc/object.h"

namespace rpyc {

// A C++ function as Python sees it. Its Python name is one for which clients need no INSPECT and
// help() works. inspect makes a signature of its own of what a Python function has: __code__,
// __defaults__, __kwdefaults__ and __annotations__. A __signature__ it would take instead, so only
// help() gets one, which tells the docstring too: help() reads __name__ three times and then
// __self__ before it, inspect reads neither.
// Source:  CPython Lib/pydoc.py, TextDoc.docroutine, and Lib/inspect.py, _signature_from_callable,
//          3.8 to 3.13.
class FunctionObject : public Object {
 public:
  // `member` needs no object.
  explicit FunctionObject(std::shared_ptr<const Member> member) : member_(std::move(member)) {}

  absl::string_view type_name() const override;
  int64_t class_id() const override;
  AttributePresence Has(absl::string_view name) const override;
  absl::StatusOr<Value> GetAttr(const CallContext& context, AttributeRef attribute) override;
  absl::StatusOr<Value> Call(const CallContext& context, CallArgs args) override;
  absl::StatusOr<std::string> Repr(const CallContext& context) override;
  absl::StatusOr<std::vector<std::string>> Dir(const CallContext& context) override;
  absl::StatusOr<bool> IsCallable(const CallContext& context) override;

 protected:
  const Member& member() const { return *member_; }
  virtual std::string QualifiedName() const { return member_->name; }
  // What __signature__ shows.
  virtual Signature ShownSignature() const { return member_->signature; }

 private:
  const std::shared_ptr<const Member> member_;
  std::atomic<int> names_read_{0};  // since help() had a signature
  std::atomic<bool> help_asks_{false};
};

// What inspect reads of something callable that is called as `signature` says; none: `name` is
// nothing of that.
std::optional<Value> FunctionAttribute(absl::string_view name, const Signature& signature);
bool IsFunctionAttribute(absl::string_view name);

}  // namespace rpyc

#endif  // RPYC_BIND_FUNCTION_OBJECT_H_
