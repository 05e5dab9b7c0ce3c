// error: rpyc: take at most one rpyc::Args and one rpyc::Kwargs, which is last
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](rpyc::Kwargs, rpyc::Args) { return 1; });
}
