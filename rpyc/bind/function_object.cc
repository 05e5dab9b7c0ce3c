#include "rpyc/bind/function_object.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

// inspect.Signature as far as help() asks: its text, from Python 3.13 on by format(max_width=n).
//
// help() shows a function's docstring below its signature, but looks for it where a proxy has none:
// Python 3.9 and later read __doc__ past __getattribute__, from the proxy's class. So the docstring
// comes with the signature's text, if that is asked for as pydoc alone does: it asks a signature
// that was made for it whether it is true, and then for the text. inspect.signature() and str() of
// others see the signature only.
// Source:  CPython Lib/pydoc.py, TextDoc.docroutine, 3.9 to 3.12; _getargspec, 3.13.
class SignatureObject : public Object {
 public:
  SignatureObject(Signature signature, absl::string_view doc)
      : signature_(std::move(signature)), doc_(doc) {}
  absl::string_view type_name() const override { return "inspect.Signature"; }
  int64_t class_id() const override { return kSignatureClassId; }
  AttributePresence Has(absl::string_view name) const override {
    if (name == "format") return {.exposed = true};
    if (name == "__bool__") return {.plain = true, .special = true};
    return Object::Has(name);
  }
  absl::StatusOr<Value> CallAttr(const CallContext& context, AttributeRef attribute,
                                 CallArgs args) override {
    if (attribute.name != "__bool__") return Object::CallAttr(context, attribute, std::move(args));
    asked_by_help_.store(true, std::memory_order_relaxed);
    return Value(true);
  }
  absl::StatusOr<Value> GetAttr(const CallContext& context, AttributeRef attribute) override {
    if (attribute.name != "format") return Object::GetAttr(context, attribute);
    return Value(std::make_shared<FunctionObject>(FormatMember()));
  }
  absl::StatusOr<std::string> Repr(const CallContext&) override {
    return WithDoc(signature_.ToString());
  }
  absl::StatusOr<Methods> SpecialMethods(const CallContext&) override {
    return Methods{{"__bool__", std::nullopt}};
  }

 private:
  // format(*, max_width=None), and whatever a later Python passes.
  std::shared_ptr<const Member> FormatMember() {
    auto member = std::make_shared<Member>();
    member->name = "format";
    Parameter& options = member->signature.parameters.emplace_back();
    options.name = "options";
    options.kind = ParameterKind::kKwargs;
    member->signature.has_rest = true;
    member->body = [self = std::static_pointer_cast<SignatureObject>(shared_from_this())](
                       const Member&, const MemberCall&, absl::Span<Value> args) -> Value {
      size_t max_width = std::string::npos;
      for (const Value& option : args[0].items()) {
        const int64_t* width = option.items()[1].AsInt();
        if (option.items()[0] == Value("max_width") && width != nullptr && *width >= 0) {
          max_width = static_cast<size_t>(*width);
        }
      }
      return Value(self->WithDoc(self->signature_.ToString(max_width)));
    };
    return member;
  }

  std::string WithDoc(std::string text) const {
    if (doc_.empty() || !asked_by_help_.load(std::memory_order_relaxed)) return text;
    return absl::StrCat(text, "\n    ", absl::StrReplaceAll(doc_, {{"\n", "\n    "}}));
  }

  const Signature signature_;
  const std::string doc_;
  std::atomic<bool> asked_by_help_{false};
};

}  // namespace

Value SignatureOf(const Signature& signature, absl::string_view doc) {
  return Value(std::make_shared<SignatureObject>(signature, doc));
}

absl::string_view FunctionObject::type_name() const {
  return "builtins.builtin_function_or_method";
}

int64_t FunctionObject::class_id() const { return kFunctionClassId; }

AttributePresence FunctionObject::Has(absl::string_view name) const {
  const bool known = name == "__name__" || name == "__qualname__" || name == "__signature__";
  return known ? AttributePresence{.plain = true, .special = true} : Object::Has(name);
}

absl::StatusOr<Value> FunctionObject::GetAttr(const CallContext& context, AttributeRef attribute) {
  if (attribute.name == "__doc__" && !member_->doc.empty()) return Value(member_->doc);
  if (attribute.name == "__name__") return Value(member_->name);
  if (attribute.name == "__qualname__") return Value(QualifiedName());
  if (attribute.name == "__signature__") return SignatureOf(ShownSignature(), member_->doc);
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
