#ifndef TESTS_FUZZ_FUZZ_TARGET_H_
#define TESTS_FUZZ_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// Each *_fuzzer.cc of this folder defines these. libFuzzer drives them in the fuzzing build
// (tools/fuzz); replay.cc drives the same code over its seeds in the ordinary tests.

// Runs one input; aborts if what must hold does not.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace rpyc::fuzz {

// Returns inputs to begin with. The first is valid and the simplest.
std::vector<std::string> Seeds();

// Aborts, saying `what`, unless `holds`.
inline void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

inline absl::string_view Text(const uint8_t* data, size_t size) {
  return absl::string_view(reinterpret_cast<const char*>(data), size);
}

}  // namespace rpyc::fuzz

#endif  // TESTS_FUZZ_FUZZ_TARGET_H_
