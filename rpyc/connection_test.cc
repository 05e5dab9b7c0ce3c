#include "rpyc/connection.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "rpyc/byte_budget.h"
#include "rpyc/errors.h"
#include "rpyc/service.h"
#include "rpyc/testing/connection_fixture.h"
#include "rpyc/testing/memory_stream.h"
#include "rpyc/testing/peer.h"

namespace rpyc {
namespace {

TEST_P(ConnectionTest, AnswersPingWithItsPayloadAndSequence) {
  for (const Value& seq : {Value(0), Value(-7), Value(BigInt{"123456789012345678901234567890"}),
                           Value("text"), Value::Tuple({1, 2})}) {
    ASSERT_TRUE(Serve(peer_.Request(seq, Handle::kPing, BoxedValue(MakeTuple({"hi"})))).ok());
    ASSERT_EQ(Replies().size(), 1u);
    EXPECT_EQ(Replies()[0].type, MessageType::kReply);
    EXPECT_EQ(Replies()[0].seq, seq);
    EXPECT_EQ(Replies()[0].args, BoxedValue("hi"));
  }
}

TEST_P(ConnectionTest, SendsNothingUnasked) {
  EXPECT_TRUE(Serve("").ok());
  EXPECT_EQ(received_, "");
}

TEST_P(ConnectionTest, CallsAMethodOfTheRoot) {
  Dial();
  const Value root = Reference(Ask(Handle::kGetRoot, NoArgs()));
  EXPECT_EQ(root.items()[0], Value("cpp.TEST"));
  const Value add =
      Reference(Ask(Handle::kGetAttr, BoxedTuple({BoxedLocal(root), BoxedValue("add")})));
  EXPECT_EQ(add.items()[0], Value("builtins.builtin_function_or_method"));

  const Value two_arguments = BoxedValue(MakeTuple({1, 2}));
  EXPECT_EQ(Ask(Handle::kCall, BoxedTuple({BoxedLocal(add), two_arguments, NoArgs()})).args,
            BoxedValue(3));
  const Value first = BoxedValue(MakeTuple({40})), b_is_2 = MakeTuple({MakeTuple({"b", 2})});
  EXPECT_EQ(Ask(Handle::kCall, BoxedTuple({BoxedLocal(add), first, BoxedValue(b_is_2)})).args,
            BoxedValue(42));

  EXPECT_EQ(Ask(Handle::kDel, BoxedTuple({BoxedLocal(add), BoxedValue(1)})).args,
            BoxedValue(None()));
  EXPECT_EQ(Error(Ask(Handle::kRepr, BoxedTuple({BoxedLocal(add)}))),
            "KeyError: " + add.DebugString());

  EXPECT_EQ(connection_->counters().calls, 2);
  EXPECT_EQ(connection_->counters().calls_failed, 0);
  EXPECT_EQ(connection_->counters().dialect, GetParam() == Dialect::kV6 ? 6 : 5);
  EXPECT_GT(connection_->counters().received_bytes, 0);
  EXPECT_GT(connection_->counters().sent_bytes, 0);
}

TEST_P(ConnectionTest, ReportsErrorsAsPythonDoes) {
  Dial();
  const PeerMessage wrong_type = CallRoot("add", {1, "x"});
  EXPECT_EQ(Error(wrong_type), "TypeError: add() argument 'b': expected int, got str");
  EXPECT_EQ(Error(CallRoot("add", {1})),
            "TypeError: add() missing 1 required positional argument: 'b'");
  EXPECT_EQ(Error(CallRoot("add", {1, 2, 3})),
            "TypeError: add() takes 2 positional arguments but 3 were given");
  EXPECT_EQ(Error(CallRoot("nosuch", {})), "AttributeError: cannot access 'nosuch'");
  EXPECT_EQ(Error(CallRoot("_private", {})), "AttributeError: cannot access '_private'");
  EXPECT_EQ(Error(CallRoot("__class__", {})), "AttributeError: cannot access '__class__'");
  EXPECT_EQ(Error(CallRoot("fail", {"told so"})), "ValueError: told so");
  EXPECT_EQ(Error(CallRoot("not_text", {})).substr(0, 11), "ValueError:");
  EXPECT_EQ(CallRoot("stop", {}).args, Value(1));
  EXPECT_EQ(connection_->counters().calls, 9);
  EXPECT_EQ(connection_->counters().calls_failed, 9);
  // A client compares this version with its own major number, and does not warn.
  const Value version = wrong_type.args.items()[2].items().back();
  EXPECT_EQ(version.items()[0], Value("_remote_version"));
  const std::string& told = *version.items()[1].AsStr();
  EXPECT_EQ(GetParam() == Dialect::kV5 ? told : told.substr(0, 2),
            GetParam() == Dialect::kV5 ? "<version denied>" : "6.");
}

TEST_P(ConnectionTest, AnObjectLivesUntilItsLastReferenceIsGivenBack) {
  Dial();
  const Value thing = Reference(CallRoot("make", {}));
  EXPECT_EQ(*alive_, 1);
  // The object comes back to us and goes out again: it is the same, and so is its id_pack.
  const Value root = Reference(Ask(Handle::kGetRoot, NoArgs()));
  EXPECT_EQ(
      Reference(Ask(Handle::kCallAttr, BoxedTuple({BoxedLocal(root), BoxedValue("echo"),
                                                   BoxedTuple({BoxedLocal(thing)}), NoArgs()}))),
      thing);
  Ask(Handle::kDel, BoxedTuple({BoxedLocal(thing), BoxedValue(1)}));
  EXPECT_EQ(*alive_, 1);
  EXPECT_EQ(Ask(Handle::kGetAttr, BoxedTuple({BoxedLocal(thing), BoxedValue("number")})).args,
            BoxedValue(42));
  Ask(Handle::kDel, BoxedTuple({BoxedLocal(thing)}));
  EXPECT_EQ(*alive_, 0);
}

TEST_P(ConnectionTest, ObjectsDieWithTheConnection) {
  Dial();
  EXPECT_NE(Reference(CallRoot("make", {})), Reference(CallRoot("make", {})));
  EXPECT_EQ(*alive_, 2);
  mine_->CloseWrite();
  EXPECT_TRUE(connection_->ServeAll().ok());
  EXPECT_EQ(*alive_, 0);
}

TEST_P(ConnectionTest, OneTupleMayHoldAnObjectTwice) {
  kept_ = std::make_shared<Thing>(alive_);
  Dial();
  const Value both = CallRoot("both", {}).args;
  EXPECT_EQ(both.items()[0], Value(2));
  const absl::Span<const Value> items = both.items()[1].items();
  EXPECT_EQ(items[0], items[1]);
  EXPECT_EQ(items[2], BoxedValue(1));
  connection_.reset();
  EXPECT_EQ(*alive_, 1) << "kept by the test";
}

TEST_P(ConnectionTest, TooManyObjectsFailThatCallAlone) {
  options_.limits.max_local_objects = 2;  // the root and one more
  Dial();
  Reference(CallRoot("make", {}));
  EXPECT_EQ(Error(CallRoot("make", {})).substr(0, 12), "MemoryError:");
  EXPECT_EQ(CallRoot("add", {1, 2}).args, BoxedValue(3));
}

// Asks the root for CALLATTRs one after the other; `got` is all that was sent after GETROOT's
// reply.
#define SERVE_CALLS(got, ...)                                                             \
  std::vector<PeerMessage> got;                                                           \
  {                                                                                       \
    const std::vector<std::function<Value(const Value& root)>> calls = {__VA_ARGS__};     \
    received_.clear();                                                                    \
    size_t asked = 0;                                                                     \
    ASSERT_TRUE(Converse([&](const std::vector<PeerMessage>& all) -> std::string {        \
                  if (all.empty()) return peer_.Request(0, Handle::kGetRoot, NoArgs());   \
                  if (asked == calls.size()) return "";                                   \
                  const Value args = calls[asked++](Reference(all[0]));                   \
                  return peer_.Request(static_cast<int>(asked), Handle::kCallAttr, args); \
                }).ok());                                                                 \
    got = Replies();                                                                      \
    got.erase(got.begin());                                                               \
  }

TEST_P(ConnectionTest, ThePeersObjectComesBackAsItsOwnAndIsReleased) {
  const Value list = MakeTuple({"builtins.list", 123, 456});
  SERVE_CALLS(
      got,
      [&](const Value& root) {
        return BoxedTuple(
            {BoxedLocal(root), BoxedValue("echo"), BoxedTuple({BoxedRemote(list)}), NoArgs()});
      },
      [&](const Value& root) {
        return BoxedTuple(
            {BoxedLocal(root), BoxedValue("echo"),
             BoxedTuple({BoxedTuple({BoxedRemote(list), BoxedRemote(list), BoxedValue(1)})}),
             NoArgs()});
      });
  // A release follows each reply that hands the object back.
  ASSERT_EQ(got.size(), 4u);
  EXPECT_EQ(got[0].args, BoxedLocal(list));
  EXPECT_EQ(got[1].type, MessageType::kRequest);
  EXPECT_EQ(got[1].args, MakeTuple({15, BoxedTuple({BoxedLocal(list), BoxedValue(1)})}));
  EXPECT_EQ(got[2].args, BoxedTuple({BoxedLocal(list), BoxedLocal(list), BoxedValue(1)}));
  EXPECT_EQ(got[3].args, MakeTuple({15, BoxedTuple({BoxedLocal(list), BoxedValue(2)})}));
  EXPECT_NE(got[1].seq, got[3].seq);
}

TEST_P(ConnectionTest, WhatIsKeptIsReleasedWhenLetGo) {
  const Value list = MakeTuple({"builtins.list", 123, 456});
  SERVE_CALLS(
      got,
      [&](const Value& root) {
        return BoxedTuple(
            {BoxedLocal(root), BoxedValue("take"), BoxedTuple({BoxedRemote(list)}), NoArgs()});
      },
      [](const Value& root) { return CallAttr(root, "take", {None()}); });
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].type, MessageType::kReply);
  EXPECT_EQ(got[1].type, MessageType::kReply);
  EXPECT_EQ(got[2].type, MessageType::kRequest);
}

