// error: rpyc: give one rpyc::Arg for every parameter, or none
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose(
      "f", [](int a, int b) { return a + b; }, rpyc::Arg("a"));
}
