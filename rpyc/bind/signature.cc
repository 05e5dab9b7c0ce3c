#include "rpyc/bind/signature.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

absl::Status TooMany(absl::string_view function, const Signature& signature, size_t given) {
  const size_t most = signature.parameters.size();
  const size_t least = static_cast<size_t>(
      std::count_if(signature.parameters.begin(), signature.parameters.end(),
                    [](const Parameter& p) { return !p.default_value.has_value(); }));
  const std::string takes =
      least == most ? absl::StrCat(most) : absl::StrCat("from ", least, " to ", most);
  return PyStatus("TypeError", absl::StrCat(function, "() takes ", takes, " positional argument",
                                            most == 1 ? "" : "s", " but ", given,
                                            given == 1 ? " was" : " were", " given"));
}

std::string Described(const Parameter& parameter, size_t index) {
  return parameter.name.empty() ? absl::StrCat(index + 1) : absl::StrCat("'", parameter.name, "'");
}

absl::Status Missing(absl::string_view function, const Signature& signature,
                     const std::vector<bool>& filled) {
  std::vector<std::string> names;
  for (size_t i = 0; i < filled.size(); ++i) {
    const Parameter& parameter = signature.parameters[i];
    if (!filled[i] && !parameter.default_value) names.push_back(Described(parameter, i));
  }
  const size_t count = names.size();
  std::string list = std::move(names.back());
  names.pop_back();
  if (count > 1) list = absl::StrCat(absl::StrJoin(names, ", "), " and ", list);
  return PyStatus("TypeError",
                  absl::StrCat(function, "() missing ", count, " required positional argument",
                               count == 1 ? "" : "s", ": ", list));
}

}  // namespace

std::string Signature::ToString() const {
  std::string text = "(";
  size_t index = 0;
  bool positional_only = false;
  for (const Parameter& parameter : parameters) {
    if (index > 0) absl::StrAppend(&text, ", ");
    positional_only = parameter.name.empty();
    if (positional_only) {
      absl::StrAppend(&text, "arg", index);
    } else {
      absl::StrAppend(&text, parameter.name);
    }
    if (!parameter.type.empty()) absl::StrAppend(&text, ": ", parameter.type);
    if (parameter.default_value) {
      absl::StrAppend(&text, parameter.type.empty() ? "=" : " = ",
                      parameter.default_value->DebugString());
    }
    ++index;
  }
  absl::StrAppend(&text, positional_only ? ", /)" : ")");
  if (!return_type.empty()) absl::StrAppend(&text, " -> ", return_type);
  return text;
}

absl::StatusOr<std::vector<Value>> BindArguments(absl::string_view function,
                                                 const Signature& signature, CallArgs args) {
  const std::vector<Parameter>& parameters = signature.parameters;
  const size_t given = args.positional.size();
  if (given > parameters.size()) return TooMany(function, signature, given);
  if (given == parameters.size() && args.keyword.empty()) return std::move(args.positional);

  std::vector<Value> bound = std::move(args.positional);
  bound.resize(parameters.size());
  std::vector<bool> filled(parameters.size(), false);
  std::fill_n(filled.begin(), given, true);
  for (auto& [name, value] : args.keyword) {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&name = name](const Parameter& p) { return p.name == name; });
    if (name.empty() || found == parameters.end()) {
      return PyStatus("TypeError",
                      absl::StrCat(function, "() got an unexpected keyword argument '", name, "'"));
    }
    const size_t index = static_cast<size_t>(found - parameters.begin());
    if (index < given) {
      return PyStatus("TypeError",
                      absl::StrCat(function, "() got multiple values for argument '", name, "'"));
    }
    bound[index] = std::move(value);
    filled[index] = true;
  }
  for (size_t i = given; i < parameters.size(); ++i) {
    if (filled[i]) continue;
    if (!parameters[i].default_value) return Missing(function, signature, filled);
    bound[i] = *parameters[i].default_value;
  }
  return bound;
}

}  // namespace rpyc
