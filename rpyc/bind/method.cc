#include "rpyc/bind/method.h"

namespace rpyc::bind_internal {

void NameParameters(std::vector<Arg> names, Signature* signature) {
  for (size_t i = 0; i < names.size(); ++i) {
    signature->parameters[i].name = std::move(names[i].name);
    signature->parameters[i].default_value = std::move(names[i].default_value);
  }
}

}  // namespace rpyc::bind_internal
