#include "rpyc/bind/signature.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rpyc/assert.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

bool IsOrdinary(const Parameter& parameter) { return parameter.kind == ParameterKind::kOrdinary; }

// Returns how many parameters from the front take a positional argument each.
size_t PositionalCount(const Signature& signature) {
  const auto& parameters = signature.parameters;
  const auto rest = std::find_if_not(parameters.begin(), parameters.end(), IsOrdinary);
  return static_cast<size_t>(rest - parameters.begin());
}

absl::Status TooMany(absl::string_view function, const Signature& signature, size_t given) {
  const size_t most = PositionalCount(signature);
  const size_t least = static_cast<size_t>(
      std::count_if(signature.parameters.begin(), signature.parameters.begin() + most,
                    [](const Parameter& p) { return !p.default_value.has_value(); }));
  const std::string takes =
      least == most ? absl::StrCat(most) : absl::StrCat("from ", least, " to ", most);
  return PyStatus("TypeError", absl::StrCat(function, "() takes ", takes, " positional argument",
                                            least == 1 && most == 1 ? "" : "s", " but ", given,
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
  RPYC_ASSERT(count > 0);
  std::string list = std::move(names.back());
  names.pop_back();
  if (count > 1) list = absl::StrCat(absl::StrJoin(names, ", "), " and ", list);
  return PyStatus("TypeError",
                  absl::StrCat(function, "() missing ", count, " required positional argument",
                               count == 1 ? "" : "s", ": ", list));
}

// Adds an argument for **kwargs; it replaces one of the same name.
void AddKeyword(std::string name, Value value, std::vector<Value>* kwargs) {
  Value pair = Value::Tuple({Value(std::move(name)), std::move(value)});
  const auto same = std::find_if(kwargs->begin(), kwargs->end(), [&](const Value& other) {
    return other.items()[0] == pair.items()[0];
  });
  if (same == kwargs->end()) {
    kwargs->push_back(std::move(pair));
  } else {
    *same = std::move(pair);
  }
}

// This is a separate function because it would make the stack of an ordinary call larger.
ABSL_ATTRIBUTE_NOINLINE absl::StatusOr<std::vector<Value>> BindUnusual(absl::string_view function,
                                                                       const Signature& signature,
                                                                       CallArgs args) {
  const std::vector<Parameter>& parameters = signature.parameters;
  const auto of_kind = [&](ParameterKind kind) {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [kind](const Parameter& p) { return p.kind == kind; });
    return static_cast<size_t>(found - parameters.begin());
  };
  const size_t args_index = of_kind(ParameterKind::kArgs);
  const size_t kwargs_index = of_kind(ParameterKind::kKwargs);
  const bool takes_args = args_index < parameters.size();
  const bool takes_kwargs = kwargs_index < parameters.size();
  const size_t given = std::min(args.positional.size(), PositionalCount(signature));
  if (given < args.positional.size() && !takes_args) {
    return TooMany(function, signature, args.positional.size());
  }

  std::vector<Value> bound(parameters.size());
  std::vector<bool> filled(parameters.size(), false);
  std::fill_n(filled.begin(), given, true);
  const auto rest = args.positional.begin() + static_cast<ptrdiff_t>(given);
  std::move(args.positional.begin(), rest, bound.begin());
  if (takes_args) {
    bound[args_index] = Value::Tuple(
        {std::make_move_iterator(rest), std::make_move_iterator(args.positional.end())});
    filled[args_index] = true;
  }
  std::vector<Value> kwargs;
  for (auto& [name, value] : args.keyword) {
    const auto found =
        std::find_if(parameters.begin(), parameters.end(), [&name = name](const Parameter& p) {
          return IsOrdinary(p) && !p.name.empty() && p.name == name;
        });
    const size_t index = static_cast<size_t>(found - parameters.begin());
    if (index == parameters.size()) {
      if (!takes_kwargs) {
        return PyStatus(
            "TypeError",
            absl::StrCat(function, "() got an unexpected keyword argument '", name, "'"));
      }
      AddKeyword(std::move(name), std::move(value), &kwargs);
      continue;
    }
    if (index < given) {
      return PyStatus("TypeError",
                      absl::StrCat(function, "() got multiple values for argument '", name, "'"));
    }
    bound[index] = std::move(value);
    filled[index] = true;
  }
  if (takes_kwargs) {
    bound[kwargs_index] = Value::Tuple(std::move(kwargs));
    filled[kwargs_index] = true;
  }
  for (size_t i = given; i < parameters.size(); ++i) {
    if (filled[i]) continue;
    if (!parameters[i].default_value) return Missing(function, signature, filled);
    bound[i] = *parameters[i].default_value;
  }
  return bound;
}

}  // namespace

std::string Signature::ShownName(size_t index) const {
  const std::string& name = parameters[index].name;
  return name.empty() ? absl::StrCat("arg", index) : name;
}

std::string Signature::ToString(size_t max_width) const {
  if (!text.empty()) return text;
  std::vector<std::string> parts;
  // Either all of these parameters are without names or none is.
  const size_t positional_only =
      parameters.empty() || !parameters[0].name.empty() ? 0 : PositionalCount(*this);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    std::string part;
    switch (parameter.kind) {
      case ParameterKind::kArgs:
        part = "*";
        break;
      case ParameterKind::kKwargs:
        part = "**";
        break;
      case ParameterKind::kOrdinary:
        break;
    }
    absl::StrAppend(&part, ShownName(i));
    if (!parameter.type.empty()) absl::StrAppend(&part, ": ", parameter.type);
    if (parameter.default_value) {
      absl::StrAppend(&part, parameter.type.empty() ? "=" : " = ",
                      parameter.default_value->DebugString());
    }
    parts.push_back(std::move(part));
    if (parts.size() == positional_only) parts.push_back("/");
  }
  std::string shown = absl::StrCat("(", absl::StrJoin(parts, ", "), ")");
  if (shown.size() > max_width)
    shown = absl::StrCat("(\n    ", absl::StrJoin(parts, ",\n    "), "\n)");
  if (!return_type.empty()) absl::StrAppend(&shown, " -> ", return_type);
  return shown;
}

absl::StatusOr<std::vector<Value>> BindArguments(absl::string_view function,
                                                 const Signature& signature, CallArgs args) {
  if (args.positional.size() == signature.parameters.size() && args.keyword.empty() &&
      !signature.has_rest) {
    return std::move(args.positional);
  }
  return BindUnusual(function, signature, std::move(args));
}

}  // namespace rpyc
