// What a Netref sends to the peer, and how often it waits for it.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/errors.h"
#include "rpyc/netref.h"
#include "rpyc/service.h"
#include "rpyc/testing/connection_fixture.h"
#include "rpyc/testing/peer.h"

namespace rpyc {
namespace {

// A peer with one object, and what it answers to each request for it.
class NetrefConnectionTest : public ConnectionTest {
 protected:
  // One request of ours as the peer sees it.
  struct Asked {
    Handle handle;
    std::vector<Value> args;  // boxed; the first is the object
  };
  using Answer = std::function<Value(const Asked&)>;  // boxed

  // Calls root.run(object) and answers what is asked meanwhile; what the call returns.
  PeerMessage Run(Value object, Answer answer) {
    size_t seen = 0;
    EXPECT_TRUE(Converse([&](const std::vector<PeerMessage>& got) -> std::string {
                  if (got.empty()) return peer_.Request(0, Handle::kGetRoot, NoArgs());
                  if (got.size() == 1) {
                    seen = 1;
                    return peer_.Request(
                        1, Handle::kCallAttr,
                        BoxedTuple({BoxedLocal(Reference(got[0])), BoxedValue("run"),
                                    BoxedTuple({object}), NoArgs()}));
                  }
                  ++round_trips_;
                  std::string out;
                  for (; seen < got.size(); ++seen) {
                    if (got[seen].type != MessageType::kRequest) continue;
                    out += Answered(got[seen], answer);
                  }
                  return out;
                }).ok());
    const std::vector<PeerMessage> got = Replies();
    const auto result = std::find_if(got.begin(), got.end(), [](const PeerMessage& message) {
      return message.type != MessageType::kRequest && message.seq == Value(1);
    });
    EXPECT_NE(result, got.end());
    return result == got.end() ? PeerMessage() : *result;
  }

  int round_trips_ = 0;
  std::vector<Handle> handles_;

 private:
  std::string Answered(const PeerMessage& request, const Answer& answer) {
    const absl::Span<const Value> parts = request.args.items();
    Asked asked{static_cast<Handle>(*parts[0].AsInt()), {}};
    if (asked.handle == Handle::kDel) return "";
    handles_.push_back(asked.handle);
    // (label, tuple): of boxed values, or of plain ones if all are.
    const bool boxed = parts[1].items()[0] == Value(2);
    for (const Value& arg : parts[1].items()[1].items()) {
      asked.args.push_back(boxed ? arg : BoxedValue(arg));
    }
    return peer_.Message(MessageType::kReply, request.seq, answer(asked));
  }
};

Value PythonDict() { return BoxedRemote(MakeTuple({"builtins.dict", 1, 2})); }
Value PythonIterator() { return BoxedRemote(MakeTuple({"builtins.dict_keyiterator", 3, 4})); }

TEST_P(NetrefConnectionTest, ADictIsCopiedInFewRoundTrips) {
  constexpr int kKeys = 200;
  service_.Expose("run", [](const std::map<int, int>& dict) {
    int64_t sum = 0;
    for (const auto& [key, value] : dict) sum += value;
    return std::pair(dict.size(), sum);
  });
  int next = 0;
  const PeerMessage result = Run(PythonDict(), [&](const Asked& asked) {
    if (asked.handle == Handle::kBuffIter) {
      const int64_t count = *asked.args[1].items()[1].AsInt();
      std::vector<Value> keys;
      for (int64_t i = 0; i < count && next < kKeys; ++i) keys.emplace_back(next++);
      return BoxedValue(MakeTuple(std::move(keys)));
    }
    const Value name = asked.args[1].items()[1];
    if (name == Value("__iter__")) return PythonIterator();
    EXPECT_EQ(name, Value("__getitem__"));
    const Value key = asked.args[2].items()[1].items()[0];
    return BoxedValue(static_cast<int>(*key.AsInt()) * 2);
  });
  EXPECT_EQ(result.args, BoxedValue(MakeTuple({kKeys, kKeys * (kKeys - 1)})));
  // The iterator, keys in batches of 32, 64, 128 and none, and the values of each batch, of which
  // at most 64 are asked for at a time.
  EXPECT_LE(round_trips_, 1 + 4 + 5) << "for " << handles_.size() << " requests";
  EXPECT_GT(handles_.size(), 200u);
}

TEST_P(NetrefConnectionTest, OneRequestForEachOperation) {
  service_.Expose("run", [](const Netref& object) {
    object["name"](1, Arg("x") = 2).as<void>();
    object["name"].as<void>();
    object.Str();
    object.Dir();
    object.Hash();
    With(object, [](Netref) {});
  });
  const PeerMessage result =
      Run(BoxedRemote(MakeTuple({"mine.Thing", 1, 2})), [&](const Asked& asked) {
        switch (asked.handle) {
          case Handle::kStr:
            return BoxedValue("text");
          case Handle::kDir:
            return BoxedValue(MakeTuple({"a", "b"}));
          case Handle::kHash:
            return BoxedValue(5);
          default:
            return BoxedValue(Value());
        }
      });
  EXPECT_EQ(result.args, BoxedValue(Value()));
  EXPECT_EQ(handles_,
            (std::vector<Handle>{Handle::kCallAttr, Handle::kGetAttr, Handle::kStr, Handle::kDir,
                                 Handle::kHash, Handle::kCallAttr, Handle::kCtxExit}));
}

TEST_P(NetrefConnectionTest, AFunctionIsKnownToBeCallable) {
  service_.Expose("run", [](const std::function<int(int)>& f) { return f(20); });
  const auto answer = [](const Asked& asked) {
    if (asked.handle == Handle::kInspect) return BoxedValue(MakeTuple({}));
    return BoxedValue(21);
  };
  EXPECT_EQ(Run(BoxedRemote(MakeTuple({"builtins.function", 1, 2})), answer).args, BoxedValue(21));
  EXPECT_EQ(handles_, std::vector<Handle>{Handle::kCall});
}

TEST_P(NetrefConnectionTest, WhatIsNotCallableIsAskedAndNamed) {
  service_.Expose("run", [](const std::function<int(int)>& f) { return f(20); });
  const auto answer = [](const Asked&) {
    return BoxedValue(MakeTuple({MakeTuple({"__len__", Value()})}));
  };
  EXPECT_EQ(Error(Run(BoxedRemote(MakeTuple({"mine.Thing", 1, 2})), answer)),
            "TypeError: run() argument 1: expected a callable, got mine.Thing");
  EXPECT_EQ(handles_, std::vector<Handle>{Handle::kInspect});
}

TEST_P(NetrefConnectionTest, MoreRequestsAreSentBeforeOneIsAnswered) {
  service_.Expose("run", [](const Netref& f) {
    const StartedCall first = f.Start(1);
    const StartedCall second = f["name"].Start(2);
    f(3).as<void>();
    EXPECT_TRUE(first.request->ready());
    return second.request->TakeAnswer();
  });
  const PeerMessage result =
      Run(BoxedRemote(MakeTuple({"builtins.function", 1, 2})),
          [](const Asked& asked) { return BoxedValue(static_cast<int>(asked.handle)); });
  EXPECT_EQ(result.args, BoxedValue(static_cast<int>(Handle::kCallAttr)));
  EXPECT_EQ(handles_, (std::vector<Handle>{Handle::kCall, Handle::kCallAttr, Handle::kCall}));
  EXPECT_LE(round_trips_, 2);
}

INSTANTIATE_TEST_SUITE_P(Dialects, NetrefConnectionTest,
                         testing::Values(Dialect::kV5, Dialect::kV6));

}  // namespace
}  // namespace rpyc
