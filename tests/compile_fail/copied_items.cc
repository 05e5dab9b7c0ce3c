// error: rpyc: Python would get copies of the exposed objects that are iterated over
#include "rpyc/service.h"

struct Axis {
  double position = 0;
  friend void RpycExpose(rpyc::ClassDef<Axis>& c) { c.Property("position", &Axis::position); }
};

struct Lab {
  std::vector<Axis>::iterator begin() { return axes.begin(); }
  std::vector<Axis>::iterator end() { return axes.end(); }
  std::vector<Axis> axes;
  friend void RpycExpose(rpyc::ClassDef<Lab>& c) { c.Iterable(&Lab::begin, &Lab::end); }
};

rpyc::Service Made() { return rpyc::Service::Of<Lab>("S"); }
