// error: rpyc: after the Python class come rpyc::ErrorArgs, rpyc::ErrorAttribute and rpyc::Rebuild
#include <stdexcept>

#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Translate<std::runtime_error>("lab.Error", "A docstring.");
}
