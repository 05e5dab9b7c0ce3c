// Requests of a connection to its peer, in the middle of a call.

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/errors.h"
#include "rpyc/service.h"
#include "rpyc/testing/connection_fixture.h"
#include "rpyc/testing/memory_stream.h"
#include "rpyc/testing/peer.h"

namespace rpyc {
namespace {

// What a peer sends to call `name` of the root, once it has the root; the callee is its function 1.
Value Function() { return BoxedRemote(MakeTuple({"builtins.function", 1, 1})); }

class CallbackTest : public ConnectionTest {
 protected:
  // Asks for the root, sends `begin(root)`, then what `answer` says to each further message.
  std::vector<PeerMessage> Talk(std::function<std::string(const Value& root)> begin,
                                std::function<std::string(const PeerMessage&)> answer) {
    EXPECT_TRUE(Converse([&](const std::vector<PeerMessage>& got) -> std::string {
                  if (got.empty()) return peer_.Request(0, Handle::kGetRoot, NoArgs());
                  if (got.size() == 1) return begin(Reference(got[0]));
                  return answer(got.back());
                }).ok());
    return Replies();
  }
  std::string CallRoot(int seq, const Value& root, absl::string_view name,
                       std::vector<Value> args) {
    return peer_.Request(seq, Handle::kCallAttr,
                         BoxedTuple({BoxedLocal(root), BoxedValue(name),
                                     BoxedTuple(std::move(args)), BoxedValue(MakeTuple({}))}));
  }
};

TEST_P(CallbackTest, AsksThePeerAndGoesOn) {
  const std::vector<PeerMessage> got = Talk(
      [&](const Value& root) {
        return CallRoot(1, root, "call", {Function(), BoxedValue(5)});
      },
      [&](const PeerMessage& last) -> std::string {
        if (last.type != MessageType::kRequest || last.seq != Value(0)) return "";
        EXPECT_EQ(last.args,
                  MakeTuple({static_cast<int>(Handle::kCall),
                             BoxedTuple({BoxedLocal(MakeTuple({"builtins.function", 1, 1})),
                                         BoxedValue(MakeTuple({5})), BoxedValue(MakeTuple({}))})}));
        return peer_.Message(MessageType::kReply, last.seq, BoxedValue(6));
      });
  ASSERT_EQ(got.size(), 4u);  // root, our request, the answer, the release of the function
  EXPECT_EQ(got[2].seq, Value(1));
  EXPECT_EQ(got[2].args, BoxedValue(6));
  EXPECT_EQ(got[3].type, MessageType::kRequest);
}

// A stock peer's next request waits, in its kernel, for the acknowledgement of its answer to the
// release of the function, which we answer nothing to.
TEST_P(CallbackTest, WhatIsNotAnsweredIsAcknowledgedBeforeMoreIsWaitedFor) {
  std::vector<int> acknowledged;  // before each read
  const std::vector<PeerMessage> got = Talk(
      [&](const Value& root) {
        return CallRoot(1, root, "call", {Function(), BoxedValue(5)});
      },
      [&](const PeerMessage& last) -> std::string {
        acknowledged.push_back(acknowledgements_);
        switch (acknowledged.size()) {
          case 1:  // our request: its answer is answered by the reply to 1
            return peer_.Message(MessageType::kReply, last.seq, BoxedValue(6));
          case 2:  // that reply, and the release
            return peer_.Message(MessageType::kReply, last.seq, BoxedValue(Value()));
          case 3:
            return peer_.Request(2, Handle::kPing, BoxedValue(MakeTuple({"an ordinary call"})));
          default:
            return "";
        }
      });
  EXPECT_EQ(acknowledged, (std::vector<int>{0, 0, 1, 1}));
}

TEST_P(CallbackTest, ServesThePeerMeanwhile) {
  int answered = 0;
  const std::vector<PeerMessage> got = Talk(
      [&](const Value& root) {
        return CallRoot(1, root, "call", {Function(), BoxedValue(5)});
      },
      [&](const PeerMessage& last) -> std::string {
        if (last.type == MessageType::kRequest && last.seq == Value(0)) {
          return peer_.Request(2, Handle::kPing, BoxedValue(MakeTuple({"meanwhile"})));
        }
        if (last.seq == Value(2)) {
          ++answered;
          return peer_.Message(MessageType::kReply, 0, BoxedValue("late"));
        }
        return "";
      });
  EXPECT_EQ(answered, 1);
  ASSERT_GE(got.size(), 4u);
  EXPECT_EQ(got[2].args, BoxedValue("meanwhile"));
  EXPECT_EQ(got[3].args, BoxedValue("late"));
}

TEST_P(CallbackTest, WhatThePeerRaisesIsRaised) {
  const std::vector<PeerMessage> got = Talk(
      [&](const Value& root) {
        return CallRoot(1, root, "call", {Function(), BoxedValue(5)});
      },
      [&](const PeerMessage& last) -> std::string {
        if (last.seq != Value(0)) return "";
        return peer_.Message(MessageType::kException, 0,
                             MakeTuple({MakeTuple({"my.module", "Odd"}), MakeTuple({"why"}),
                                        MakeTuple({}), "their traceback\n"}));
      });
  EXPECT_EQ(Error(got[2]), "Odd: why");
}

TEST_P(CallbackTest, AMalformedExceptionIsATypeError) {
  const std::vector<PeerMessage> got = Talk(
      [&](const Value& root) {
        return CallRoot(1, root, "call", {Function(), BoxedValue(5)});
      },
      [&](const PeerMessage& last) -> std::string {
        if (last.seq != Value(0)) return "";
        return peer_.Message(MessageType::kException, 0, MakeTuple({1, 2}));
      });
  EXPECT_EQ(Error(got[2]), "TypeError: the peer raised what is no exception: (1, 2)");
}

TEST_P(CallbackTest, APeerThatLeavesEndsTheCall) {
  const std::vector<PeerMessage> got =
      Talk([&](const Value& root) { return CallRoot(1, root, "call_twice", {Function()}); },
           [&](const PeerMessage&) { return std::string(); });
  // Root, our first request, the release of the function: no second request, no answer.
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[2].args.items()[0], Value(static_cast<int>(Handle::kDel)));
}

TEST_P(CallbackTest, CloseInTheMiddleEndsTheCall) {
  const std::vector<PeerMessage> got =
      Talk([&](const Value& root) { return CallRoot(1, root, "call_twice", {Function()}); },
           [&](const PeerMessage&) { return peer_.Request(9, Handle::kClose, NoArgs()); });
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[2].type, MessageType::kRequest);
}

