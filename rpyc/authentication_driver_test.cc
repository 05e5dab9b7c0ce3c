#include "rpyc/authentication_driver.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/dict.h"
#include "rpyc/testing/memory_stream.h"
#include "rpyc/token_authenticator.h"
#include "rpyc/unix_peer_authenticator.h"

namespace rpyc {
namespace {

constexpr absl::Time kNow = absl::InfinitePast();  // without waiting

// Says "name?", answers each line of it, and is content with "end".
class LineAuthenticator : public Authenticator {
 public:
  std::unique_ptr<Authentication> Begin(const PeerInfo& peer) const override {
    struct Lines : Authentication {
      explicit Lines(std::string name) : name(std::move(name)) {}
      absl::StatusOr<Step> Receive(absl::string_view received, std::string* reply) override {
        if (!asked) reply->append(name + "?\n");
        asked = true;
        const size_t end = received.find('\n');
        if (end == absl::string_view::npos) return Step();
        const absl::string_view line = received.substr(0, end);
        if (line == "throw") throw std::runtime_error("thrown by the authenticator");
        if (line == "bad") return absl::PermissionDeniedError("a bad line");
        if (line != "end") absl::StrAppend(reply, line, "!\n");
        return Step{.done = line == "end", .used = end + 1, .credentials = Value(name)};
      }
      const std::string name;
      bool asked = false;
    };
    return std::make_unique<Lines>(peer.peer);
  }
};

class AuthenticationDriverTest : public testing::Test {
 protected:
  AuthenticationDriver Drive(const Authenticator& authenticator) {
    return AuthenticationDriver(&authenticator, {.peer = "peer"}, server_.get());
  }
  absl::Status RunOn(const Authenticator& authenticator, absl::string_view sent) {
    client_->Send(sent);
    AuthenticationDriver driver = Drive(authenticator);
    absl::Status status = driver.Run(kNow);
    credentials_ = driver.credentials();
    rest_ = driver.TakeRest();
    return status;
  }

