#include "server/admin/status_to_grpc.h"

#include <gtest/gtest.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "server/reason.h"

namespace rpyc {
namespace {

TEST(StatusToGrpcTest, OkIsOk) {
  EXPECT_TRUE(StatusToGrpc(absl::OkStatus()).ok());
  EXPECT_EQ(StatusToProto(absl::OkStatus()).code(), 0);
}

TEST(StatusToGrpcTest, ReasonBecomesErrorInfo) {
  const grpc::Status status = StatusToGrpc(ReasonStatus(
      absl::StatusCode::kNotFound, "SERVER_NOT_FOUND", "no servers/x", {{"name", "servers/x"}}));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no servers/x");

  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), 5);
  EXPECT_EQ(details.message(), "no servers/x");
  ASSERT_EQ(details.details_size(), 1);
  EXPECT_EQ(details.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "SERVER_NOT_FOUND");
  EXPECT_EQ(info.domain(), "rpyc.admin");
  ASSERT_EQ(info.metadata_size(), 1);
  EXPECT_EQ(info.metadata().at("name"), "servers/x");
}

TEST(StatusToGrpcTest, EveryCodeHasItsOwn) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "text");
    EXPECT_EQ(StatusToGrpc(status).error_code(), code);
    EXPECT_EQ(StatusToGrpc(status).error_message(), "text");
  }
}

TEST(StatusToGrpcTest, WithoutReasonNoErrorInfo) {
  EXPECT_EQ(StatusToProto(absl::InternalError("broken")).details_size(), 0);
}

TEST(StatusToGrpcTest, TextIsUtf8) {
  const absl::Status status = ReasonStatus(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                                           "it said \xff\xfe", {{"field", "\xc3"}});
  google::rpc::Status proto = StatusToProto(status);
  EXPECT_EQ(proto.message(), "it said ??");
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(proto.details(0).UnpackTo(&info));
  EXPECT_EQ(info.metadata().at("field"), "?");
}

// A client that receives trailers over 8 KiB refuses the answer.
TEST(StatusToGrpcTest, LongTextsAreCutBetweenCharacters) {
  std::string text = "x";
  for (int i = 0; i < 10'000; ++i) text += "\xc3\xa9";
  const absl::Status status =
      ReasonStatus(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", text, {{"field", text}});
  const grpc::Status result = StatusToGrpc(status);
  EXPECT_EQ(result.error_message().size(), 1023 + 3);
  EXPECT_EQ(result.error_message().substr(1021), "\xc3\xa9...");
  EXPECT_LT(3 * result.error_message().size() + result.error_details().size() * 4 / 3, 8192 - 512);
}

}  // namespace
}  // namespace rpyc
