// error: rpyc: this is no function
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](auto a) { return a; });
}
