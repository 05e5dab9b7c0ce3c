#include "rpyc/transport/read_ahead.h"

#include <string>

#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace rpyc {
namespace {

std::string Take(ReadAheadBuffer& buffer, size_t most) {
  std::string into(most, '?');
  into.resize(buffer.Take(absl::MakeSpan(into)));
  return into;
}

TEST(ReadAheadBufferTest, GivesInOrderWhatWasAppended) {
  ReadAheadBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  buffer.Append("abc");
  buffer.Append("de");
  EXPECT_EQ(Take(buffer, 2), "ab");
  EXPECT_EQ(buffer.bytes(), "cde");
  buffer.Append("f");  // behind what is left
  EXPECT_EQ(buffer.size(), 4);
  EXPECT_EQ(Take(buffer, 10), "cdef");
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(Take(buffer, 1), "");
}

}  // namespace
}  // namespace rpyc
