#include "rpyc/errors.h"

#include "gtest/gtest.h"

namespace rpyc {
namespace {

TEST(Errors, AnExceptionTravelsInAStatus) {
  const RemoteException sent{.module = "my.mod",
                             .name = "MyError",
                             .args = {Value("text"), Value(7)},
                             .attributes = {{"code", Value(3)}},
                             .traceback = "trace\n"};
  const absl::Status status = PyStatus(sent);
  EXPECT_TRUE(IsPyStatus(status));
  EXPECT_EQ(status.message(), "my.mod.MyError: ('text', 7)");
  const RemoteException got = ToException(status);
  EXPECT_EQ(got.module, "my.mod");
  EXPECT_EQ(got.name, "MyError");
  EXPECT_EQ(got.args, sent.args);
  EXPECT_EQ(got.attributes, sent.attributes);
  EXPECT_EQ(got.traceback, "trace\n");
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

}  // namespace
}  // namespace rpyc
