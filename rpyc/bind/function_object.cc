#include "rpyc/bind/function_object.h"

#include "absl/strings/str_cat.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

// inspect.Signature as far as help() asks: its text.
class SignatureObject : public Object {
 public:
  explicit SignatureObject(const Signature& signature) : text_(signature.ToString()) {}
  absl::string_view type_name() const override { return "inspect.Signature"; }
  int64_t class_id() const override { return kSignatureClassId; }
  absl::StatusOr<std::string> Repr(const CallContext&) override { return text_; }

 private:
  const std::string text_;
};

}  // namespace

Value SignatureOf(const Signature& signature) {
  return Value(std::make_shared<SignatureObject>(signature));
}

absl::string_view FunctionObject::type_name() const {
  return "builtins.builtin_function_or_method";
}

int64_t FunctionObject::class_id() const { return kFunctionClassId; }

AttributePresence FunctionObject::Has(absl::string_view name) const {
  const bool known = name == "__name__" || name == "__qualname__" || name == "__signature__";
  return {.exposed = known, .plain = known || Object::Has(name).plain};
}

absl::StatusOr<Value> FunctionObject::GetAttr(const CallContext& context, AttributeRef attribute) {
  if (attribute.name == "__doc__" && !member_->doc.empty()) return Value(member_->doc);
  if (attribute.name == "__name__") return Value(member_->name);
  if (attribute.name == "__qualname__") return Value(QualifiedName());
  if (attribute.name == "__signature__") return SignatureOf(member_->signature);
  return Object::GetAttr(context, attribute);
}

absl::StatusOr<Value> FunctionObject::Call(const CallContext& context, CallArgs args) {
  return BindAndInvoke(*member_, {context, nullptr, nullptr}, std::move(args));
}

absl::StatusOr<std::string> FunctionObject::Repr(const CallContext&) {
  return absl::StrCat("<function ", member_->name, ">");
}

absl::StatusOr<std::vector<std::string>> FunctionObject::Dir(const CallContext&) {
  return std::vector<std::string>{"__call__", "__doc__", "__name__", "__qualname__",
                                  "__signature__"};
}

absl::StatusOr<bool> FunctionObject::IsCallable(const CallContext&) { return true; }

}  // namespace rpyc
