// error: rpyc: this C++ type has no Python counterpart
#include "rpyc/service.h"

class Shape {
 public:
  virtual ~Shape() = default;
  virtual double Area() const = 0;
};

rpyc::Service Made() {
  return rpyc::Service("S").Expose("area", [](const Shape& shape) { return shape.Area(); });
}
