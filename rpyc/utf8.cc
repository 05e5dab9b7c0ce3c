#include "rpyc/utf8.h"

#include <cstdint>
#include <cstring>

namespace rpyc {
namespace {

// Non-zero if one of the 8 bytes at `p` is not ASCII.
uint64_t NonAscii8(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  return word & 0x8080808080808080u;
}

bool IsContinuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

}  // namespace

// Only the second byte of a character has ranges of its own.
// Source:  the Unicode Standard, table 3-7.
size_t Utf8CharLength(absl::string_view text) {
  if (text.empty()) return 0;
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t lead = p[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return text.size() >= 2 && IsContinuation(p[1]) ? 2 : 0;
  if (lead < 0xF0) {
    const uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : 0xBF;
    const bool ok = text.size() >= 3 && p[1] >= low && p[1] <= high && IsContinuation(p[2]);
    return ok ? 3 : 0;
  }
  if (lead > 0xF4) return 0;
  const uint8_t low = lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;
  const bool ok = text.size() >= 4 && p[1] >= low && p[1] <= high && IsContinuation(p[2]) &&
                  IsContinuation(p[3]);
  return ok ? 4 : 0;
}

size_t ValidUtf8Prefix(absl::string_view text) {
  const char* const data = text.data();
  const size_t size = text.size();
  size_t i = 0;
  while (i < size) {
    // Most text is ASCII, or ASCII again after one other character.
    while (size - i >= 32 && (NonAscii8(data + i) | NonAscii8(data + i + 8) |
                              NonAscii8(data + i + 16) | NonAscii8(data + i + 24)) == 0) {
      i += 32;
    }
    while (size - i >= 8 && NonAscii8(data + i) == 0) i += 8;
    while (i < size && static_cast<uint8_t>(data[i]) < 0x80) ++i;
    while (i < size && static_cast<uint8_t>(data[i]) >= 0x80) {
      const size_t length = Utf8CharLength(text.substr(i));
      if (length == 0) return i;
      i += length;
    }
  }
  return size;
}

std::string MendedUtf8(std::string text) {
  if (IsValidUtf8(text)) return text;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return text;
}

}  // namespace rpyc
