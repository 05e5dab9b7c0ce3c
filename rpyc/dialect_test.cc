#include "rpyc/dialect.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace rpyc {
namespace {

std::string Hex(absl::string_view hex) { return absl::HexStringToBytes(hex); }

class DialectTest : public ::testing::Test {
 protected:
  // Returns "type seq rest" in hex, or the error.
  std::string Head(Dialect dialect, absl::string_view hex) {
    const std::string payload = Hex(hex);
    brine::Reader reader(payload, limits_);
    const absl::StatusOr<MessageHead> head = ReadMessageHead(dialect, &reader);
    if (!head.ok()) return std::string(head.status().message());
    return std::to_string(static_cast<int>(head->type)) + " " + absl::BytesToHexString(head->seq) +
           " " + absl::BytesToHexString(reader.rest());
  }

  Limits limits_;
};

TEST_F(DialectTest, IsToldFromTheFirstByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const Dialect expected = byte == 0x12             ? Dialect::kV5
                             : byte >= 1 && byte <= 3 ? Dialect::kV6
                                                      : Dialect::kUnknown;
    EXPECT_EQ(DetectDialect(std::string(1, static_cast<char>(byte))), expected) << byte;
  }
  EXPECT_EQ(DetectDialect(""), Dialect::kUnknown);
}

TEST_F(DialectTest, HeadsOfBothDialects) {
  EXPECT_EQ(Head(Dialect::kV5, "12515011531151020a"), "1 50 11531151020a");
  EXPECT_EQ(Head(Dialect::kV5, "1252521151"), "2 52 1151");
  EXPECT_EQ(Head(Dialect::kV6, "01115011531151020a"), "1 50 11531151020a");
  EXPECT_EQ(Head(Dialect::kV6, "03115951"), "3 59 51");
}

TEST_F(DialectTest, AnySequenceNumberIsPassedOn) {
  EXPECT_EQ(Head(Dialect::kV6,
                 "0111"
                 "16043130303000"),
            "1 160431303030 00");
  EXPECT_EQ(Head(Dialect::kV5, "125116022d3500"), "1 16022d35 00");
  EXPECT_EQ(Head(Dialect::kV5, "1251080a6100"), "1 080a61 00");
  EXPECT_EQ(Head(Dialect::kV5, "125110105000"), "1 101050 00");
}

TEST_F(DialectTest, WhatIsNoMessageIsRefused) {
  EXPECT_EQ(Head(Dialect::kUnknown, "12515000"), "message of no known dialect");
  EXPECT_EQ(Head(Dialect::kV5, "11515000"), "message of 2 parts instead of 3");
  EXPECT_EQ(Head(Dialect::kV6, "0112505000"), "message of 3 parts instead of 2");
  EXPECT_EQ(Head(Dialect::kV5, "12545000"), "message of unknown type 4");
  EXPECT_EQ(Head(Dialect::kV5, "12505000"), "message of unknown type 0");
  EXPECT_EQ(Head(Dialect::kV6, "12115000"), "message of unknown type 18");
  EXPECT_EQ(Head(Dialect::kV5, "12080a615000"), "brine: expected an int, found text (offset 1)");
  EXPECT_EQ(Head(Dialect::kV5, "5000"), "brine: expected a tuple, found an int (offset 0)");
  EXPECT_EQ(Head(Dialect::kV6, ""), "brine: the input ends where a value must begin (offset 0)");
  EXPECT_EQ(Head(Dialect::kV6, "0111ff00"), "brine: unknown tag 0xff (offset 2)");
}

TEST_F(DialectTest, WritesWhatItReads) {
  OutBuffer v5, v6;
  AppendMessageHead(Dialect::kV5, MessageType::kReply, Hex("160431303030"), &v5);
  EXPECT_EQ(v5.ToString(), Hex("1252160431303030"));
  AppendMessageHead(Dialect::kV6, MessageType::kException, Hex("50"), &v6);
  EXPECT_EQ(v6.ToString(), Hex("031150"));
}

}  // namespace
}  // namespace rpyc
