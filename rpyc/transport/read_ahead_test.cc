#include "rpyc/transport/read_ahead.h"

#include <string>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "rpyc/byte_budget.h"

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
  EXPECT_TRUE(buffer.Append("abc").ok());
  EXPECT_TRUE(buffer.Append("de").ok());
  EXPECT_EQ(Take(buffer, 2), "ab");
  EXPECT_EQ(buffer.bytes(), "cde");
  EXPECT_TRUE(buffer.Append("f").ok());  // it goes behind what is left
  EXPECT_EQ(buffer.size(), 4);
  EXPECT_EQ(Take(buffer, 10), "cdef");
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(Take(buffer, 1), "");
}

TEST(ReadAheadBufferTest, WhatABudgetHasNoRoomForIsAnErrorThatStays) {
  ByteBudget budget("max_total_bytes", 256 << 10);
  ReadAheadBuffer buffer;
  buffer.UseBudget(&budget);
  EXPECT_TRUE(buffer.idle());
  EXPECT_TRUE(buffer.Append(std::string(200 << 10, 'x')).ok());
  EXPECT_GT(budget.used_bytes(), 0);
  EXPECT_TRUE(IsOutOfMemory(buffer.Append(std::string(200 << 10, 'x'))));
  EXPECT_TRUE(IsOutOfMemory(buffer.status()));
  EXPECT_FALSE(buffer.idle());
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(budget.used_bytes(), 0);
}

}  // namespace
}  // namespace rpyc
