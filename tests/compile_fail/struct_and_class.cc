// error: rpyc: a type travels by value, with a RpycExpose(rpyc::StructDef<T>&), or by reference
#include "rpyc/service.h"

struct Limits {
  double low = 0;
  friend void RpycExpose(rpyc::StructDef<Limits>& s) { s.Field("low", &Limits::low); }
  friend void RpycExpose(rpyc::ClassDef<Limits>& c) { c.Property("low", &Limits::low); }
};

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [] { return Limits(); });
}
