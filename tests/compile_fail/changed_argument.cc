// error: rpyc: an exposed function cannot change its caller's arguments
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](int& a) { ++a; });
}
