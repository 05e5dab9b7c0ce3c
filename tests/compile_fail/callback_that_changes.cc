// error: rpyc: a Python callable cannot change its arguments
#include <functional>

#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](std::function<void(int&)> callback) {
    int x = 0;
    callback(x);
  });
}
