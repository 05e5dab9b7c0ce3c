// error: rpyc: Python would get copies of the exposed objects in this
#include "rpyc/service.h"

struct Axis {
  double position = 0;
  friend void RpycExpose(rpyc::ClassDef<Axis>& c) { c.Property("position", &Axis::position); }
};

struct Lab {
  std::optional<Axis> axis;
  friend void RpycExpose(rpyc::ClassDef<Lab>& c) { c.Property("axis", &Lab::axis); }
};

rpyc::Service Made() { return rpyc::Service::Of<Lab>("S"); }
