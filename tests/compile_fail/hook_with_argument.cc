// error: rpyc: a hook takes a const rpyc::CallContext& or nothing
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").OnConnect([](int) {});
}
