#ifndef RPYC_ASSERT_H_
#define RPYC_ASSERT_H_

// RPYC_ASSERT(condition) states what must be so whatever callers and peers do: an invariant of a
// class, or a transition whose result would otherwise be ignored. A peer can never make it false:
// what a peer may get wrong is a Status.
//
// It is on in tests, fuzzers and sanitizer builds: a false condition prints itself with its file
// and line to stderr and aborts. It is off in a release (--config=release, see
// tools/bazel/rpyc_rules.bzl): the condition is compiled and never evaluated. It belongs in source
// files, so that headers are the same in a program that is built without it.
#ifdef RPYC_ASSERTIONS
#define RPYC_ASSERT(condition)        \
  ((condition) ? static_cast<void>(0) \
               : ::rpyc::assert_internal::Fail(#condition, __FILE__, __LINE__))
#else
#define RPYC_ASSERT(condition) static_cast<void>(false && (condition))
#endif

namespace rpyc::assert_internal {

// Prints "FILE:LINE: assertion failed: CONDITION" to stderr and aborts.
[[noreturn]] void Fail(const char* condition, const char* file, int line);

}  // namespace rpyc::assert_internal

#endif  // RPYC_ASSERT_H_
