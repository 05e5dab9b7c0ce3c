#include "rpyc/bind/method.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "rpyc/bind/python_name.h"

namespace rpyc::bind_internal {
namespace {

// Returns what is wrong with the parameters' names or the order of their defaults; it is empty if
// nothing is.
std::string FindMistake(const Signature& signature) {
  absl::flat_hash_set<std::string> names;
  std::string with_default;  // the last parameter before that has a default
  bool positional = true;
  for (const Parameter& parameter : signature.parameters) {
    if (parameter.name.empty()) continue;
    if (!IsPythonName(parameter.name)) {
      return absl::StrCat("argument '", parameter.name,
                          "' has a name that is no Python identifier");
    }
    if (!names.insert(parameter.name).second) {
      return absl::StrCat("two arguments have the name '", parameter.name, "'");
    }
    positional = positional && parameter.kind == ParameterKind::kOrdinary;
    if (!positional) continue;  // keyword arguments may have any order
    if (parameter.default_value) {
      with_default = parameter.name;
    } else if (!with_default.empty()) {
      return absl::StrCat("argument '", parameter.name, "' has no default and follows '",
                          with_default, "', which has one");
    }
  }
  return "";
}

}  // namespace

void NameParameters(std::vector<Arg> names, Member* member) {
  auto name = names.begin();
  for (Parameter& parameter : member->signature.parameters) {
    if (parameter.kind == ParameterKind::kArgs) parameter.name = "args";
    if (parameter.kind == ParameterKind::kKwargs) parameter.name = "kwargs";
    if (parameter.kind != ParameterKind::kOrdinary || name == names.end()) continue;
    parameter.name = std::move(name->name);
    parameter.default_value = std::move(name->default_value);
    if (parameter.name.empty() && member->mistake.empty()) {
      member->mistake = "an argument has an empty name";
    }
    ++name;
  }
  if (!names.empty() && member->mistake.empty()) member->mistake = FindMistake(member->signature);
}

}  // namespace rpyc::bind_internal
