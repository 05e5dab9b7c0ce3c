#ifndef RPYC_BIND_INSTANCE_H_
#define RPYC_BIND_INSTANCE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rpyc/bind/class_info.h"
#include "rpyc/bind/function_object.h"
#include "rpyc/discard.h"
#include "rpyc/object.h"

namespace rpyc {

// Returns the special methods of a class's instances, hidden ones too.
Object::Methods SpecialMethodsOf(const ClassInfo& info);
// Returns what Object::ExposedMethods describes.
Object::Methods ExposedMethodsOf(const ClassInfo& info);

// Shows a C++ object to Python: it shares the object and shows the members of its class.
class Instance : public Object {
 public:
  Instance(std::shared_ptr<const ClassInfo> class_info, std::shared_ptr<void> self)
      : class_(std::move(class_info)), self_(std::move(self)) {}
  // The object may hold the next one, nested as deep as a peer can build such things.
  ~Instance() override { Discard(std::move(self_)); }

  const ClassInfo& class_info() const { return *class_; }
  const std::shared_ptr<const ClassInfo>& shared_class() const { return class_; }
  const std::shared_ptr<void>& self() const { return self_; }

  absl::string_view type_name() const override { return class_->name(); }
  int64_t class_id() const override { return class_->class_id(); }
  const void* identity() const override { return self_ ? self_.get() : this; }
  // An object and its first data member may have the same address.
  bool IsSameAs(const Object& other) const override;
  AttributePresence Has(absl::string_view name) const override;
  absl::StatusOr<Value> GetAttr(const CallContext& context, AttributeRef attribute) override;
  absl::Status SetAttr(const CallContext& context, AttributeRef attribute, Value value) override;
  absl::Status DelAttr(const CallContext& context, AttributeRef attribute) override;
  absl::StatusOr<Value> Call(const CallContext& context, CallArgs args) override;
  absl::StatusOr<Value> CallAttr(const CallContext& context, AttributeRef attribute,
                                 CallArgs args) override;
  absl::StatusOr<std::string> Str(const CallContext& context) override;
  absl::StatusOr<std::string> Repr(const CallContext& context) override;
  absl::StatusOr<Value> Hash(const CallContext& context) override;
  absl::StatusOr<Value> Compare(const CallContext& context, absl::string_view op,
                                const Value& other) override;
  absl::StatusOr<std::vector<std::string>> Dir(const CallContext& context) override;
  absl::StatusOr<bool> IsCallable(const CallContext& context) override;
  absl::StatusOr<Methods> SpecialMethods(const CallContext& context) override;
  Methods ExposedMethods() const override { return ExposedMethodsOf(*class_); }

 private:
  // Returns the member that a peer means if it may have `attribute`, else null.
  const Member* Find(AttributeRef attribute) const;
  const Member* FindProperty(AttributeRef attribute) const;
  absl::StatusOr<Value> CallMember(const CallContext& context, const Member& member, CallArgs args);
  absl::StatusOr<std::string> CallForText(const CallContext& context, const Member& member);

  const std::shared_ptr<const ClassInfo> class_;
  // This is constant until the destructor runs. If it is null, the members are functions without an
  // object.
  std::shared_ptr<void> self_;
};

// Shows a method of an Instance on its own, as conn.root.add yields it. It keeps the Instance
// alive.
class BoundMethod : public FunctionObject {
 public:
  // `member` is a member of the instance's class.
  BoundMethod(std::shared_ptr<Instance> instance, const Member* member)
      : FunctionObject(std::shared_ptr<const Member>(std::shared_ptr<void>(), member)),
        instance_(std::move(instance)) {}

  absl::StatusOr<Value> Call(const CallContext& context, CallArgs args) override;
  absl::StatusOr<std::string> Repr(const CallContext& context) override;
  // Two of them are equal if they are the same method of the same object, as in Python.
  absl::StatusOr<Value> Compare(const CallContext& context, absl::string_view op,
                                const Value& other) override;
  absl::StatusOr<Value> Hash(const CallContext& context) override;

 protected:
  std::string QualifiedName() const override;

 private:
  bool IsSameMethod(const Value& other) const;

  const std::shared_ptr<Instance> instance_;
};

}  // namespace rpyc

#endif  // RPYC_BIND_INSTANCE_H_
