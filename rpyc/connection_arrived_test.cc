// Connections that threads share: served when something has come, never waited for.

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "rpyc/connection.h"
#include "rpyc/mutex.h"
#include "rpyc/service.h"
#include "rpyc/testing/memory_stream.h"
#include "rpyc/testing/peer.h"

namespace rpyc {
namespace {

constexpr int kMany = 1000;

// Takes no more than so many bytes, of what is written through it.
class NarrowStream : public Stream {
 public:
  NarrowStream(std::unique_ptr<Stream> inner, size_t* room)
      : inner_(std::move(inner)), room_(room) {}
  absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint hint,
                                      absl::Time deadline) override {
    return inner_->ReadSome(into, hint, deadline);
  }
  absl::StatusOr<ReadResult> ReadAhead(size_t max_bytes) override {
    return inner_->ReadAhead(max_bytes);
  }
  size_t read_ahead_bytes() const override { return inner_->read_ahead_bytes(); }
  absl::string_view read_ahead() const override { return inner_->read_ahead(); }
  absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) override {
    const absl::string_view piece = chunks[0].substr(0, *room_);
    if (piece.empty()) return 0;
    *room_ -= piece.size();
    return inner_->WriteSome(absl::MakeConstSpan(&piece, 1));
  }
  bool Wait(Event event, absl::Time deadline) override { return inner_->Wait(event, deadline); }
  void Acknowledge() override { inner_->Acknowledge(); }
  void Shutdown() override { inner_->Shutdown(); }

 private:
  const std::unique_ptr<Stream> inner_;
  size_t* const room_;
};

class ArrivedTest : public testing::TestWithParam<Dialect> {
 protected:
  ArrivedTest() : peer_(GetParam()), service_("TEST") {
    service_.Expose("echo", [](Value x) { return x; });
    service_.Expose("call", [](const std::function<int(int)>& f) { return f(5); });
    auto [mine, theirs] = MemoryStream::MakePair();
    mine_ = std::move(mine);
    theirs_ = theirs.get();
    connection_ = std::make_unique<Connection>(
        std::make_unique<NarrowStream>(std::move(theirs), &room_), &service_, &options_);
    connection_->OnIdle([this](Stream::Event wanted) {
      MutexLock lock(&mutex_);
      armed_.push_back(wanted);
      ended_when_armed_ = connection_->ended();
    });
    EXPECT_TRUE(connection_->Open().ok());
  }
  std::string Ping(int seq) const {
    return peer_.Request(seq, Handle::kPing, BoxedValue(MakeTuple({Value(seq)})));
  }
  std::vector<PeerMessage> Received() { return peer_.Parse(mine_->Received()); }
  // What was asked for last.
  Stream::Event Armed() {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(armed_.empty());
    return armed_.empty() ? Stream::Event::kReadable : armed_.back();
  }
  bool WasArmed() {
    MutexLock lock(&mutex_);
    return !std::exchange(armed_, {}).empty();
  }

  const Peer peer_;
  Service service_;
  Connection::Options options_;
  size_t room_ = 1 << 30;
  std::unique_ptr<MemoryStream> mine_;
  MemoryStream* theirs_;  // the connection's
  Mutex mutex_;
  std::vector<Stream::Event> armed_ ABSL_GUARDED_BY(mutex_);
  bool ended_when_armed_ ABSL_GUARDED_BY(mutex_) = false;  // the last time
  std::unique_ptr<Connection> connection_;
};

TEST_P(ArrivedTest, ServesWhatIsThereAndLeaves) {
  EXPECT_TRUE(connection_->ServeArrived(kMany));  // nothing
  EXPECT_EQ(Armed(), Stream::Event::kReadable);
  mine_->Send(Ping(1) + Ping(2) + Ping(3).substr(0, 9));
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(Armed(), Stream::Event::kReadable);
  EXPECT_EQ(Received().size(), 2u);
  mine_->Send(Ping(3).substr(9));
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(Received().size(), 1u);
  EXPECT_FALSE(connection_->busy());
}

// No thread reads again before the peer sends more, and a stock peer sends nothing before that.
TEST_P(ArrivedTest, WhatIsNotAnsweredIsAcknowledgedBeforeItIsLeft) {
  mine_->Send(Ping(1) + Ping(2));
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(theirs_->acknowledgements(), 0);  // the replies are acknowledgement enough
  mine_->Send(peer_.Message(MessageType::kReply, 7, BoxedValue(Value())));
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(theirs_->acknowledgements(), 1);
  mine_->Send(peer_.Message(MessageType::kException, 8, Value()));
  EXPECT_TRUE(connection_->ServeArrived(1));  // no more are served at once
  EXPECT_EQ(theirs_->acknowledgements(), 2);
  mine_->Send(Ping(3).substr(0, 9));  // waits for its rest
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(theirs_->acknowledgements(), 3);
  mine_->Send(Ping(3).substr(9));
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(theirs_->acknowledgements(), 3);
}

// Another thread, woken at once, would find an end that is not the one it had.
TEST_P(ArrivedTest, WhatHasBrokenHasEndedBeforeOthersMayReadIt) {
  mine_->Send(Ping(1) + std::string(64, '\xff'));
  EXPECT_FALSE(connection_->ServeArrived(kMany));
  EXPECT_TRUE(WasArmed());
  MutexLock lock(&mutex_);
  EXPECT_TRUE(ended_when_armed_);
}

