#ifndef RPYC_BIND_CLASS_OBJECT_H_
#define RPYC_BIND_CLASS_OBJECT_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rpyc/bind/class_info.h"
#include "rpyc/bind/instance.h"
#include "rpyc/cast/cast.h"
#include "rpyc/object.h"

namespace rpyc {

// Shows an exposed class itself to Python: calling it makes an object, and isinstance knows it. Its
// attributes are the members. A method takes the object first, as Python's Account.deposit(a, 5)
// does; a property has only a docstring. Peers cannot tell two ClassObjects of one class apart.
class ClassObject : public Object {
 public:
  explicit ClassObject(std::shared_ptr<const ClassInfo> class_info)
      : class_(std::move(class_info)) {}

  absl::string_view type_name() const override { return class_->name(); }
  int64_t class_id() const override { return class_->class_id(); }
  bool is_class() const override { return true; }
  absl::StatusOr<bool> HasInstance(const CallContext& context, const Object& other) override;
  const void* identity() const override { return class_.get(); }
  AttributePresence Has(absl::string_view name) const override;
  absl::StatusOr<Value> GetAttr(const CallContext& context, AttributeRef attribute) override;
  absl::StatusOr<Value> Call(const CallContext& context, CallArgs args) override;
  absl::StatusOr<std::string> Repr(const CallContext& context) override;
  absl::StatusOr<std::vector<std::string>> Dir(const CallContext& context) override;
  absl::StatusOr<bool> IsCallable(const CallContext& context) override;
  absl::StatusOr<Methods> SpecialMethods(const CallContext& context) override;
  Methods ExposedMethods() const override { return ExposedMethodsOf(*class_); }

 private:
  const Member* Find(absl::string_view name) const;  // returns null if the class itself has none

  const std::shared_ptr<const ClassInfo> class_;
};

// Holds an exposed class as a C++ value (see rpyc::Class<T>(), Enum<E>() and Struct<T>()). It reads
// the class only when it is used, so that classes may refer to each other.
class ClassReference {
 public:
  using Getter = ClassGetter;
  using Maker = std::shared_ptr<Object> (*)();
  explicit ClassReference(Getter getter) : getter_(getter) {}
  // This form is for a class that Python sees as another kind of object.
  explicit ClassReference(Maker maker) : maker_(maker) {}
  std::shared_ptr<Object> Get() const {
    return maker_ != nullptr ? maker_() : std::make_shared<ClassObject>(getter_());
  }
  Getter getter() const { return getter_; }  // null if `maker` was given

 private:
  Getter getter_ = nullptr;
  Maker maker_ = nullptr;
};

// This converts only from C++ to Python.
template <>
struct Cast<ClassReference> {
  static Value To(ClassReference reference) { return Value(reference.Get()); }
  static std::string Name() { return "type"; }
};

}  // namespace rpyc

#endif  // RPYC_BIND_CLASS_OBJECT_H_
