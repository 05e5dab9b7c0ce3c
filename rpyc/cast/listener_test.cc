#include "rpyc/cast/listener.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/errors.h"
#include "rpyc/netref_object.h"
#include "rpyc/pending_request.h"
#include "rpyc/service.h"
#include "rpyc/testing/python_object.h"
#include "rpyc/value.h"

namespace rpyc {
namespace {

using testing::Failure;

// This client receives calls and answers when it is told to.
class Client : public Requester {
 public:
  Client() {
    auto caller = std::make_shared<CallContext::Caller>();
    caller->peer = "127.0.0.1:5";
    caller->peer_objects = owner_;
    context_ = CallContext(std::move(caller));
  }
  ~Client() override { Leave(); }

  absl::StatusOr<Value> Request(Handle, Value, std::optional<absl::Duration>) override {
    return absl::UnimplementedError("a listener waits for nothing");
  }
  std::shared_ptr<PendingRequest> Start(Handle, Value) override {
    ADD_FAILURE() << "Start may wait";
    return nullptr;
  }
  std::shared_ptr<PendingRequest> Post(Handle handle, Value args) override {
    EXPECT_EQ(handle, Handle::kCall);
    if (on_post) std::exchange(on_post, nullptr)();
    sent.push_back(args.items()[1]);
    auto request = std::make_shared<PendingRequest>();
    if (refusal.ok()) {
      requests_.push_back(request);
    } else {
      request->Answer(refusal);
    }
    return request;
  }
  bool Await(const PendingRequest&, absl::Time) override {
    ADD_FAILURE() << "a listener waits for nothing";
    return false;
  }
  absl::Duration sync_request_timeout() const override { return absl::Seconds(30); }

  // Returns a function of the client's as an argument; another id gives another function.
  Value Function(const std::string& id = "f") const {
    return Value(std::make_shared<NetrefObject>(id, "builtins.function", owner_));
  }
  const CallContext& context() const { return context_; }

  // Answers the oldest call that is still unanswered.
  void Answer(absl::StatusOr<Value> answer = Value()) {
    ASSERT_FALSE(requests_.empty());
    const std::shared_ptr<PendingRequest> request = requests_.front();
    requests_.erase(requests_.begin());
    for (const auto& told : request->Answer(std::move(answer))) told(request->answer());
  }
  void Raise(std::string name) {
    Answer(PyStatus(
        RemoteException{.name = std::move(name), .args = {"no"}, .remote_traceback = "there\n"}));
  }
  // Ends the connection.
  void Leave() {
    while (!requests_.empty()) Answer(PyStatus("EOFError", "the connection has ended"));
    owner_->Detach();
  }
  size_t unanswered() const { return requests_.size(); }

  std::vector<Value> sent;  // holds the arguments
  std::function<void()> on_post;
  absl::Status refusal;

 private:
  const std::shared_ptr<NetrefOwner> owner_ = std::make_shared<NetrefOwner>(this);
  CallContext context_;
  std::vector<std::shared_ptr<PendingRequest>> requests_;
};

std::vector<Value> Tuples(std::vector<int> numbers) {
  std::vector<Value> tuples;
  for (const int n : numbers) tuples.push_back(Value::Tuple({n}));
  return tuples;
}

class ListenerTest : public ::testing::Test {
 protected:
  using IntListener = Listener<void(int)>;

  IntListener Make(ListenerOptions options = {}) {
    Value function = client_.Function();
    IntListener listener = *Cast<IntListener>::From(client_.context(), function);
    listener.Configure(std::move(options));
    return listener;
  }

