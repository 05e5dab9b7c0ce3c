#include "rpyc/bind/function_object.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

// This is as much of inspect.Signature as help() asks for: its text; from Python 3.13 on, help()
// gets it by format(max_width=n). No other caller needs a proxy of a signature: FunctionAttribute
// says what it gets.
//
// help() shows a function's docstring below its signature, but looks for it where a proxy has none:
// Python 3.9 and later read __doc__ past __getattribute__, from the proxy's class. So the docstring
// comes with the signature's text, but only if the text is asked for as pydoc alone asks: it first
// asks a fresh signature whether it is true, and then for the text.
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
  // Makes format(*, max_width=None), which ignores whatever else a later Python passes.
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

// Shows what inspect reads of a function's code. RPyC's clients, 4.1 ones too, find the class of
// this name, so that isinstance(code, types.CodeType) is true.
// Source:  CPython Lib/inspect.py, _signature_from_function, 3.8 to 3.13.
class CodeObject : public Object {
 public:
  explicit CodeObject(const Signature& signature) {
    std::vector<Value> keyword_only;
    std::vector<Value> rest;
    bool after_args = false;
    for (size_t i = 0; i < signature.parameters.size(); ++i) {
      const Parameter& parameter = signature.parameters[i];
      Value name(signature.ShownName(i));
      if (parameter.kind == ParameterKind::kArgs) {
        flags_ |= kVarArgs;
        after_args = true;
        rest.push_back(std::move(name));
      } else if (parameter.kind == ParameterKind::kKwargs) {
        flags_ |= kVarKeywords;
        rest.push_back(std::move(name));
      } else if (after_args) {
        keyword_only.push_back(std::move(name));
      } else {
        if (parameter.name.empty()) ++positional_only_;
        names_.push_back(std::move(name));
      }
    }
    positional_ = static_cast<int64_t>(names_.size());
    keyword_only_ = static_cast<int64_t>(keyword_only.size());
    std::move(keyword_only.begin(), keyword_only.end(), std::back_inserter(names_));
    std::move(rest.begin(), rest.end(), std::back_inserter(names_));
  }
  absl::string_view type_name() const override { return "types.CodeType"; }
  int64_t class_id() const override { return kCodeClassId; }
  AttributePresence Has(absl::string_view name) const override {
    return Find(name).has_value() ? AttributePresence{.exposed = true} : Object::Has(name);
  }
  absl::StatusOr<Value> GetAttr(const CallContext& context, AttributeRef attribute) override {
    std::optional<Value> found = Find(attribute.name);
    return found.has_value() ? *std::move(found) : Object::GetAttr(context, attribute);
  }

 private:
  // Source:  CPython Include/cpython/code.h, CO_VARARGS and CO_VARKEYWORDS.
  static constexpr int64_t kVarArgs = 4;
  static constexpr int64_t kVarKeywords = 8;

  std::optional<Value> Find(absl::string_view name) const {
    if (name == "co_argcount") return Value(positional_);
    if (name == "co_posonlyargcount") return Value(positional_only_);
    if (name == "co_kwonlyargcount") return Value(keyword_only_);
    if (name == "co_varnames") return Value::Tuple(names_);
    if (name == "co_flags") return Value(flags_);
    return std::nullopt;
  }

  std::vector<Value> names_;  // positional, keyword-only, *args, **kwargs
  int64_t positional_ = 0;
  int64_t positional_only_ = 0;
  int64_t keyword_only_ = 0;
  int64_t flags_ = 0;
};

// Shows a dict, as far as inspect reads one, and cannot be changed. rpyc::Dict is made of exposed
// functions and so cannot be used here.
class NamesObject : public Object {
 public:
  explicit NamesObject(std::vector<std::pair<std::string, Value>> entries)
      : entries_(std::move(entries)) {}
  absl::string_view type_name() const override { return "builtins.dict"; }
  int64_t class_id() const override { return kNamesClassId; }
  AttributePresence Has(absl::string_view name) const override {
    if (name == "get" || name == "keys") return {.exposed = true};
    if (name == "__len__" || name == "__getitem__") return {.plain = true, .special = true};
    return Object::Has(name);
  }
  // RPyC asks for get and keys before it calls them.
  absl::StatusOr<Value> GetAttr(const CallContext& context, AttributeRef attribute) override {
    if (!Has(attribute.name).exposed) return Object::GetAttr(context, attribute);
    auto method = std::make_shared<Member>();
    method->name = std::string(attribute.name);
    Parameter& args = method->signature.parameters.emplace_back();
    args.name = "args";
    args.kind = ParameterKind::kArgs;
    method->signature.has_rest = true;
    method->body = [self = shared_from_this()](const Member& member, const MemberCall& call,
                                               absl::Span<Value> args) {
      return self->CallAttr(call.context, {.name = member.name, .exposed = true},
                            {.positional = std::move(args[0]).TakeItems(), .keyword = {}});
    };
    return Value(std::make_shared<FunctionObject>(std::move(method)));
  }
  absl::StatusOr<Value> CallAttr(const CallContext& context, AttributeRef attribute,
                                 CallArgs args) override {
    if (attribute.name == "__len__") return Value(static_cast<int64_t>(entries_.size()));
    if (attribute.name == "keys") {
      std::vector<Value> keys;
      for (const auto& [name, value] : entries_) keys.push_back(Value(name));
      return Value::Tuple(std::move(keys));
    }
    const bool gets = attribute.name == "get";
    if ((!gets && attribute.name != "__getitem__") || args.positional.empty()) {
      return Object::CallAttr(context, attribute, std::move(args));
    }
    for (const auto& [name, value] : entries_) {
      if (args.positional[0] == Value(name)) return value;
    }
    if (gets) return args.positional.size() > 1 ? std::move(args.positional[1]) : Value();
    return PyStatus(RemoteException{.name = "KeyError", .args = {args.positional[0]}});
  }

