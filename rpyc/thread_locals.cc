#include "rpyc/thread_locals.h"

namespace rpyc::thread_locals_internal {

constinit thread_local ThreadLocals current;

}  // namespace rpyc::thread_locals_internal
