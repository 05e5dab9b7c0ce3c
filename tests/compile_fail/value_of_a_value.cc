// error: rpyc: this result travels by value anyway; leave ReturnPolicy::kValue out
#include <vector>

#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose(
      "f", [] { return std::vector<int>{1}; }, rpyc::ReturnPolicy::kValue);
}
