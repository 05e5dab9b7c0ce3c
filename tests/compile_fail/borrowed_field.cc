// error: rpyc: a field of a struct must be of a type that Python can pass, and keep
#include "rpyc/service.h"

struct Named {
  std::string_view name;
  friend void RpycExpose(rpyc::StructDef<Named>& s) { s.Field("name", &Named::name); }
};

rpyc::Service Made() {
  return rpyc::Service("S").Expose("f", [](Named) { return 1; });
}
