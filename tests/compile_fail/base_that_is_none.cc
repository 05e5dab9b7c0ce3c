// error: rpyc: c.Base<B>() takes a public base class of the class being exposed
#include "rpyc/service.h"

struct Other {
  friend void RpycExpose(rpyc::ClassDef<Other>&) {}
};

struct Account {
  friend void RpycExpose(rpyc::ClassDef<Account>& c) { c.Base<Other>(); }
};

rpyc::Service Made() { return rpyc::Service::Of<Account>("S"); }
