// error: rpyc: a field of another struct than the one being exposed
#include "rpyc/service.h"

struct Other {
  double low = 0;
};
struct Limits {
  friend void RpycExpose(rpyc::StructDef<Limits>& s) { s.Field("low", &Other::low); }
};

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](Limits) { return 1; });
}
