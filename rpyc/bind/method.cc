#include "rpyc/bind/method.h"

namespace rpyc::bind_internal {

void NameParameters(std::vector<Arg> names, Signature* signature) {
  auto name = names.begin();
  for (Parameter& parameter : signature->parameters) {
    if (parameter.kind == ParameterKind::kArgs) parameter.name = "args";
    if (parameter.kind == ParameterKind::kKwargs) parameter.name = "kwargs";
    if (parameter.kind != ParameterKind::kOrdinary || name == names.end()) continue;
    parameter.name = std::move(name->name);
    parameter.default_value = std::move(name->default_value);
    ++name;
  }
}

}  // namespace rpyc::bind_internal
