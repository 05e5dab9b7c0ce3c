// error: rpyc: a property's getter takes the object and no argument
#include "rpyc/service.h"

struct Account {
  int balance(int a) { return a; }
  friend void RpycExpose(rpyc::ClassDef<Account>& c) { c.Property("balance", &Account::balance); }
};

rpyc::Service Made() { return rpyc::Service::Of<Account>("S"); }
