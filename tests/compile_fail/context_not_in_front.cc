// error: rpyc: const rpyc::CallContext& must be the first parameter
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](int a, const rpyc::CallContext&) { return a; });
}