TEST_P(ConnectionTest, AnswersWhatItDoesNotKnow) {
  ASSERT_TRUE(Serve(peer_.Request(0, 99, NoArgs()) + peer_.Request(1, 0, NoArgs()) +
                    peer_.Request(2, Handle::kBuffIter, BoxedValue(MakeTuple({1, 2}))) +
                    peer_.Request(3, Handle::kPickle, BoxedValue(MakeTuple({1, 2}))) +
                    peer_.Request(4, Handle::kPing, MakeTuple({7, MakeTuple({})})) +
                    peer_.Request(5, Handle::kRepr,
                                  BoxedTuple({BoxedLocal(MakeTuple({"cpp.X", 999, 999}))})) +
                    peer_.Request(6, Handle::kPing, BoxedValue(MakeTuple({}))) +
                    peer_.Message(MessageType::kRequest, 7, Value(5)) +
                    peer_.Request(8, Handle::kPing, BoxedValue(MakeTuple({"alive"}))))
                  .ok());
  const std::vector<PeerMessage> got = Replies();
  EXPECT_EQ(Error(got[0]), "KeyError: 99");
  EXPECT_EQ(Error(got[1]), "KeyError: 0");
  EXPECT_EQ(Error(got[2]), "TypeError: expected a reference to an object, got int");
  EXPECT_EQ(Error(got[3]), "ValueError: pickling is disabled");
  EXPECT_EQ(Error(got[4]), "ValueError: invalid label 7");
  EXPECT_EQ(Error(got[5]), "KeyError: ('cpp.X', 999, 999)");
  EXPECT_EQ(Error(got[6]), "TypeError: request 1 takes 1 arguments, got 0");
  EXPECT_EQ(got[7].type, MessageType::kException);
  EXPECT_EQ(got[8].args, BoxedValue("alive"));
}

