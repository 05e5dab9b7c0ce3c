// error: rpyc: give at most one docstring
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose(
      "f", [] { return 1; }, "Once.", "Twice.");
}