 private:
  const std::vector<std::pair<std::string, Value>> entries_;
};

// Returns the defaults of the positional parameters, or of those after *args.
Value DefaultsOf(const Signature& signature, bool keyword_only) {
  std::vector<std::pair<std::string, Value>> named;
  bool after_args = false;
  for (size_t i = 0; i < signature.parameters.size(); ++i) {
    const Parameter& parameter = signature.parameters[i];
    after_args |= parameter.kind == ParameterKind::kArgs;
    if (after_args == keyword_only && parameter.default_value.has_value()) {
      named.emplace_back(signature.ShownName(i), *parameter.default_value);
    }
  }
  if (named.empty()) return Value();
  if (keyword_only) return Value(std::make_shared<NamesObject>(std::move(named)));
  std::vector<Value> values;
  for (auto& [name, value] : named) values.push_back(std::move(value));
  return Value::Tuple(std::move(values));
}

Value AnnotationsOf(const Signature& signature) {
  std::vector<std::pair<std::string, Value>> types;
  for (size_t i = 0; i < signature.parameters.size(); ++i) {
    const std::string& type = signature.parameters[i].type;
    if (!type.empty()) types.emplace_back(signature.ShownName(i), Value(type));
  }
  if (!signature.return_type.empty()) types.emplace_back("return", Value(signature.return_type));
  return Value(std::make_shared<NamesObject>(std::move(types)));
}

// help() reads __name__ at least this often before it reads __self__ and then __signature__. At its
// end it reads __self__ once more, after fewer reads of __name__.
constexpr int kNamesReadByHelp = 3;

constexpr absl::string_view kFunctionAttributes[] = {"__annotations__", "__code__", "__defaults__",
                                                     "__kwdefaults__"};

}  // namespace

bool IsFunctionAttribute(absl::string_view name) {
  return std::find(std::begin(kFunctionAttributes), std::end(kFunctionAttributes), name) !=
         std::end(kFunctionAttributes);
}

std::optional<Value> FunctionAttribute(absl::string_view name, const Signature& signature) {
  if (name == "__code__") return Value(std::make_shared<CodeObject>(signature));
  if (name == "__defaults__") return DefaultsOf(signature, /*keyword_only=*/false);
  if (name == "__kwdefaults__") return DefaultsOf(signature, /*keyword_only=*/true);
  if (name == "__annotations__") return AnnotationsOf(signature);
  return std::nullopt;
}

absl::string_view FunctionObject::type_name() const {
  return "builtins.builtin_function_or_method";
}

int64_t FunctionObject::class_id() const { return kFunctionClassId; }

AttributePresence FunctionObject::Has(absl::string_view name) const {
  const bool known = name == "__name__" || name == "__qualname__" || name == "__signature__" ||
                     name == "__self__" || IsFunctionAttribute(name);
  return known ? AttributePresence{.plain = true, .special = true} : Object::Has(name);
}

absl::StatusOr<Value> FunctionObject::GetAttr(const CallContext& context, AttributeRef attribute) {
  if (attribute.name == "__doc__" && !member_->doc.empty()) return Value(member_->doc);
  if (attribute.name == "__name__") {
    names_read_.fetch_add(1, std::memory_order_relaxed);
    return Value(member_->name);
  }
  if (attribute.name == "__qualname__") return Value(QualifiedName());
  if (attribute.name == "__signature__" && help_asks_.exchange(false)) {
    names_read_.store(0);
    return Value(std::make_shared<SignatureObject>(ShownSignature(), member_->doc));
  }
  if (attribute.name == "__self__") {
    if (names_read_.load() >= kNamesReadByHelp) help_asks_.store(true);
    // answers as if the attribute were hidden
    return PyStatus("AttributeError", "cannot access '__self__'");
  }
  if (std::optional<Value> found = FunctionAttribute(attribute.name, ShownSignature())) {
    return *std::move(found);
  }
  return Object::GetAttr(context, attribute);
}

absl::StatusOr<Value> FunctionObject::Call(const CallContext& context, CallArgs args) {
  return BindAndInvoke(*member_, {context, nullptr, nullptr}, std::move(args));
}

absl::StatusOr<std::string> FunctionObject::Repr(const CallContext&) {
  return absl::StrCat("<function ", member_->name, ">");
}

absl::StatusOr<std::vector<std::string>> FunctionObject::Dir(const CallContext&) {
  return std::vector<std::string>{"__annotations__", "__call__",       "__code__", "__defaults__",
                                  "__doc__",         "__kwdefaults__", "__name__", "__qualname__"};
}

absl::StatusOr<bool> FunctionObject::IsCallable(const CallContext&) { return true; }

}  // namespace rpyc
