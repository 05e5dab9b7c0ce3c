// error: rpyc: this C++ type has no Python counterpart
#include "rpyc/service.h"

struct Secret {};

struct Account {
  Secret secret;
  friend void RpycExpose(rpyc::ClassDef<Account>& c) { c.Property("secret", &Account::secret); }
};

rpyc::Service Made() { return rpyc::Service::Of<Account>("S"); }
