// error: rpyc: what is borrowed from an argument cannot be an item of a container
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose(
      "f", [](const std::vector<std::string_view>& names) { return names.size(); });
}
