#ifndef RPYC_SERVER_KINDS_PUBLISHED_NAME_H_
#define RPYC_SERVER_KINDS_PUBLISHED_NAME_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"

namespace rpyc {

// A name that one thread changes at every call and other threads hardly ever read. A change takes a
// few stores, no lock and no allocation. A name that is too long is cut.
// Threads: Publish, one; Read, any.
class PublishedName {
 public:
  void Publish(absl::string_view name) {
    const uint64_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);  // odd while the name is being changed
    const size_t bytes = std::min(name.size(), kMaxBytes);
    bytes_.store(bytes, std::memory_order_release);
    for (size_t i = 0; i * sizeof(uint64_t) < bytes; ++i) {
      uint64_t word = 0;
      const absl::string_view piece = name.substr(i * sizeof(word), sizeof(word));
      std::memcpy(&word, piece.data(), piece.size());
      words_[i].store(word, std::memory_order_release);
    }
    version_.store(version + 2, std::memory_order_release);
  }

  // Returns the name; empty if there is none, or if it changes too often to be read.
  std::string Read() const {
    for (int tries = 0; tries < 10; ++tries) {
      const uint64_t version = version_.load(std::memory_order_acquire);
      std::array<char, kMaxBytes> text;
      const size_t bytes = bytes_.load(std::memory_order_acquire);
      for (size_t i = 0; i < words_.size(); ++i) {
        const uint64_t word = words_[i].load(std::memory_order_acquire);
        std::memcpy(text.data() + i * sizeof(word), &word, sizeof(word));
      }
      if (version % 2 == 0 && version_.load(std::memory_order_relaxed) == version) {
        return std::string(text.data(), bytes);
      }
    }
    return "";
  }

 private:
  static constexpr size_t kMaxBytes = 64;

  std::atomic<uint64_t> version_{0};
  std::atomic<size_t> bytes_{0};
  std::array<std::atomic<uint64_t>, kMaxBytes / sizeof(uint64_t)> words_{};
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_PUBLISHED_NAME_H_
