// error: rpyc: the class has no constructor that takes these types
#include "rpyc/service.h"

struct Account {
  friend void RpycExpose(rpyc::ClassDef<Account>& c) { c.Init<int, std::string>(); }
};

rpyc::Service Made() { return rpyc::Service::Of<Account>("S"); }
