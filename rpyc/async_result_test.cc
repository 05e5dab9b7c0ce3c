#include "rpyc/async_result.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "rpyc/errors.h"
#include "rpyc/netref_object.h"
#include "rpyc/pending_request.h"

namespace rpyc {
namespace {

// Answers when a thread waits, as a connection reads when a thread does.
class Peer : public Requester {
 public:
  // A connection that ends answers all requests, so that no callback is left.
  ~Peer() override {
    for (const auto& started : requests) {
      started->Answer(PyStatus("EOFError", "the connection has ended"));
    }
  }
  absl::StatusOr<Value> Request(Handle, Value, std::optional<absl::Duration>) override {
    return absl::UnimplementedError("nothing is waited for here");
  }
  std::shared_ptr<PendingRequest> Start(Handle handle, Value args) override {
    sent.emplace_back(handle, std::move(args));
    request = requests.emplace_back(std::make_shared<PendingRequest>());
    return request;
  }
  std::shared_ptr<PendingRequest> Post(Handle handle, Value args) override {
    return Start(handle, std::move(args));
  }
  bool Await(const PendingRequest& awaited, absl::Time deadline) override {
    waited_until.push_back(deadline);
    if (on_await) std::exchange(on_await, nullptr)();
    return awaited.ready();
  }
  absl::Duration sync_request_timeout() const override { return absl::Seconds(30); }

  // As the connection does.
  void Answer(absl::StatusOr<Value> answer) {
    for (const PendingRequest::Callback& told : request->Answer(std::move(answer))) {
      told(request->answer());
    }
  }

  std::vector<std::pair<Handle, Value>> sent;
  std::vector<absl::Time> waited_until;
  std::vector<std::shared_ptr<PendingRequest>> requests;
  std::shared_ptr<PendingRequest> request;  // the last
  std::function<void()> on_await;
};

class AsyncResultTest : public testing::Test {
 protected:
  Peer peer_;
  const std::shared_ptr<NetrefOwner> owner_ = std::make_shared<NetrefOwner>(&peer_);
  const Netref object_{
      Value(std::shared_ptr<Object>(std::make_shared<NetrefObject>("id", "x.Y", owner_)))};
};

TEST_F(AsyncResultTest, SendsAndDoesNotWait) {
  const AsyncResult result = Async(object_["f"])(1, Arg("k") = 2);
  ASSERT_EQ(peer_.sent.size(), 1u);
  EXPECT_EQ(peer_.sent[0].first, Handle::kCallAttr);
  EXPECT_EQ(peer_.sent[0].second.items()[1], Value("f"));
  EXPECT_TRUE(peer_.waited_until.empty());
  Async(object_)();
  EXPECT_EQ(peer_.sent[1].first, Handle::kCall);
}

TEST_F(AsyncResultTest, ReadyLooksAndWaitWaits) {
  const AsyncResult result = Async(object_["f"])();
  const absl::Time before = absl::Now();
  EXPECT_FALSE(result.ready());
  ASSERT_EQ(peer_.waited_until.size(), 1u);  // what has arrived is served, no more
  EXPECT_LE(peer_.waited_until[0], absl::Now());
  EXPECT_GE(peer_.waited_until[0], before);
  peer_.on_await = [&] { peer_.Answer(Value(5)); };
  EXPECT_EQ(result.as<int>(), 5);
  EXPECT_EQ(peer_.waited_until[1], absl::InfiniteFuture());
  EXPECT_TRUE(result.ready());
  EXPECT_FALSE(result.error());
  EXPECT_EQ(result.as<int>(), 5);  // as often as one likes
}

TEST_F(AsyncResultTest, ErrorsAreAnswersToo) {
  const AsyncResult result = Async(object_["f"])();
  peer_.Answer(PyStatus("ValueError", "no"));
  EXPECT_TRUE(result.ready());
  EXPECT_TRUE(result.error());
  EXPECT_TRUE(result.Wait().ok());
  EXPECT_TRUE(IsPyStatus(result.get<int>().status(), "ValueError"));
}

TEST_F(AsyncResultTest, WhatExpiresStaysSo) {
  const AsyncResult result = Async(object_["f"])();
  int told = 0;
  result.AddCallback([&](const AsyncResult&) { ++told; });
  result.SetExpiry(absl::ZeroDuration());
  EXPECT_TRUE(result.expired());
  peer_.Answer(Value(5));
  EXPECT_TRUE(result.expired());
  EXPECT_FALSE(result.ready());
  EXPECT_EQ(told, 0);
  EXPECT_TRUE(IsPyStatus(result.Wait(), "TimeoutError"));
  EXPECT_TRUE(IsPyStatus(result.value().status(), "TimeoutError"));
}

TEST_F(AsyncResultTest, AnAnswerInTimeCountsWheneverItIsAskedFor) {
  const AsyncResult result = Async(object_["f"])();
  result.SetExpiry(absl::Hours(1));
  peer_.Answer(Value(5));
  result.SetExpiry(absl::ZeroDuration());
  EXPECT_FALSE(result.expired());
  EXPECT_EQ(result.as<int>(), 5);
}

TEST_F(AsyncResultTest, TheTimeoutOfTheNetrefIsTheExpiry) {
  const AsyncResult result = Async(object_.Timeout(absl::ZeroDuration())["f"])();
  EXPECT_TRUE(result.expired());
  EXPECT_FALSE(Async(object_.Timeout(absl::InfiniteDuration())["f"])().expired());
}

TEST_F(AsyncResultTest, Callbacks) {
  const AsyncResult result = Async(object_["f"])();
  std::vector<int> told;
  result.AddCallback([&](const AsyncResult& r) { told.push_back(r.as<int>()); });
  result.AddCallback([](const AsyncResult&) { throw RuntimeError("nobody hears this"); });
  result.AddCallback([&](const AsyncResult& r) { told.push_back(r.as<int>() + 1); });
  EXPECT_TRUE(told.empty());
  peer_.Answer(Value(5));
  EXPECT_EQ(told, (std::vector<int>{5, 6}));
  result.AddCallback([&](const AsyncResult& r) { told.push_back(r.as<int>() + 2); });
  EXPECT_EQ(told.back(), 7);
}

TEST_F(AsyncResultTest, WhatIsNoObjectOfAPeersIsAnsweredAtOnce) {
  const AsyncResult value = Async(Netref(Value(5)))();
  EXPECT_TRUE(value.ready());
  EXPECT_TRUE(IsPyStatus(value.value().status(), "TypeError"));
  const AsyncResult error = Async(Netref(PyStatus("KeyError", "k"))["f"])();
  EXPECT_TRUE(IsPyStatus(error.value().status(), "KeyError"));
  const AsyncResult argument = Async(object_["f"])(Netref(PyStatus("KeyError", "k")));
  EXPECT_TRUE(IsPyStatus(argument.value().status(), "KeyError"));
  EXPECT_TRUE(peer_.sent.empty());
}

}  // namespace
}  // namespace rpyc
