#include "rpyc/builtin_method.h"

#include <string>
#include <utility>

namespace rpyc {

Member BuiltinMethod(absl::string_view name, std::vector<Parameter> parameters,
                     absl::string_view doc, BuiltinBody body) {
  Member member;
  member.name = std::string(name);
  member.doc = std::string(doc);
  member.visibility = member.is_special() ? Visibility::kExposed : Visibility::kPublic;
  member.signature.parameters = std::move(parameters);
  member.body = [body](const Member&, const MemberCall& call, absl::Span<Value> args) {
    return body(call, args);
  };
  return member;
}

std::vector<Parameter> Positional(size_t required, std::vector<Value> defaults) {
  std::vector<Parameter> parameters(required);
  for (Value& value : defaults) {
    parameters.emplace_back().default_value = std::move(value);
  }
  return parameters;
}

}  // namespace rpyc
