// error: rpyc: the result's type goes only from Python to C++
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [] { return rpyc::Args(); });
}
