#include "rpyc/utf8.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"

namespace rpyc {
namespace {

std::string Utf8(uint32_t c) {
  if (c < 0x80) return std::string(1, static_cast<char>(c));
  std::string tail;
  uint32_t lead_bits = c;
  int continuations = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  for (int i = 0; i < continuations; ++i) {
    tail.insert(tail.begin(), static_cast<char>(0x80 | (lead_bits & 0x3F)));
    lead_bits >>= 6;
  }
  const uint32_t mark = continuations == 1 ? 0xC0 : continuations == 2 ? 0xE0 : 0xF0;
  return static_cast<char>(mark | lead_bits) + tail;
}

TEST(Utf8Test, EveryCodePointButSurrogatesIsValid) {
  for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
    const std::string text = Utf8(c);
    const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    ASSERT_EQ(Utf8CharLength(text), surrogate ? 0 : text.size()) << std::hex << c;
  }
  EXPECT_FALSE(IsValidUtf8(Utf8(0x110000)));
  EXPECT_FALSE(IsValidUtf8(Utf8(0x1FFFFF)));
}

TEST(Utf8Test, OverlongFormsAreInvalid) {
  EXPECT_FALSE(IsValidUtf8("\xC0\x80"));
  EXPECT_FALSE(IsValidUtf8("\xC1\xBF"));
  EXPECT_FALSE(IsValidUtf8("\xE0\x9F\xBF"));
  EXPECT_FALSE(IsValidUtf8("\xF0\x8F\xBF\xBF"));
}

TEST(Utf8Test, StrayBytesAreInvalid) {
  for (int byte = 0x80; byte <= 0xFF; ++byte) {
    EXPECT_FALSE(IsValidUtf8(std::string(1, static_cast<char>(byte)))) << byte;
  }
  EXPECT_FALSE(IsValidUtf8("\xF8\x88\x80\x80\x80"));
  EXPECT_FALSE(IsValidUtf8("\xC3("));
}

TEST(Utf8Test, IsMended) {
  EXPECT_EQ(MendedUtf8("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(MendedUtf8("caf\xe9"), "caf?");
  EXPECT_EQ(MendedUtf8("caf\xc3\xa9 \xff"), "caf?? ?");
  EXPECT_EQ(MendedUtf8(""), "");
}

TEST(Utf8Test, EmptyAndNulAreValid) {
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_EQ(Utf8CharLength(""), 0u);
  EXPECT_TRUE(IsValidUtf8(absl::string_view("a\0b", 3)));
}

TEST(Utf8Test, PrefixEndsBeforeTheFirstBadByteWhereverItIs) {
  for (size_t at = 0; at <= 80; ++at) {
    const std::string bad = std::string(at, 'x') + "\xFF" + std::string(40, 'y');
    ASSERT_EQ(ValidUtf8Prefix(bad), at);
    const std::string cut = std::string(at, 'x') + "\xE2\x82";
    ASSERT_EQ(ValidUtf8Prefix(cut), at);
    const std::string good = std::string(at, 'x') + "\xE2\x82\xAC" + std::string(40, 'y');
    ASSERT_EQ(ValidUtf8Prefix(good), good.size());
  }
}

}  // namespace
}  // namespace rpyc
