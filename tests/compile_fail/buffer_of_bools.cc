// error: rpyc: a rpyc::Buffer is of integers but bool, float, double, or std::complex
#include "rpyc/cast/buffer.h"
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [] { return rpyc::Buffer<bool>(8); });
}
