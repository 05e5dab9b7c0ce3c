#ifndef RPYC_BIND_FUNCTION_OBJECT_H_
#define RPYC_BIND_FUNCTION_OBJECT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rpyc/bind/class_info.h"
#include "rpyc/object.h"

namespace rpyc {

// A C++ function as Python sees it. Its Python name is one for which clients need no INSPECT and
// help() works.
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
};

// What Python shows for it: inspect.Signature as far as help() asks, its text. `doc` is the
// docstring that help() shows with it.
Value SignatureOf(const Signature& signature, absl::string_view doc);

}  // namespace rpyc

#endif  // RPYC_BIND_FUNCTION_OBJECT_H_
