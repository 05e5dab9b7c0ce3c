#ifndef RPYC_SERVER_KINDS_SANITIZERS_H_
#define RPYC_SERVER_KINDS_SANITIZERS_H_

// Says for which sanitizer this is compiled, with GCC or Clang. ASan and TSan must be told when the
// stack is switched.

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define RPYC_HAS_ASAN 1
#else
#define RPYC_HAS_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define RPYC_HAS_TSAN 1
#else
#define RPYC_HAS_TSAN 0
#endif

namespace rpyc {

// A sanitizer makes the frames on a stack so many times larger.
constexpr int kSanitizedStackFactor = RPYC_HAS_ASAN || RPYC_HAS_TSAN ? 4 : 1;

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_SANITIZERS_H_
