#include "rpyc/bind/overloads.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "rpyc/assert.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

using Functions = std::vector<std::shared_ptr<const Member>>;

// --- when the service is made ---

size_t CountPositional(const Signature& signature) {
  size_t count = 0;
  for (const Parameter& parameter : signature.parameters) {
    if (parameter.kind != ParameterKind::kOrdinary) break;
    ++count;
  }
  return count;
}

bool Takes(ParameterKind kind, const Signature& signature) {
  return std::any_of(signature.parameters.begin(), signature.parameters.end(),
                     [kind](const Parameter& p) { return p.kind == kind; });
}

// Returns how many arguments a call must pass at least.
size_t CountRequired(const Signature& signature) {
  size_t count = 0;
  for (const Parameter& parameter : signature.parameters) {
    count += parameter.kind == ParameterKind::kOrdinary && !parameter.default_value ? 1 : 0;
  }
  return count;
}

// Returns whether `earlier` takes every call by position that `later` takes, by the same types.
// Then no such call would ever reach `later`.
bool Hides(const Signature& earlier, const Signature& later) {
  for (const ParameterKind kind : {ParameterKind::kArgs, ParameterKind::kKwargs}) {
    if (Takes(kind, later) && !Takes(kind, earlier)) return false;
  }
  const size_t required = CountRequired(later);
  const size_t max_positional = CountPositional(later);
  if (required > max_positional) return false;  // it is called by keywords
  if (CountRequired(earlier) > required) return false;
  const size_t common = std::min(max_positional, CountPositional(earlier));
  if (common < max_positional && !Takes(ParameterKind::kArgs, earlier)) return false;
  for (size_t i = 0; i < common; ++i) {
    if (earlier.parameters[i].type != later.parameters[i].type) return false;
  }
  return true;
}

std::string Shown(const Member& function) {
  return absl::StrCat(function.name, function.signature.ToString());
}

// --- when it is called ---

// Returns an error's message without the name of the function, which the whole message says once.
std::string WithoutFunctionName(absl::string_view function, const absl::Status& error) {
  const RemoteException exception = ToException(error);
  const std::string* text = exception.args.empty() ? nullptr : exception.args[0].AsStr();
  absl::string_view reason = text == nullptr ? error.message() : *text;
  absl::ConsumePrefix(&reason, absl::StrCat(function, "() "));
  return std::string(reason);
}

// Holds one of the functions, with a call's arguments in the order of its parameters.
struct Candidate {
  const Member* function;
  std::vector<Value> args;
  bool tried = false;
  std::string why_not{};
};

bool IsExact(const Candidate& candidate) {
  const std::vector<Parameter>& parameters = candidate.function->signature.parameters;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    if (parameter.default_value && *parameter.default_value == candidate.args[i]) continue;
    if (parameter.cpp_type == nullptr || !parameter.cpp_type->is_exact(candidate.args[i])) {
      return false;
    }
  }
  return true;
}

// An iterator yields its items only once, to the function that is tried first. So all functions
// that take items get a copy of them.
void CopyItems(const CallContext& context, std::vector<Candidate>* candidates) {
  std::vector<std::pair<Value, Value>> copied;  // the passed value, and its items
  for (Candidate& candidate : *candidates) {
    for (size_t i = 0; i < candidate.args.size(); ++i) {
      Value& arg = candidate.args[i];
      const CppType* type = candidate.function->signature.parameters[i].cpp_type;
      if (type == nullptr || type->copy_items == nullptr || arg.AsObject() == nullptr) continue;
      auto known = std::find_if(copied.begin(), copied.end(),
                                [&](const auto& pair) { return pair.first == arg; });
      if (known == copied.end()) {
        absl::StatusOr<Value> items = type->copy_items(context, arg);
        copied.emplace_back(arg, items.ok() ? *std::move(items) : arg);
        known = std::prev(copied.end());
      }
      arg = known->second;
    }
  }
}

class Resolution {
 public:
  Resolution(const Functions& functions, const MemberCall& call, const CallArgs& given)
      : call_(call), name_(functions[0]->name) {
    for (const auto& function : functions) {
      absl::StatusOr<std::vector<Value>> bound =
          BindArguments(function->name, function->signature, given);
      if (bound.ok()) {
        candidates_.push_back({.function = function.get(), .args = *std::move(bound)});
      } else {
        refused_.emplace_back(function.get(), WithoutFunctionName(name_, bound.status()));
      }
    }
  }

  // Calls the first function that fits.
  absl::StatusOr<Value> Run(const CallArgs& given, const Functions& functions) {
    if (TryAll(/*exact_only=*/true)) return std::move(outcome_);
    if (candidates_.size() > 1) CopyItems(call_.context, &candidates_);
    if (TryAll(/*exact_only=*/false)) return std::move(outcome_);
    // An operator leaves an operand that no function takes to the other operand.
    if (outcome_.ok()) return std::move(outcome_);
    return NoneFits(given, functions);
  }

