// error: rpyc: after the function come rpyc::Arg(...) and a docstring only
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose(
      "f", [](int a) { return a; }, 5);
}