TEST_P(ConnectionTest, IgnoresAnswersToNothing) {
  ASSERT_TRUE(Serve(peer_.Message(MessageType::kReply, 5, BoxedValue(1)) +
                    peer_.Message(MessageType::kException, "x", Value(1)) +
                    peer_.Request(0, Handle::kPing, BoxedValue(MakeTuple({1}))))
                  .ok());
  EXPECT_EQ(Replies().size(), 1u);
}

TEST_P(ConnectionTest, CloseIsNotAnswered) {
  ASSERT_TRUE(Serve(peer_.Request(0, Handle::kPing, BoxedValue(MakeTuple({1}))) +
                    peer_.Request(1, Handle::kClose, NoArgs()) +
                    peer_.Request(2, Handle::kPing, BoxedValue(MakeTuple({1}))))
                  .ok());
  EXPECT_EQ(Replies().size(), 1u);
  EXPECT_TRUE(mine_->peer_closed());
}

TEST_P(ConnectionTest, RepliesOfABatchLeaveInOneWrite) {
  std::string batch;
  for (int i = 0; i < 10; ++i) {
    batch += peer_.Request(i, Handle::kPing, BoxedValue(MakeTuple({i})));
  }
  ASSERT_TRUE(Serve(batch).ok());
  EXPECT_EQ(Replies().size(), 10u);
  EXPECT_EQ(mine_->peer_writes(), 1);
}