  Client client_;
};

TEST_F(ListenerTest, SendsAtOnceAndThenAsAnswersCome) {
  const IntListener listener = Make({.max_unanswered = 2});
  for (int i = 1; i <= 4; ++i) listener(i);
  EXPECT_EQ(client_.sent, Tuples({1, 2}));
  EXPECT_EQ(listener.counts().waiting, 2u);
  client_.Answer();
  EXPECT_EQ(client_.sent, Tuples({1, 2, 3}));
  client_.Answer();
  client_.Answer();
  client_.Answer();
  EXPECT_EQ(client_.sent, Tuples({1, 2, 3, 4}));
  EXPECT_EQ(listener.counts().answered, 4);
  EXPECT_EQ(listener.counts().unanswered, 0u);
  EXPECT_EQ(listener.client(), "127.0.0.1:5");
}

TEST_F(ListenerTest, DropsTheOldestWhereThereIsNoRoom) {
  const IntListener listener = Make({.max_waiting = 2, .max_unanswered = 1});
  for (int i = 1; i <= 6; ++i) listener(i);
  EXPECT_EQ(listener.counts().dropped, 3);
  for (int i = 0; i < 3; ++i) client_.Answer();
  EXPECT_EQ(client_.sent, Tuples({1, 5, 6}));
}

TEST_F(ListenerTest, OrTheNewest) {
  const IntListener listener =
      Make({.max_waiting = 2, .max_unanswered = 1, .when_full = WhenFull::kDropNewest});
  for (int i = 1; i <= 6; ++i) listener(i);
  EXPECT_EQ(listener.counts().dropped, 3);
  for (int i = 0; i < 3; ++i) client_.Answer();
  EXPECT_EQ(client_.sent, Tuples({1, 2, 3}));
}

TEST_F(ListenerTest, ZeroIsOne) {
  const IntListener listener = Make({.max_waiting = 0, .max_unanswered = 0});
  listener(1);
  listener(2);
  EXPECT_EQ(listener.counts().unanswered, 1u);
  EXPECT_EQ(listener.counts().waiting, 1u);
}

TEST_F(ListenerTest, WhatThePythonFunctionRaisesGoesToTheHandler) {
  std::vector<std::string> told;
  const IntListener listener =
      Make({.on_error = [&](const std::string& client, const RemoteError& error) {
        told.push_back(client + " " + error.what());
        throw std::runtime_error("a handler that throws");
      }});
  listener(1);
  listener(2);
  client_.Raise("ValueError");
  client_.Raise("EOFError");  // the callable itself raised this; the connection goes on
  EXPECT_EQ(told,
            (std::vector<std::string>{"127.0.0.1:5 ValueError: no", "127.0.0.1:5 EOFError: no"}));
  EXPECT_EQ(listener.counts().failed, 2);
  EXPECT_TRUE(listener.connected());
}

TEST_F(ListenerTest, SoDoesWhatCannotBeSent) {
  std::vector<std::string> told;
  const IntListener listener = Make({.on_error = [&](const std::string&, const RemoteError& error) {
    told.push_back(error.what());
  }});
  client_.refusal = PyStatus("OverflowError", "too large");
  listener(1);
  EXPECT_EQ(told, std::vector<std::string>{"OverflowError: too large"});
  client_.refusal = absl::OkStatus();
  listener(2);
  EXPECT_EQ(listener.counts().unanswered, 1u) << "the next one goes";
}

TEST_F(ListenerTest, WhoseClientHasGoneIsTold) {
  std::vector<std::string> gone;
  const IntListener busy = Make(
      {.max_unanswered = 1, .on_gone = [&](const std::string& client) { gone.push_back(client); }});
  const IntListener idle =
      Make({.on_gone = [&](const std::string&) { gone.push_back("the idle one"); }});
  busy(1);
  busy(2);
  client_.Leave();
  EXPECT_EQ(gone, (std::vector<std::string>{"127.0.0.1:5", "the idle one"}));
  EXPECT_FALSE(busy.connected());
  EXPECT_FALSE(idle.connected());
  busy(3);
  EXPECT_EQ(client_.sent, Tuples({1}));
  EXPECT_EQ(busy.counts().dropped, 3);
  EXPECT_EQ(gone.size(), 2u) << "once";
  EXPECT_FALSE(Make().connected()) << "one that comes too late";
}

TEST_F(ListenerTest, AfterCloseNothingHappens) {
  bool told = false;
  IntListener listener =
      Make({.max_unanswered = 1,
            .on_error = [&](const std::string&, const RemoteError&) { told = true; },
            .on_gone = [&](const std::string&) { told = true; }});
  listener(1);
  listener(2);
  listener.Close();
  EXPECT_FALSE(listener.connected());
  client_.Raise("ValueError");
  client_.Leave();
  EXPECT_FALSE(told);
  EXPECT_EQ(client_.sent, Tuples({1}));
}

TEST_F(ListenerTest, WhatWaitsIsSentAlsoWhenTheLastHandleHasGone) {
  {
    const IntListener listener = Make({.max_unanswered = 1});
    for (int i = 1; i <= 3; ++i) listener(i);
  }
  client_.Answer();
  client_.Answer();
  client_.Answer();
  EXPECT_EQ(client_.sent, Tuples({1, 2, 3}));
  client_.Leave();  // the destroyed listener gets no report
}

TEST_F(ListenerTest, ACallInTheMiddleOfSendingKeepsTheOrder) {
  const IntListener listener = Make();
  client_.on_post = [&] { listener(2); };  // another thread might do this
  listener(1);
  EXPECT_EQ(client_.sent, Tuples({1, 2}));
}

TEST_F(ListenerTest, OneWithoutAClientDoesNothing) {
  const IntListener none;
  none(1);
  none.Close();
  none.Configure({});
  EXPECT_FALSE(none.connected());
  EXPECT_EQ(none.client(), "");
  EXPECT_TRUE(none == IntListener());
  EXPECT_FALSE(none == Make());
}

TEST_F(ListenerTest, TakesCallablesOfTheClientsOnly) {
  Service service("S");
  service.Expose(
      "listen", [](IntListener) {}, Arg("listener"));
  const std::shared_ptr<Object> root = *service.MakeRoot();
  const auto run = [&](Value argument) {
    return Failure(root->CallAttr(client_.context(), {.name = "listen", .exposed = true},
                                  {.positional = {std::move(argument)}, .keyword = {}}));
  };
  EXPECT_EQ(run(client_.Function()), "returned None");
  EXPECT_EQ(run(5), "TypeError: listen() argument 'listener': expected a callable, got int");
  EXPECT_EQ(run(Cast<std::function<void(int)>>::To([](int) {})),
            "TypeError: listen() argument 'listener': expected a callable of the client's own, got "
            "builtin_function_or_method");
  EXPECT_EQ(service.root_class().Find("listen")->signature.ToString(),
            "(listener: Callable[[int], None]) -> None");
}

TEST_F(ListenerTest, ASetCallsAllAndLosesThoseThatHaveGone) {
  std::vector<std::string> gone;
  Listeners<void(int)> all({.on_gone = [&](const std::string& client) { gone.push_back(client); }});
  auto other = std::make_unique<Client>();
  Value function = other->Function();
  EXPECT_TRUE(all.Add(Make()));
  EXPECT_TRUE(all.Add(*Cast<IntListener>::From(other->context(), function)));
  all(1);
  EXPECT_EQ(client_.sent, Tuples({1}));
  EXPECT_EQ(other->sent, Tuples({1}));
  EXPECT_EQ(all.size(), 2u);
  other.reset();
  EXPECT_EQ(all.size(), 1u) << "without a call";
  EXPECT_EQ(gone.size(), 1u);
  all(2);
  EXPECT_EQ(client_.sent, Tuples({1, 2}));
  EXPECT_EQ(gone.size(), 1u);
}

TEST_F(ListenerTest, ASetHasOneOfEachFunction) {
  Listeners<void(int)> all;
  Value function = client_.Function();
  const auto listener = [&] {
    Value same = function;
    return *Cast<IntListener>::From(client_.context(), same);
  };
  EXPECT_TRUE(all.Add(listener()));
  EXPECT_FALSE(all.Add(listener()));
  all(1);
  EXPECT_EQ(client_.sent, Tuples({1}));
  Value another = client_.Function("g");
  EXPECT_FALSE(all.Remove(*Cast<IntListener>::From(client_.context(), another)));
  EXPECT_TRUE(all.Remove(listener()));
  EXPECT_TRUE(all.empty());
  client_.Leave();
  EXPECT_FALSE(all.Add(listener())) << "its client has gone";
  EXPECT_TRUE(all.empty());
}

TEST_F(ListenerTest, ASetThatGoesLeavesItsListenersClosed) {
  bool told = false;
  IntListener listener = Make();
  {
    Listeners<void(int)> all({.on_gone = [&](const std::string&) { told = true; }});
    EXPECT_TRUE(all.Add(listener));
  }
  EXPECT_FALSE(listener.connected());
  client_.Leave();
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace rpyc
