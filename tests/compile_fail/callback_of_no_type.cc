// error: rpyc: this C++ type has no Python counterpart
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose(
      "f", [](rpyc::Netref callback) { return callback([](auto x) { return x; }); });
}