TEST_P(ConnectionTest, NoReplyWaitsForUserCode) {
  service_.Expose("writes", [this] { return writes_; });
  SERVE_CALLS(got, [](const Value& root) { return CallAttr(root, "writes", {}); });
  EXPECT_EQ(got[0].args, BoxedValue(1)) << "GETROOT's reply";
  received_.clear();
  writes_ = 0;
  ASSERT_TRUE(Converse([&](const std::vector<PeerMessage>& all) -> std::string {
                if (all.empty()) return peer_.Request(0, Handle::kGetRoot, NoArgs());
                if (all.size() > 1) return "";
                return peer_.Request(1, Handle::kPing, BoxedValue(MakeTuple({1}))) +
                       peer_.Request(2, Handle::kCallAttr,
                                     CallAttr(Reference(all[0]), "writes", {}));
              }).ok());
  EXPECT_EQ(Replies()[2].args, BoxedValue(2)) << "the ping's reply left before the call ran";
}

// Sends `count` CALLATTRs of `name` in one piece and serves them; returns how many writes it took.
#define WRITES_OF_A_BATCH(writes, count, name)                                        \
  received_.clear();                                                                  \
  ASSERT_TRUE(Converse([&](const std::vector<PeerMessage>& all) -> std::string {      \
                if (all.empty()) return peer_.Request(0, Handle::kGetRoot, NoArgs()); \
                if (all.size() > 1) return "";                                        \
                writes_ = 0;                                                          \
                std::string batch;                                                    \
                for (int i = 0; i < (count); ++i) {                                   \
                  batch += peer_.Request(i + 1, Handle::kCallAttr,                    \
                                         CallAttr(Reference(all[0]), name, {}));      \
                }                                                                     \
                return batch;                                                         \
              }).ok());                                                               \
  EXPECT_EQ(Replies().size(), static_cast<size_t>((count) + 1));                      \
  const int writes = writes_

TEST_P(ConnectionTest, APipelineOfQuickCallsIsAnsweredInFewWrites) {
  service_.Expose("quick", [] {});
  WRITES_OF_A_BATCH(writes, 200, "quick");
  // A machine that stalls in the middle costs some more; one each would be 200.
  EXPECT_LT(writes, 150);
}

TEST_P(ConnectionTest, APipelineOfSlowCallsIsAnsweredOneByOne) {
  service_.Expose("slow", [] {
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < std::chrono::microseconds(100)) {
    }
  });
  WRITES_OF_A_BATCH(writes, 20, "slow");
  EXPECT_EQ(writes, 20);
}

TEST_P(ConnectionTest, ByteAtATime) {
  auto [mine, theirs] = MemoryStream::MakePair();
  theirs->set_max_read_bytes(1);
  for (int i = 0; i < 3; ++i) {
    mine->Send(peer_.Request(i, Handle::kPing, BoxedValue(MakeTuple({std::string(500, 'x')}))));
  }
  mine->CloseWrite();
  EXPECT_TRUE(Connection(std::move(theirs), &service_, &options_).ServeAll().ok());
  EXPECT_EQ(peer_.Parse(mine->Received()).size(), 3u);
}

