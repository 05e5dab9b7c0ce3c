// error: rpyc: this C++ type has no Python counterpart
#include "rpyc/service.h"

struct Secret {};

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [] { return std::make_shared<Secret>(); });
}
