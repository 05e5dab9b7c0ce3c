// error: rpyc: this C++ type has no Python counterpart
#include "rpyc/service.h"

struct Secret {};

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](const std::vector<Secret>& all) { return all.size(); });
}