TEST_P(ConnectionTest, ARequestOverALimitIsAnsweredByItsNameAndTheConnectionGoesOn) {
  options_.limits.max_frame_bytes = 100'000;
  options_.limits.max_decoded_bytes = 200'000;
  ByteBudget budget("the server's max_total_bytes", 300'000);
  options_.budget = options_.first_frame_budget = &budget;
  options_.limits.max_int_digits = 50;
  std::string wide = peer_.Request(4, Handle::kPing, BoxedValue(MakeTuple({})));
  wide.resize(wide.size() - 2);  // without the () and the end
  wide += std::string("\x10\x15\x00\x00\x80\x00", 6) + std::string(0x8000, '\0');
  wide = Peer::Frame(wide.substr(5));
  const auto ping = [&](int seq, Value value) {
    return peer_.Request(seq, Handle::kPing, BoxedValue(MakeTuple({std::move(value)})));
  };
  std::string nested = ping(1, MakeTuple({}));
  nested = Peer::Frame(nested.substr(5, nested.size() - 8) + std::string(201, '\x10') + '\x02');
  EXPECT_TRUE(Serve(ping(0, std::string(100'000, 'x')) + nested +
                    ping(2, BigInt{std::string(51, '9')}) + wide + ping(5, "after"))
                  .ok());
  const std::vector<PeerMessage> replies = Replies();
  ASSERT_EQ(replies.size(), 5u);
  const struct {
    int seq;
    const char* name;
    const char* text;
  } kExpected[] = {
      {0, "ValueError", "exceeds max_frame_bytes 100000"},
      {1, "ValueError", "exceeds max_nesting 200"},
      {2, "ValueError", "int of 51 digits exceeds max_int_digits 50"},
      {4, "MemoryError", "exceed max_decoded_bytes 200000"},
  };
  for (size_t i = 0; i < std::size(kExpected); ++i) {
    EXPECT_EQ(replies[i].seq, Value(kExpected[i].seq));
    ASSERT_EQ(replies[i].type, MessageType::kException);
    EXPECT_EQ(replies[i].args.items()[0].items()[1], Value(kExpected[i].name));
    EXPECT_TRUE(absl::StrContains(replies[i].args.items()[1].DebugString(), kExpected[i].text))
        << replies[i].args.items()[1].DebugString();
  }
  EXPECT_EQ(replies[4].args, BoxedValue("after"));
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST_P(ConnectionTest, ARequestThatABudgetHasNoRoomForIsAMemoryError) {
  ByteBudget budget("the server's max_total_bytes", 1 << 20);
  ByteCharge others(&budget);
  ASSERT_TRUE(others.Resize(900'000).ok());
  options_.budget = options_.first_frame_budget = &budget;
  const auto ping = [&](int seq, size_t bytes) {
    return peer_.Request(seq, Handle::kPing, BoxedValue(MakeTuple({std::string(bytes, 'x')})));
  };
  EXPECT_TRUE(Serve(ping(0, 10) + ping(1, 500'000) + ping(2, 10)).ok());
  const std::vector<PeerMessage> replies = Replies();
  ASSERT_EQ(replies.size(), 3u);
  ASSERT_EQ(replies[1].type, MessageType::kException);
  EXPECT_EQ(replies[1].args.items()[0].items()[1], Value("MemoryError"));
  EXPECT_EQ(replies[2].type, MessageType::kReply);
}

TEST_P(ConnectionTest, AnAnswerOverALimitFailsTheRequestByItsName) {
  options_.limits.max_frame_bytes = 100'000;
  options_.limits.max_int_digits = 50;
  std::vector<std::string> errors;
  for (const bool long_frame : {true, false}) {
    const Value answer =
        long_frame ? Value(std::string(200'000, 'x')) : Value(BigInt{std::string(51, '9')});
    size_t seen = 0;
    received_.clear();
    EXPECT_TRUE(Converse([&](const std::vector<PeerMessage>& messages) -> std::string {
                  if (messages.empty()) return peer_.Request(0, Handle::kGetRoot, NoArgs());
                  if (messages.size() == seen) return "";
                  seen = messages.size();
                  const PeerMessage& last = messages.back();
                  if (seen == 1) {
                    return peer_.Request(
                        1, Handle::kCallAttr,
                        BoxedTuple({BoxedLocal(Reference(last)), BoxedValue("call_twice"),
                                    BoxedTuple({BoxedRemote(MakeTuple({"f", 1, 2}))}),
                                    BoxedValue(MakeTuple({}))}));
                  }
                  if (last.type != MessageType::kRequest) return "";
                  return peer_.Message(MessageType::kReply, last.seq, BoxedValue(answer));
                }).ok());
    for (const PeerMessage& message : Replies()) {
      if (message.type == MessageType::kReply && message.seq == Value(1)) {
        errors.push_back(message.args.DebugString());
      }
    }
  }
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_TRUE(absl::StrContains(errors[0], "exceeds max_frame_bytes 100000")) << errors[0];
  EXPECT_TRUE(absl::StrContains(errors[1], "exceeds max_int_digits 50")) << errors[1];
}

TEST_P(ConnectionTest, GarbageEndsTheConnection) {
  EXPECT_EQ(Serve(Peer::Frame("GET / HTTP/1.1")).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(received_, "");
  EXPECT_EQ(Serve(std::string("\xff\xff\xff\xff\x00", 5)).code(),
            absl::StatusCode::kResourceExhausted);
  const std::string request = peer_.Request(0, Handle::kPing, BoxedValue(MakeTuple({"hello"})));
  EXPECT_EQ(Serve(request.substr(0, 9)).code(), absl::StatusCode::kUnavailable);
  // The request is followed by bytes that are not brine.
  EXPECT_FALSE(Serve(request + Peer::Frame(request.substr(5, 4) + "\xff")).ok());
  EXPECT_EQ(Replies().size(), 1u) << "what was answered before still arrives";
  EXPECT_TRUE(mine_->peer_closed());
  EXPECT_FALSE(connection_->busy());
}

TEST_P(ConnectionTest, TheOtherDialectLaterIsGarbage) {
  const Peer other(GetParam() == Dialect::kV5 ? Dialect::kV6 : Dialect::kV5);
  EXPECT_FALSE(Serve(peer_.Request(0, Handle::kPing, BoxedValue(MakeTuple({1}))) +
                     other.Request(1, Handle::kPing, BoxedValue(MakeTuple({1}))))
                   .ok());
  EXPECT_EQ(Replies().size(), 1u);
}

TEST_P(ConnectionTest, DrainEndsAnIdleConnectionAtOnce) {
  auto [mine, theirs] = MemoryStream::MakePair();
  Connection connection(std::move(theirs), &service_, &options_);
  connection.Drain(absl::InfiniteFuture());
  EXPECT_TRUE(connection.ServeAll().ok());
}

TEST_P(ConnectionTest, DrainLetsARunningCallAnswerAndWhatHasArrivedBehindIt) {
  service_.Expose("drain", [this] {
    connection_->Drain(absl::InfiniteFuture());
    return connection_->busy();
  });
  ASSERT_TRUE(Converse([&](const std::vector<PeerMessage>& all) -> std::string {
                switch (all.size()) {
                  case 0:
                    return peer_.Request(0, Handle::kGetRoot, NoArgs());
                  case 1:
                    return peer_.Request(1, Handle::kCallAttr,
                                         CallAttr(Reference(all[0]), "drain", {}));
                  default:
                    EXPECT_EQ(all.size(), 2u) << "read more than once";
                    return peer_.Request(2, Handle::kPing, BoxedValue(MakeTuple({"arrived"})));
                }
              }).ok());
  ASSERT_EQ(Replies().size(), 3u);
  EXPECT_EQ(Replies()[1].args, BoxedValue(true));
  EXPECT_EQ(Replies()[2].args, BoxedValue("arrived"));
}

TEST_P(ConnectionTest, AnIdlePeerIsLetGo) {
  options_.limits.idle_timeout = absl::Milliseconds(10);
  auto [mine, theirs] = MemoryStream::MakePair();
  Connection connection(std::move(theirs), &service_, &options_);
  EXPECT_TRUE(absl::IsDeadlineExceeded(connection.ServeAll()));
  EXPECT_TRUE(mine->peer_closed());
}

TEST_P(ConnectionTest, TheOtherDialectIsRefusedWhereOneIsConfigured) {
  options_.config.dialect = GetParam() == Dialect::kV5 ? 6 : 5;
  EXPECT_FALSE(Serve(peer_.Request(0, Handle::kPing, BoxedValue(MakeTuple({1})))).ok());
  options_.config.dialect = GetParam() == Dialect::kV5 ? 5 : 6;
  EXPECT_TRUE(Serve(peer_.Request(0, Handle::kPing, BoxedValue(MakeTuple({1})))).ok());
}

INSTANTIATE_TEST_SUITE_P(Dialects, ConnectionTest, testing::Values(Dialect::kV5, Dialect::kV6),
                         [](const auto& info) {
                           return info.param == Dialect::kV5 ? std::string("V5")
                                                             : std::string("V6");
                         });

}  // namespace
}  // namespace rpyc
