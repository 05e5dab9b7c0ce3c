// error: rpyc: a parameter's type goes only from C++ to Python
#include "rpyc/cast/buffer.h"
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](std::span<double> numbers) { numbers[0] = 1; });
}