TEST_P(CallbackTest, NestsOnlySoDeep) {
  options_.limits.max_callback_depth = 5;
  int seq = 1;
  Value root;
  const std::vector<PeerMessage> got = Talk(
      [&](const Value& reference) {
        root = reference;
        return CallRoot(seq++, root, "call", {Function(), BoxedValue(5)});
      },
      [&](const PeerMessage& last) -> std::string {
        // Every callback of theirs calls us again; the first failure is handed up.
        if (last.type == MessageType::kRequest && seq < 50) {
          return CallRoot(seq++, root, "call", {Function(), BoxedValue(5)});
        }
        if (last.type == MessageType::kException && seq == 7) {
          EXPECT_EQ(Error(last),
                    "RecursionError: calls and callbacks nested deeper than max_callback_depth 5");
          seq = 50;
        }
        if (seq < 50 || seq >= 55) return "";
        return peer_.Message(MessageType::kReply, 54 - seq++, BoxedValue("up"));
      });
  int calls_answered = 0;
  for (const PeerMessage& message : got) {
    calls_answered += message.type == MessageType::kReply && message.args == BoxedValue("up");
  }
  EXPECT_EQ(calls_answered, 5);
}

TEST_P(CallbackTest, GivesUpAfterSyncRequestTimeout) {
  options_.config.sync_request_timeout = absl::Milliseconds(20);
  auto [mine, theirs] = MemoryStream::MakePair();
  Connection connection(std::move(theirs), &service_, &options_);
  std::thread server([&] { EXPECT_TRUE(connection.ServeAll().ok()); });
  const auto next = [&, &mine = mine] {
    char piece[4096];
    absl::StatusOr<ReadResult> read =
        mine->ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames);
    return peer_.Parse(absl::string_view(piece, read->bytes));
  };
  mine->Send(peer_.Request(0, Handle::kGetRoot, NoArgs()));
  const Value root = Reference(next()[0]);
  mine->Send(CallRoot(1, root, "call", {Function(), BoxedValue(5)}));
  EXPECT_EQ(next()[0].type, MessageType::kRequest);
  EXPECT_EQ(Error(next()[0]).rfind("TimeoutError: the peer has not answered in 20ms; ", 0), 0u);
  // Too late: dropped, but the object in it is given back.
  mine->Send(
      peer_.Message(MessageType::kReply, 0, BoxedRemote(MakeTuple({"builtins.list", 2, 77}))) +
      peer_.Request(2, Handle::kPing, BoxedValue(MakeTuple({1}))));
  bool released = false;
  for (const PeerMessage& message : next()) {
    released |= message.type == MessageType::kRequest &&
                message.args.DebugString().find("77") != std::string::npos;
  }
  EXPECT_TRUE(released);
  mine->CloseWrite();
  server.join();
}

TEST_P(CallbackTest, AnotherThreadMayAsk) {
  auto [mine, theirs] = MemoryStream::MakePair();
  Connection connection(std::move(theirs), &service_, &options_);
  std::thread server([&] { EXPECT_TRUE(connection.ServeAll().ok()); });
  const auto next = [&, &mine = mine] {
    char piece[4096];
    absl::StatusOr<ReadResult> read =
        mine->ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames);
    return peer_.Parse(absl::string_view(piece, read->bytes));
  };
  mine->Send(peer_.Request(0, Handle::kGetRoot, NoArgs()));
  mine->Send(CallRoot(1, Reference(next()[0]), "take", {Function()}));
  EXPECT_EQ(next()[0].args, BoxedValue(Value()));
  std::thread asks([&] { EXPECT_EQ(*(*taken_.AsObject())->Str({}), "text"); });
  const std::vector<PeerMessage> asked = next();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].type, MessageType::kRequest);
  mine->Send(peer_.Message(MessageType::kReply, asked[0].seq, BoxedValue("text")));
  asks.join();
  mine->CloseWrite();
  server.join();
  EXPECT_EQ(ToException((*taken_.AsObject())->Str({}).status()).name, "EOFError");
}

TEST_P(CallbackTest, TheContextSaysWhoCalls) {
  const std::vector<PeerMessage> got =
      Talk([&](const Value& root) { return CallRoot(1, root, "who", {}); },
           [&](const PeerMessage&) { return std::string(); });
  EXPECT_EQ(got[1].args, BoxedValue(MakeTuple({"", true, false})));
}

INSTANTIATE_TEST_SUITE_P(Dialects, CallbackTest, testing::Values(Dialect::kV5, Dialect::kV6));

}  // namespace
}  // namespace rpyc
