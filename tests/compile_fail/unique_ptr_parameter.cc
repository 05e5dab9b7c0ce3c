// error: rpyc: a parameter's type goes only from C++ to Python
#include "rpyc/service.h"

struct Thing {
  friend void RpycExpose(rpyc::ClassDef<Thing>&) {}
};

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](std::unique_ptr<Thing>) { return 1; });
}
