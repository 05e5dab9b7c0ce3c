// error: rpyc: Python knows no members of this C++ enum; name them, as rpyc::EnumDef says
#include "rpyc/service.h"

enum class Colour { kRed };

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](Colour) { return 1; });
}
