#include "tests/bench/echo_data.h"

#include <cstdint>

#include "absl/strings/string_view.h"

namespace rpyc::bench {

std::string EchoData(size_t bytes, bool text) {
  constexpr absl::string_view kWords = "the quick brown fox jumps over the lazy dog 0123456789 ";
  std::string data(bytes, '\0');
  uint64_t random = 88172645463325252u;
  for (size_t i = 0; i < data.size(); ++i) {
    // This is xorshift64. Text takes a step only every few characters, so that deflate finds words
    // to repeat.
    if (!text || i % 7 == 0) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
    }
    data[i] = text ? kWords[(i + (random >> 60)) % kWords.size()] : static_cast<char>(random);
  }
  return data;
}

}  // namespace rpyc::bench
