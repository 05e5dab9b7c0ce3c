#include "server/admin/request_checks.h"

#include <gtest/gtest.h>

#include "rpyc/admin/v1/server.pb.h"
#include "server/reason.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;

std::string RefusedField(const v1::Server& server) {
  const absl::Status status = RefuseUnknownFields(server);
  if (status.ok()) return "none";
  EXPECT_EQ(GetReason(status).reason, "INVALID_FIELD");
  return GetReason(status).metadata.at("field");
}

TEST(RequestChecksTest, UnknownFieldsAreFoundAtAnyDepth) {
  v1::Server server;
  EXPECT_EQ(RefusedField(server), "none");
  server.set_name("servers/x");
  server.mutable_spec()->mutable_limits()->set_max_nesting(3);
  server.mutable_last_error()->add_details();
  server.mutable_last_error()->add_details();
  EXPECT_EQ(RefusedField(server), "none");

  v1::Server top = server;
  top.GetReflection()->MutableUnknownFields(&top)->AddVarint(900, 1);
  EXPECT_EQ(RefusedField(top), "900");

  v1::Server deep = server;
  v1::Limits* limits = deep.mutable_spec()->mutable_limits();
  limits->GetReflection()->MutableUnknownFields(limits)->AddVarint(901, 1);
  EXPECT_EQ(RefusedField(deep), "spec.limits.901");

  v1::Server repeated = server;
  google::protobuf::Any* any = repeated.mutable_last_error()->mutable_details(1);
  any->GetReflection()->MutableUnknownFields(any)->AddVarint(902, 1);
  EXPECT_EQ(RefusedField(repeated), "last_error.details.902");
}

TEST(RequestChecksTest, NotBuiltYet) {
  EXPECT_TRUE(NotSupportedIf(false, "etag").ok());
  const absl::Status status = NotSupportedIf(true, "etag");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(GetReason(status).reason, "NOT_SUPPORTED");
  EXPECT_EQ(GetReason(status).metadata.at("field"), "etag");
}

}  // namespace
}  // namespace rpyc
