#include "server/nursery_messages.h"

#include <gtest/gtest.h>

#include <string>

#include "rpyc/transport/fd_message.h"

namespace rpyc {
namespace {

TEST(NurseryMessagesTest, AnOrderArrives) {
  const absl::StatusOr<NurseryOrder> order =
      ReadOrder(WriteOrder({.kind = NurseryOrder::kCertificates,
                            .slot = 70'000,
                            .number = uint64_t{1} << 40,
                            .tcp = 1,
                            .text = "127.0.0.1:1"}));
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->kind, NurseryOrder::kCertificates);
  EXPECT_EQ(order->slot, 70'000u);
  EXPECT_EQ(order->number, uint64_t{1} << 40);
  EXPECT_EQ(order->tcp, 1u);
  EXPECT_EQ(order->text, "127.0.0.1:1");
}

TEST(NurseryMessagesTest, AReportArrives) {
  const absl::StatusOr<NurseryReport> report = ReadReport(
      WriteReport({.kind = NurseryReport::kEnded, .wait_status = 11, .number = 5, .text = "text"}));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kind, NurseryReport::kEnded);
  EXPECT_EQ(report->wait_status, 11);
  EXPECT_EQ(report->number, 5u);
  EXPECT_EQ(report->text, "text");
}

TEST(NurseryMessagesTest, OtherBytesAreNone) {
  EXPECT_FALSE(ReadOrder("").ok());
  EXPECT_FALSE(ReadOrder("short").ok());
  EXPECT_FALSE(ReadOrder(std::string(100, '\xff')).ok());
  EXPECT_FALSE(ReadReport("").ok());
  EXPECT_FALSE(ReadReport(std::string(100, '\xff')).ok());
}

TEST(NurseryMessagesTest, ALongTextStillMakesAMessage) {
  const std::string bytes = WriteReport({.text = std::string(100'000, 'x')});
  EXPECT_EQ(bytes.size(), FdMessage::kMaxBytes);
  EXPECT_TRUE(ReadReport(bytes).ok());
}

}  // namespace
}  // namespace rpyc
