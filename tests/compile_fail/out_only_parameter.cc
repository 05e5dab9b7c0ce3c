// error: rpyc: a parameter's type goes only from C++ to Python
#include "rpyc/service.h"

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](const char* text) { return text[0] == 'a'; });
}
