// error: rpyc: after the function come rpyc::Arg(...), a docstring and a rpyc::ReturnPolicy only
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose(
      "f", [](int a) { return a; }, 5);
}
