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

// Shows a C++ function to Python. Clients need no INSPECT for its Python name, and help() works
// with it. inspect makes a signature of its own from what a Python function has: __code__,
// __defaults__, __kwdefaults__ and __annotations__. It would take a __signature__ instead, so only
// help() gets one, which holds the docstring too: before it, help() reads __name__ three times and
// then __self__; inspect reads neither.
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
  // Returns what __signature__ shows.
  virtual Signature ShownSignature() const { return member_->signature; }

 private:
  const std::shared_ptr<const Member> member_;
  std::atomic<int> names_read_{0};  // counts since help() last had a signature
  std::atomic<bool> help_asks_{false};
};

// Returns what inspect reads of a callable with this `signature`, or nothing if `name` is none of
// those attributes.
std::optional<Value> FunctionAttribute(absl::string_view name, const Signature& signature);
bool IsFunctionAttribute(absl::string_view name);

}  // namespace rpyc

#endif  // RPYC_BIND_FUNCTION_OBJECT_H_
