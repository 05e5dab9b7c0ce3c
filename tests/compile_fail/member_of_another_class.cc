// error: rpyc: a member function of another class than the one being exposed
#include "rpyc/service.h"

struct Other {
  int F() { return 1; }
};

struct Account {
  friend void RpycExpose(rpyc::ClassDef<Account>& c) { c.Expose("f", &Other::F); }
};

rpyc::Service Made() { return rpyc::Service::Of<Account>("S"); }
