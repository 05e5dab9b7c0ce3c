// error: rpyc: parameters after rpyc::Args need names
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](const rpyc::Args&, int a) { return a; });
}
