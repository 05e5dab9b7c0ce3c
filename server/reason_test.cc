#include "server/reason.h"

#include <gtest/gtest.h>

namespace rpyc {
namespace {

TEST(ReasonTest, TravelsInAStatus) {
  const absl::Status status =
      ReasonStatus(absl::StatusCode::kNotFound, "SERVER_NOT_FOUND", "no server servers/x",
                   {{"name", "servers/x"}, {"empty", ""}, {"odd", std::string("a:1\0b", 5)}});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no server servers/x");
  const Reason reason = GetReason(status);
  EXPECT_EQ(reason.reason, "SERVER_NOT_FOUND");
  EXPECT_EQ(reason.metadata,
            (std::map<std::string, std::string>{
                {"name", "servers/x"}, {"empty", ""}, {"odd", std::string("a:1\0b", 5)}}));
}

TEST(ReasonTest, InvalidFieldNamesTheField) {
  const absl::Status status = InvalidField("spec.port", "spec.port is -1");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GetReason(status).reason, "INVALID_FIELD");
  EXPECT_EQ(GetReason(status).metadata.at("field"), "spec.port");
}

TEST(ReasonTest, OtherStatusesHaveNone) {
  EXPECT_EQ(GetReason(absl::OkStatus()).reason, "");
  EXPECT_EQ(GetReason(absl::InternalError("broken")).reason, "");
  EXPECT_TRUE(GetReason(absl::InternalError("broken")).metadata.empty());
}

TEST(ReasonTest, ErrorsOfListeningGetOne) {
  const auto reason = [](absl::StatusCode code) {
    const absl::Status status = WithListenReason(absl::Status(code, "x"), "spec.hostname");
    EXPECT_EQ(status.code(), code);
    EXPECT_EQ(status.message(), "x");
    return GetReason(status).reason;
  };
  EXPECT_EQ(reason(absl::StatusCode::kFailedPrecondition), "ADDRESS_IN_USE");
  EXPECT_EQ(reason(absl::StatusCode::kPermissionDenied), "BIND_NOT_PERMITTED");
  EXPECT_EQ(reason(absl::StatusCode::kResourceExhausted), "LIMIT_EXCEEDED");
  EXPECT_EQ(reason(absl::StatusCode::kInvalidArgument), "INVALID_FIELD");
  EXPECT_EQ(reason(absl::StatusCode::kInternal), "");
  const absl::Status taken = absl::FailedPreconditionError("x");
  EXPECT_EQ(GetReason(WithListenReason(taken, "spec.socket_path")).metadata.at("field"),
            "spec.socket_path");
  EXPECT_EQ(GetReason(WithListenReason(taken, "spec.hostname", "spec.port")).metadata.at("field"),
            "spec.port");
  EXPECT_EQ(
      GetReason(WithListenReason(absl::InvalidArgumentError("x"), "spec.hostname", "spec.port"))
          .metadata.at("field"),
      "spec.hostname");
  const absl::Status insecure =
      ReasonStatus(absl::StatusCode::kFailedPrecondition, "INSECURE_LISTENER", "x");
  EXPECT_EQ(WithListenReason(insecure, "spec.hostname"), insecure);
}

}  // namespace
}  // namespace rpyc
