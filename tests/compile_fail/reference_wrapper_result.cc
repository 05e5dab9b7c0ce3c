// error: rpyc: a std::reference_wrapper does not say who owns the object
#include "rpyc/service.h"

struct Axis {
  double position = 0;
  friend void RpycExpose(rpyc::ClassDef<Axis>& c) { c.Property("position", &Axis::position); }
};

rpyc::Service Made() {
  static Axis axis;
  return rpyc::Service("S").Expose("axis", [] { return std::ref(axis); });
}
