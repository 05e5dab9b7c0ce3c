// error: rpyc: an exception class without what() needs rpyc::ErrorArgs(getter)
#include "rpyc/service.h"

struct Fault {
  int code = 0;
};

rpyc::Service Made() { return rpyc::Service("S").Translate<Fault>("lab.Fault"); }
