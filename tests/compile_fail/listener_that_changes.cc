// error: rpyc: a Python callable cannot change its arguments; let the rpyc::Listener
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](rpyc::Listener<void(int&)>) {});
}
