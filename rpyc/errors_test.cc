#include "rpyc/errors.h"

#include "gtest/gtest.h"
#include "rpyc/brine.h"
#include "rpyc/limits.h"

namespace rpyc {
namespace {

TEST(Errors, AnExceptionTravelsInAStatus) {
  const RemoteException sent{.module = "my.mod",
                             .name = "MyError",
                             .args = {Value("text"), Value(7)},
                             .attributes = {{"code", Value(3)}},
                             .traceback = "trace\n",
                             .remote_traceback = "theirs\n"};
  const absl::Status status = PyStatus(sent);
  EXPECT_TRUE(IsPyStatus(status));
  EXPECT_EQ(status.message(), "my.mod.MyError: ('text', 7)");
  const RemoteException got = ToException(status);
  EXPECT_EQ(got.module, "my.mod");
  EXPECT_EQ(got.name, "MyError");
  EXPECT_EQ(got.args, sent.args);
  EXPECT_EQ(got.attributes, sent.attributes);
  EXPECT_EQ(got.traceback, "trace\n");
  EXPECT_EQ(got.remote_traceback, "theirs\n");
}

TEST(Errors, PlainStatusesBecomeTheNearestClass) {
  const std::pair<absl::Status, const char*> rows[] = {
      {absl::InvalidArgumentError("m"), "ValueError"},
      {absl::NotFoundError("m"), "KeyError"},
      {absl::OutOfRangeError("m"), "IndexError"},
      {absl::PermissionDeniedError("m"), "PermissionError"},
      {absl::UnimplementedError("m"), "NotImplementedError"},
      {absl::DeadlineExceededError("m"), "TimeoutError"},
      {absl::UnavailableError("m"), "ConnectionError"},
      {absl::ResourceExhaustedError("m"), "MemoryError"},
      {absl::InternalError("m"), "RuntimeError"},
      {absl::UnknownError("m"), "RuntimeError"},
  };
  for (const auto& [status, name] : rows) {
    EXPECT_FALSE(IsPyStatus(status));
    EXPECT_EQ(ToException(status).name, name);
    EXPECT_EQ(ToException(status).args, std::vector<Value>{Value("m")});
  }
}

TEST(Errors, TextThatIsNotUtf8IsMended) {
  const RemoteException got = ToException(PyStatus("ValueError", "bad \xff byte"));
  EXPECT_EQ(got.args[0], Value("bad ? byte"));
}

TEST(Errors, ThrownClassesNameThemselves) {
  try {
    throw ValueError("no");
  } catch (const PyError& e) {
    EXPECT_STREQ(e.what(), "ValueError: no");
    EXPECT_EQ(e.exception().module, "builtins");
  }
}

TEST(RemoteError, SaysWhatThePeerRaised) {
  try {
    ThrowStatus(PyStatus({.module = "mymod",
                          .name = "MyErr",
                          .args = {Value("bad"), Value(7)},
                          .attributes = {{"code", Value(5)}},
                          .remote_traceback = "Traceback ...\n"}));
  } catch (const RemoteError& e) {
    EXPECT_TRUE(e.from_peer());
    EXPECT_TRUE(e.Is("mymod", "MyErr"));
    EXPECT_FALSE(e.Is("MyErr"));
    EXPECT_STREQ(e.what(), "mymod.MyErr: ('bad', 7)");
    EXPECT_EQ(e.args()[1], Value(7));
    ASSERT_NE(e.attribute("code"), nullptr);
    EXPECT_EQ(*e.attribute("code"), Value(5));
    EXPECT_EQ(e.attribute("errno"), nullptr);
    EXPECT_EQ(e.traceback(), "Traceback ...\n");
  }
}

TEST(RemoteError, ComesFromOurOwnSideToo) {
  try {
    ThrowStatus(PyStatus("TimeoutError", "the peer has not answered in time"));
  } catch (const PyError& e) {
    EXPECT_TRUE(e.Is("TimeoutError"));
    EXPECT_FALSE(dynamic_cast<const RemoteError&>(e).from_peer());
    EXPECT_EQ(dynamic_cast<const RemoteError&>(e).traceback(), "");
  }
}

TEST(Errors, WhatIsNestedAsDeepAsAMessageMayBeStaysAnException) {
  Value deep;
  for (int i = 1; i < Limits().max_nesting; ++i) deep = Value::Tuple({deep});
  const absl::Status status =
      PyStatus({.name = "ValueError", .args = {deep}, .attributes = {{"a", deep}}});
  ASSERT_TRUE(IsPyStatus(status));
  EXPECT_EQ(ToException(status).name, "ValueError");
  EXPECT_TRUE(brine::EncodeToString(vinegar::Dump(ToException(status), {}), Limits()).ok());
}

}  // namespace
}  // namespace rpyc
