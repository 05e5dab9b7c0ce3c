#ifndef RPYC_SERVER_VERSION_H_
#define RPYC_SERVER_VERSION_H_

#include "rpyc/version.h"  // kVersion

namespace rpyc {

#if defined(__clang__)
#define RPYC_COMPILER __VERSION__  // "Debian Clang 14.0.6"
#else
#define RPYC_COMPILER "GCC " __VERSION__
#endif
#if defined(__SANITIZE_ADDRESS__)
#define RPYC_BUILD_KIND "address sanitizer"
#elif defined(__SANITIZE_THREAD__)
#define RPYC_BUILD_KIND "thread sanitizer"
#elif defined(__OPTIMIZE__)
#define RPYC_BUILD_KIND "optimized"
#else
#define RPYC_BUILD_KIND "not optimized"
#endif

// How the host was compiled: "GCC 12.2.0, optimized".
inline constexpr char kBuild[] = RPYC_COMPILER ", " RPYC_BUILD_KIND;

#undef RPYC_COMPILER
#undef RPYC_BUILD_KIND

}  // namespace rpyc

#endif  // RPYC_SERVER_VERSION_H_