 private:
  bool TryAll(bool exact_only) {
    for (Candidate& candidate : candidates_) {
      if (candidate.tried || (exact_only && !IsExact(candidate))) continue;
      candidate.tried = true;
      ArgumentMismatch mismatch;
      const MemberCall call{call_.context, call_.self, call_.object, &mismatch};
      std::vector<Value> args = candidate.args;
      outcome_ = candidate.function->body(*candidate.function, call, absl::MakeSpan(args));
      if (!mismatch.found) return true;
      candidate.why_not =
          outcome_.ok() ? "not its operand" : WithoutFunctionName(name_, outcome_.status());
    }
    return false;
  }

  std::string WhyNot(const Member* function) const {
    for (const Candidate& candidate : candidates_) {
      if (candidate.function == function) return candidate.why_not;
    }
    for (const auto& [refused, why] : refused_) {
      if (refused == function) return why;
    }
    return "";
  }

  absl::Status NoneFits(const CallArgs& given, const Functions& functions) const {
    std::vector<std::string> types;
    for (const Value& value : given.positional) {
      types.emplace_back(absl::StripPrefix(value.type_name(), "builtins."));
    }
    for (const auto& [name, value] : given.keyword) {
      types.push_back(absl::StrCat(name, ": ", absl::StripPrefix(value.type_name(), "builtins.")));
    }
    std::string text =
        absl::StrCat("no ", name_, "() takes (", absl::StrJoin(types, ", "), "); there are");
    for (const auto& function : functions) {
      absl::StrAppend(&text, "\n  ", Shown(*function), ", but ", WhyNot(function.get()));
    }
    return PyStatus("TypeError", text);
  }

  const MemberCall& call_;
  const std::string& name_;
  std::vector<Candidate> candidates_;
  std::vector<std::pair<const Member*, std::string>> refused_;
  absl::StatusOr<Value> outcome_ = absl::UnknownError("none was tried");
};

// Returns the arguments as the peer passed them, from *args and **kwargs.
CallArgs ToCallArgs(absl::Span<Value> args) {
  RPYC_ASSERT(args.size() == 2);
  CallArgs given;
  given.positional = std::move(args[0]).TakeItems();
  for (const Value& pair : args[1].items()) {
    given.keyword.emplace_back(*pair.items()[0].AsStr(), pair.items()[1]);
  }
  return given;
}

}  // namespace

std::string WhyNoOverload(const Member& earlier, const Member& added) {
  if (earlier.kind != MemberKind::kMethod || added.kind != MemberKind::kMethod) {
    return "the name is exposed twice, and only functions may share one";
  }
  if (earlier.visibility != added.visibility) {
    return "functions of one name are all exposed or all public";
  }
  const Functions one = {std::shared_ptr<const Member>(std::shared_ptr<void>(), &earlier)};
  const Functions& functions = earlier.overloads.empty() ? one : earlier.overloads;
  for (const auto& function : functions) {
    if (function->needs_object != added.needs_object) {
      return "functions of one name all take the object or none does";
    }
    if (Hides(function->signature, added.signature)) {
      return absl::StrCat("it is exposed twice, and no call tells ", Shown(added), " from ",
                          Shown(*function), " before it");
    }
  }
  return "";
}

Signature SignatureOfAll(absl::string_view name, absl::Span<const Signature> signatures) {
  Signature all;
  all.parameters = {
      {.name = "args", .type = {}, .default_value = {}, .kind = ParameterKind::kArgs},
      {.name = "kwargs", .type = {}, .default_value = {}, .kind = ParameterKind::kKwargs}};
  all.has_rest = true;
  for (const Signature& signature : signatures) {
    absl::StrAppend(&all.text, all.text.empty() ? "" : absl::StrCat("\n", name),
                    signature.ToString());
  }
  return all;
}

Member Overloaded(Functions functions) {
  Member all;
  const Member& first = *functions[0];
  all.name = first.name;
  all.visibility = first.visibility;
  all.needs_object = first.needs_object;
  std::vector<Signature> signatures;
  for (const auto& function : functions) {
    all.may_change_object = all.may_change_object || function->may_change_object;
    signatures.push_back(function->signature);
    if (function->doc.empty()) continue;
    absl::StrAppend(&all.doc, all.doc.empty() ? "" : "\n", function->doc);
  }
  all.signature = SignatureOfAll(first.name, signatures);
  all.body = [functions](const Member&, const MemberCall& call, absl::Span<Value> args) {
    const CallArgs given = ToCallArgs(args);
    return Resolution(functions, call, given).Run(given, functions);
  };
  all.overloads = std::move(functions);
  return all;
}

}  // namespace rpyc
