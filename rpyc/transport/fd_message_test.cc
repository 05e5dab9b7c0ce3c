#include "rpyc/transport/fd_message.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <tuple>
#include <utility>

#include "absl/time/clock.h"

namespace rpyc {
namespace {

class FdMessageTest : public testing::Test {
 protected:
  FdMessageTest() {
    absl::StatusOr<std::pair<Fd, Fd>> channel = FdMessageChannel();
    EXPECT_TRUE(channel.ok());
    std::tie(near_, far_) = *std::move(channel);
  }

  Fd near_, far_;
};

TEST_F(FdMessageTest, KeepsMessagesApart) {
  ASSERT_TRUE(SendFdMessage(near_.get(), "one").ok());
  ASSERT_TRUE(SendFdMessage(near_.get(), "two").ok());
  EXPECT_EQ(ReceiveFdMessage(far_.get())->bytes, "one");
  EXPECT_EQ(ReceiveFdMessage(far_.get())->bytes, "two");
}

TEST_F(FdMessageTest, DescriptorsArriveAsOnesOwn) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const Fd read_end(pipe[0]);
  {
    const Fd write_end(pipe[1]);
    ASSERT_TRUE(SendFdMessage(near_.get(), "a pipe", {write_end.get()}).ok());
  }
  {
    const absl::StatusOr<FdMessage> got = ReceiveFdMessage(far_.get());
    ASSERT_TRUE(got.ok()) << got.status();
    ASSERT_EQ(got->fds.size(), 1u);
    EXPECT_NE(::fcntl(got->fds[0].get(), F_GETFD) & FD_CLOEXEC, 0);
    ASSERT_EQ(::write(got->fds[0].get(), "x", 1), 1);
  }
  char bytes[2];
  EXPECT_EQ(::read(read_end.get(), bytes, sizeof(bytes)), 1);
  EXPECT_EQ(::read(read_end.get(), bytes, sizeof(bytes)), 0) << "nobody else has the other end";
}

TEST_F(FdMessageTest, TheLargestAndBeyond) {
  const std::string most(FdMessage::kMaxBytes, 'x');
  ASSERT_TRUE(SendFdMessage(near_.get(), most).ok());
  EXPECT_EQ(ReceiveFdMessage(far_.get())->bytes, most);
  EXPECT_EQ(SendFdMessage(near_.get(), most + "x").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SendFdMessage(near_.get(), "").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SendFdMessage(near_.get(), "x", {0, 0, 0, 0, 0}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(FdMessageTest, MoreThanAMessageIsNone) {
  const std::string more(FdMessage::kMaxBytes + 1, 'x');
  ASSERT_EQ(::send(near_.get(), more.data(), more.size(), 0), static_cast<ssize_t>(more.size()));
  EXPECT_EQ(ReceiveFdMessage(far_.get()).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(FdMessageTest, TheOtherEndHasGone) {
  near_.Reset();
  EXPECT_EQ(ReceiveFdMessage(far_.get()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(SendFdMessage(far_.get(), "x").code(), absl::StatusCode::kUnavailable);
}

TEST_F(FdMessageTest, ADeadline) {
  EXPECT_EQ(ReceiveFdMessage(far_.get(), absl::Now()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  ASSERT_TRUE(SendFdMessage(near_.get(), "x").ok());
  EXPECT_TRUE(ReceiveFdMessage(far_.get(), absl::Now() + absl::Minutes(1)).ok());
}

}  // namespace
}  // namespace rpyc
