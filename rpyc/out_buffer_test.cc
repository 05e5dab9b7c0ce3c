#include "rpyc/out_buffer.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/testing/allocation_meter.h"

namespace rpyc {
namespace {

std::string Long(char c) { return std::string(OutBuffer::kMoveThresholdBytes, c); }

TEST(OutBufferTest, SmallPiecesMakeOneChunk) {
  OutBuffer out;
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(out.Chunks().empty());
  out.Append("ab");
  out.AppendByte(0xFF);
  out.AppendU32(0x01020304);
  out.AppendU64(0x05060708090A0B0C);
  out.AppendOwned(std::string("short"));
  EXPECT_EQ(out.ToString(), "ab\xFF\1\2\3\4\5\6\7\10\11\12\13\14short");
  EXPECT_EQ(out.size(), out.ToString().size());
  EXPECT_EQ(out.Chunks().size(), 1u);
}

TEST(OutBufferTest, LongStringsAreTakenOver) {
  OutBuffer out;
  std::string text = Long('x');
  const char* storage = text.data();
  out.Append("a");
  out.AppendOwned(std::move(text));
  out.Append("b");
  const auto chunks = out.Chunks();
  ASSERT_EQ(chunks.size(), 3u);
  EXPECT_EQ(chunks[0], "a");
  EXPECT_EQ(chunks[1].data(), storage);
  EXPECT_EQ(chunks[2], "b");
  EXPECT_EQ(out.ToString(), "a" + Long('x') + "b");
}

TEST(OutBufferTest, PatchFindsItsRun) {
  OutBuffer out;
  out.AppendU32(0);
  out.AppendOwned(Long('x'));
  const size_t second = out.size();
  out.AppendU32(0);
  out.Append("tail");
  out.PatchU32(0, 0x41424344);
  out.PatchU32(second, 0x45464748);
  EXPECT_EQ(out.ToString(), "ABCD" + Long('x') + "EFGHtail");
}

TEST(OutBufferTest, TruncateUndoesToAnyPoint) {
  std::string all = "head" + Long('x') + "middle" + Long('y') + "tail";
  for (size_t size : std::vector<size_t>{0, 2, 4, 5, 4 + Long('x').size(), all.size() - 2,
                                         all.size() - 4, all.size()}) {
    OutBuffer out;
    out.Append("head");
    out.AppendOwned(Long('x'));
    out.Append("middle");
    out.AppendOwned(Long('y'));
    out.Append("tail");
    out.Truncate(size);
    EXPECT_EQ(out.size(), size);
    EXPECT_EQ(out.ToString(), all.substr(0, size));
    out.Append("more");
    EXPECT_EQ(out.ToString(), all.substr(0, size) + "more");
  }
}

TEST(OutBufferTest, ClearedBufferIsReusedWithoutAllocating) {
  OutBuffer out;
  const std::string message(200, 'm');
  out.AppendU32(0);
  out.Append(message);
  out.Clear();
  AllocationMeter meter;
  for (int i = 0; i < 100; ++i) {
    out.AppendU32(i);
    out.Append(message);
    ASSERT_EQ(out.Chunks().size(), 1u);
    out.Clear();
  }
  EXPECT_EQ(meter.allocations(), 0u);
}

TEST(OutBufferTest, ClearKeepsNothingLarge) {
  OutBuffer out;
  AllocationMeter meter;
  {
    std::string piece(15000, 'x');
    for (int i = 0; i < 100; ++i) out.Append(piece);
    for (int i = 0; i < 100; ++i) out.AppendOwned(Long('y'));
  }
  out.Clear();
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(out.ToString(), "");
  EXPECT_LT(meter.held_bytes(), 8u << 10);
}

}  // namespace
}  // namespace rpyc
