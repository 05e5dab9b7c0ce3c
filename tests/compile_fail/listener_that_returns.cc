// error: rpyc: a Listener returns nothing, as nobody waits for it
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](rpyc::Listener<bool(int)>) {});
}
