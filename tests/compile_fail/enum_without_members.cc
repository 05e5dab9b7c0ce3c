// error: rpyc: the enum needs a function RpycExpose(rpyc::EnumDef<E>&) in its namespace
#include "rpyc/service.h"

enum class Colour { kRed };

rpyc::Service Made() { return rpyc::Service("S").Expose("Colour", rpyc::Enum<Colour>()); }
