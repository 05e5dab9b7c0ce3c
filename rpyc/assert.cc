#include "rpyc/assert.h"

#include <cstdio>
#include <cstdlib>

namespace rpyc::assert_internal {

[[gnu::noinline, gnu::cold]] void Fail(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace rpyc::assert_internal