TEST_P(ArrivedTest, OthersHaveTheirTurnAfterSoManyRequests) {
  std::string requests;
  for (int i = 0; i < 25; ++i) requests += Ping(i);
  mine_->Send(requests);
  EXPECT_TRUE(connection_->ServeArrived(10));
  EXPECT_EQ(Armed(), Stream::Event::kEither);  // more is there, that no descriptor tells of
  EXPECT_EQ(Received().size(), 10u);
  EXPECT_TRUE(connection_->ServeArrived(10));
  EXPECT_EQ(Armed(), Stream::Event::kEither);
  EXPECT_TRUE(connection_->ServeArrived(10));
  EXPECT_EQ(Armed(), Stream::Event::kReadable);
  const std::vector<PeerMessage> rest = Received();
  ASSERT_EQ(rest.size(), 15u);
  EXPECT_EQ(rest.back().seq, Value(24));
}

TEST_P(ArrivedTest, APeerThatDoesNotReadIsNotWaitedForNorServed) {
  room_ = 10;
  mine_->Send(Ping(1));
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(Armed(), Stream::Event::kEither);  // it may go on writing
  mine_->Send(Ping(2));
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(Armed(), Stream::Event::kEither);
  EXPECT_EQ(mine_->peer_writes(), 1);  // 2 is not answered yet
  room_ = 1 << 20;
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(Armed(), Stream::Event::kReadable);
  const std::vector<PeerMessage> got = Received();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].seq, Value(1));
  EXPECT_EQ(got[1].seq, Value(2));
}

TEST_P(ArrivedTest, WhatAPeerWritesThatDoesNotReadIsBounded) {
  options_.limits.max_read_ahead_bytes = Ping(2).size();
  room_ = 10;
  mine_->Send(Ping(1));
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(Armed(), Stream::Event::kEither);
  mine_->Send(Ping(2) + Ping(3));
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(Armed(), Stream::Event::kWritable);
  room_ = 1 << 20;
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(Armed(), Stream::Event::kReadable);
  EXPECT_EQ(Received().size(), 3u);
}

TEST_P(ArrivedTest, EndsOnce) {
  mine_->Send(Ping(1));
  mine_->CloseWrite();
  EXPECT_FALSE(connection_->ServeArrived(kMany));
  EXPECT_EQ(Received().size(), 1u);
  EXPECT_TRUE(connection_->end_status().ok());
  connection_->Finish();
  EXPECT_FALSE(connection_->ServeArrived(kMany));
}

TEST_P(ArrivedTest, ACallThatWaitsForThePeerReadsForItself) {
  mine_->Send(peer_.Request(0, Handle::kGetRoot, BoxedValue(MakeTuple({}))));
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  const Value root = Received().at(0).args.items()[1];
  WasArmed();
  mine_->Send(
      peer_.Request(1, Handle::kCallAttr,
                    BoxedTuple({BoxedLocal(root), BoxedValue("call"),
                                BoxedTuple({BoxedRemote(MakeTuple({"builtins.function", 1, 1}))}),
                                BoxedValue(MakeTuple({}))})));
  std::thread server([this] { EXPECT_TRUE(connection_->ServeArrived(kMany)); });
  char piece[4096];
  const absl::StatusOr<ReadResult> read =
      mine_->ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames);
  const std::vector<PeerMessage> asked = peer_.Parse(absl::string_view(piece, read->bytes));
  ASSERT_EQ(asked.at(0).type, MessageType::kRequest);
  EXPECT_TRUE(connection_->busy());
  EXPECT_FALSE(WasArmed());
  mine_->Send(peer_.Message(MessageType::kReply, asked[0].seq, BoxedValue(6)));
  server.join();
  EXPECT_EQ(Received().at(0).args, BoxedValue(6));
  EXPECT_EQ(Armed(), Stream::Event::kReadable);
}

TEST_P(ArrivedTest, WhatWasReceivedBeforeIsServedFirst) {
  connection_->SetPeerIdentity("here", Value("Ada"), Ping(1) + Ping(2).substr(0, 5));
  mine_->Send(Ping(2).substr(5));
  EXPECT_TRUE(connection_->ServeArrived(kMany));
  EXPECT_EQ(Received().size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Dialects, ArrivedTest, testing::Values(Dialect::kV5, Dialect::kV6));

TEST(IdleTimeout, EndsAConnectionThatThreadsShare) {
  const Service service("TEST");
  Connection::Options options;
  options.limits.idle_timeout = 3 * Connection::kTickInterval;
  auto [mine, theirs] = MemoryStream::MakePair();
  Connection connection(std::move(theirs), &service, &options);
  connection.OnIdle([](Stream::Event) {});
  EXPECT_TRUE(connection.ServeArrived(kMany));
  for (int i = 0; i < 3; ++i) connection.Tick();
  EXPECT_FALSE(mine->peer_closed());
  for (int i = 0; i < 2; ++i) connection.Tick();
  EXPECT_TRUE(mine->peer_closed());
  EXPECT_FALSE(connection.ServeArrived(kMany));
  EXPECT_EQ(connection.end_status().code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace rpyc
