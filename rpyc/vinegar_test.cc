#include "rpyc/vinegar.h"

#include "gtest/gtest.h"
#include "rpyc/object.h"

namespace rpyc {
namespace {

class Opaque : public Object {
 public:
  absl::string_view type_name() const override { return "cpp.Opaque"; }
  int64_t class_id() const override { return 1; }
};

TEST(Vinegar, DumpsAsRpycDoes) {
  const Value dumped = vinegar::Dump({.name = "ValueError", .args = {Value("bad"), Value(1)}},
                                     {.include_traceback = false, .version = "5.x"});
  EXPECT_EQ(dumped.DebugString(),
            "(('builtins', 'ValueError'), ('bad', 1), (('_remote_version', '5.x'),), "
            "'<traceback denied>')");
}

TEST(Vinegar, StopIterationIsTheNumberOne) {
  EXPECT_EQ(vinegar::Dump({.name = "StopIteration"}, {}), Value(1));
  EXPECT_NE(vinegar::Dump({.module = "mine", .name = "StopIteration"}, {}), Value(1));
}

TEST(Vinegar, MakesATracebackThatEndsInTheMessage) {
  const Value dumped = vinegar::Dump({.name = "KeyError", .args = {Value("k")}}, {});
  EXPECT_EQ(*dumped.items()[3].AsStr(), "Traceback (most recent call last):\n  C++\nKeyError: k\n");
}

TEST(Vinegar, WhatCannotTravelBecomesText) {
  const Value dumped = vinegar::Dump(
      {.name = "ValueError",
       .args = {Value(std::make_shared<Opaque>()), Value::Tuple({Value(std::string("\xff"))})},
       .attributes = {{"where", Value(std::make_shared<Opaque>())}}},
      {});
  EXPECT_TRUE(dumped.by_value());
  for (const Value& arg : dumped.items()[1].items()) EXPECT_NE(arg.AsStr(), nullptr);
}

}  // namespace
}  // namespace rpyc
