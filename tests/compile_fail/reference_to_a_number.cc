// error: rpyc: ReturnPolicy::kReference is for containers, such as std::vector and std::map
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose(
      "f", [] { return 1; }, rpyc::ReturnPolicy::kReference);
}
