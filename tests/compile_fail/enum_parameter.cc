// error: rpyc: a C++ enum has no Python counterpart; pass its name as std::string or its number as
// an integer, or specialise rpyc::Cast for it
#include "rpyc/service.h"

enum class Colour { kRed };

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](Colour) { return 1; });
}
