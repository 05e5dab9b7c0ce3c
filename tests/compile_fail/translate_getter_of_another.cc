// error: rpyc: a getter is a data member or const member function of the exception, or takes it
#include <stdexcept>

#include "rpyc/service.h"

struct Other {
  double limit = 0;
};

rpyc::Service Made() {
  return rpyc::Service("S").Translate<std::runtime_error>(
      "lab.Error", rpyc::ErrorAttribute("limit", &Other::limit));
}
