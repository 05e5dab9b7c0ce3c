// error: rpyc: a property gives Python copies of the exposed objects in this
#include "rpyc/service.h"

struct Axis {
  double position = 0;
  friend void RpycExpose(rpyc::ClassDef<Axis>& c) { c.Property("position", &Axis::position); }
};

struct Lab {
  std::vector<Axis> axes;
  friend void RpycExpose(rpyc::ClassDef<Lab>& c) {
    c.Property("axes", [](const Lab& self) { return self.axes; });
  }
};

rpyc::Service Made() { return rpyc::Service::Of<Lab>("S"); }