  std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>> pair_ =
      MemoryStream::MakePair();
  std::unique_ptr<MemoryStream> client_ = std::move(pair_.first);
  std::unique_ptr<MemoryStream> server_ = std::move(pair_.second);
  Value credentials_;
  std::string rest_;
};

TEST_F(AuthenticationDriverTest, ATokenAndWhatFollowsIt) {
  const TokenAuthenticator authenticator("secret");
  EXPECT_TRUE(RunOn(authenticator, "secret\x01 RPyC").ok());
  EXPECT_EQ(credentials_, Value(true));
  EXPECT_EQ(rest_, "\x01 RPyC");
}

TEST_F(AuthenticationDriverTest, ATokenInPieces) {
  const TokenAuthenticator authenticator({{"first", "one"}, {"second", "two"}});
  AuthenticationDriver driver = Drive(authenticator);
  EXPECT_EQ(driver.Run(kNow).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(driver.wants(), Stream::Event::kReadable);
  for (const char* piece : {"s", "eco"}) {
    client_->Send(piece);
    EXPECT_EQ(driver.Run(kNow).code(), absl::StatusCode::kDeadlineExceeded);
  }
  client_->Send("nd");
  EXPECT_TRUE(driver.Run(kNow).ok());
  EXPECT_EQ(driver.credentials(), Value("two"));
  EXPECT_EQ(driver.TakeRest(), "");
}

TEST_F(AuthenticationDriverTest, AWrongTokenIsRefusedWhenItIsLongEnough) {
  const TokenAuthenticator authenticator({{"a", Value(1)}, {"secret", Value(2)}, {"", Value(3)}});
  EXPECT_EQ(RunOn(authenticator, "secre").code(), absl::StatusCode::kDeadlineExceeded);
  for (const char* wrong : {"secreT", "Secret", "\0ecret"}) {
    auto [client, server] = MemoryStream::MakePair();
    client_ = std::move(client), server_ = std::move(server);
    const absl::Status refused = RunOn(authenticator, wrong + std::string(6, 'x'));
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnauthenticated) << refused;
    EXPECT_FALSE(absl::StrContains(refused.message(), "ecre")) << refused;
    EXPECT_EQ(client_->Received(), "");
  }
}

TEST_F(AuthenticationDriverTest, NoTokenLetsNobodyIn) {
  for (const TokenAuthenticator& authenticator :
       {TokenAuthenticator(std::vector<TokenAuthenticator::Token>()), TokenAuthenticator("")}) {
    EXPECT_EQ(RunOn(authenticator, "anything").code(), absl::StatusCode::kUnauthenticated);
  }
}

TEST_F(AuthenticationDriverTest, UsersOfThisMachine) {
  const UnixPeerAuthenticator authenticator({1000, 0});
  const auto run = [&](PeerInfo peer) {
    AuthenticationDriver driver(&authenticator, std::move(peer), server_.get());
    absl::Status status = driver.Run(kNow);
    credentials_ = driver.credentials();
    return status;
  };
  EXPECT_TRUE(run({.unix_credentials = PeerInfo::UnixCredentials{7, 1000, 50}}).ok());
  const Dict who = Dict::Of(credentials_).value();
  EXPECT_EQ(*who.Get<int>("pid"), 7);
  EXPECT_EQ(*who.Get<int>("uid"), 1000);
  EXPECT_EQ(*who.Get<int>("gid"), 50);
  const absl::Status other = run({.unix_credentials = PeerInfo::UnixCredentials{7, 1001, 0}});
  EXPECT_EQ(other.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(absl::StrContains(other.message(), "uid 1001")) << other;
  EXPECT_EQ(run({}).code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(AuthenticationDriverTest, AConversation) {
  const LineAuthenticator authenticator;
  AuthenticationDriver driver = Drive(authenticator);
  EXPECT_EQ(driver.Run(kNow).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(client_->Received(), "peer?\n");
  client_->Send("one\ntwo\nthr");  // two at once, and the start of a third
  EXPECT_EQ(driver.Run(kNow).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(client_->Received(), "one!\ntwo!\n");
  client_->Send("ee\nend\nRPyC");
  EXPECT_TRUE(driver.Run(kNow).ok());
  EXPECT_EQ(client_->Received(), "three!\n");
  EXPECT_EQ(driver.credentials(), Value("peer"));
  EXPECT_EQ(driver.TakeRest(), "RPyC");
  EXPECT_TRUE(driver.Run(kNow).ok());
}

TEST_F(AuthenticationDriverTest, WaitsUntilItsDeadline) {
  const LineAuthenticator authenticator;
  AuthenticationDriver driver = Drive(authenticator);
  EXPECT_EQ(driver.Run(absl::Now() + absl::Milliseconds(1)).code(),
            absl::StatusCode::kDeadlineExceeded);
  std::thread peer([&] {
    client_->Send("end");
    client_->Send("\n");
  });
  EXPECT_TRUE(driver.Run(absl::InfiniteFuture()).ok());
  peer.join();
}

TEST_F(AuthenticationDriverTest, ErrorsAndExceptionsRefuse) {
  const LineAuthenticator authenticator;
  const absl::Status bad = RunOn(authenticator, "bad\n");
  EXPECT_EQ(bad.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(absl::StrContains(bad.message(), "a bad line")) << bad;
  const absl::Status thrown = RunOn(authenticator, "throw\n");
  EXPECT_EQ(thrown.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(absl::StrContains(thrown.message(), "thrown by the authenticator")) << thrown;
}

TEST_F(AuthenticationDriverTest, APeerThatSendsTooMuchOrGoes) {
  const LineAuthenticator authenticator;
  const size_t max_bytes = AuthenticationDriver::kMaxReceivedBytes;
  EXPECT_EQ(RunOn(authenticator, std::string(max_bytes + 1, 'x')).code(),
            absl::StatusCode::kUnauthenticated);
  auto [client, server] = MemoryStream::MakePair();
  client_ = std::move(client), server_ = std::move(server);
  client_->Send("half a li");
  client_->CloseWrite();
  EXPECT_EQ(RunOn(authenticator, "").code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace rpyc
