// error: rpyc: rpyc::Rebuild takes a function that returns the C++ exception
#include <stdexcept>

#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Translate<std::runtime_error>(
      "lab.Error", rpyc::Rebuild([](const rpyc::RemoteError&) { return 5; }));
}
