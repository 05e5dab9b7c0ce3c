// error: rpyc: a Python callable would get a copy of this argument
#include "rpyc/service.h"

struct Axis {
  double position = 0;
  friend void RpycExpose(rpyc::ClassDef<Axis>& c) { c.Property("position", &Axis::position); }
};

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](std::function<void(const Axis&)> f) { f(Axis()); });
}
