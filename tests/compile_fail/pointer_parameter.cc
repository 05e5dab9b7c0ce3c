// error: rpyc: a pointer does not say who owns the object
#include "rpyc/service.h"

struct Axis {
  double position = 0;
  friend void RpycExpose(rpyc::ClassDef<Axis>& c) { c.Property("position", &Axis::position); }
};

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](const Axis* axis) { return axis->position; });
}
