// error: rpyc: a function without an object returns a reference, and nothing says who
#include "rpyc/service.h"

struct Axis {
  double position = 0;
  friend void RpycExpose(rpyc::ClassDef<Axis>& c) { c.Property("position", &Axis::position); }
};

rpyc::Service Made() {
  static Axis axis;
  return rpyc::Service("S").Property("axis", []() -> const Axis& { return axis; });
}
