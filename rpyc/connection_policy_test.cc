// What a service says about whose turn it is and on whose thread its code runs, as connections
// obey.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
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

const Peer kPeer(Dialect::kV6);

Value NoArgs() { return BoxedValue(MakeTuple({})); }

// One connection served on a thread of its own.
class Client {
 public:
  explicit Client(const Service& service) {
    auto [mine, theirs] = MemoryStream::MakePair();
    mine_ = std::move(mine);
    connection_ = std::make_unique<Connection>(std::move(theirs), &service, &options_, "somebody");
    thread_ = std::thread([this] { end_ = connection_->ServeAll(); });
  }
  ~Client() { Leave().IgnoreError(); }

  absl::Status Leave() {
    mine_->CloseWrite();
    if (thread_.joinable()) thread_.join();
    return end_;
  }
  void Send(const std::string& bytes) { mine_->Send(bytes); }
  PeerMessage Next() {
    char piece[4096];
    absl::StatusOr<ReadResult> read =
        mine_->ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames);
    return kPeer.Parse(absl::string_view(piece, read->bytes)).at(0);
  }
  void BeginCall(absl::string_view name, std::vector<Value> boxed = {}) {
    if (root_.is_none()) {
      Send(kPeer.Request(0, Handle::kGetRoot, NoArgs()));
      root_ = Next().args.items()[1];
    }
    Send(kPeer.Request(
        1, Handle::kCallAttr,
        BoxedTuple({BoxedLocal(root_), BoxedValue(name), BoxedTuple(std::move(boxed)), NoArgs()})));
  }
  Value Call(absl::string_view name) {
    BeginCall(name);
    return Next().args;
  }

 private:
  const Connection::Options options_;
  std::unique_ptr<MemoryStream> mine_;
  std::unique_ptr<Connection> connection_;
  std::thread thread_;
  absl::Status end_;
  Value root_;
};

TEST(ConnectionHooks, RunOnceEachInOrder) {
  std::vector<std::string> seen;
  Service service("HOOKS");
  service.OnConnect([&](const CallContext& context) { seen.push_back("hello " + context.peer()); });
  service.OnDisconnect([&](const CallContext& context) {
    seen.push_back(context.cancelled() ? "gone" : "still there");
  });
  service.Expose("call", [&] { seen.push_back("call"); });
  Client client(service);
  EXPECT_EQ(client.Call("call"), BoxedValue(None()));
  EXPECT_TRUE(client.Leave().ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"hello somebody", "call", "gone"}));
}

TEST(ConnectionHooks, OneThatFailsEndsTheConnection) {
  bool left = false;
  Service service("HOOKS");
  service.OnConnect([] { throw std::runtime_error("no room"); });
  service.OnDisconnect([&] { left = true; });
  Client client(service);
  const absl::Status end = client.Leave();
  EXPECT_TRUE(absl::IsFailedPrecondition(end));
  EXPECT_NE(end.message().find("no room"), absl::string_view::npos);
  EXPECT_FALSE(left);
}

TEST(ConnectionPolicy, SerializedCallsTakeTurnsAlsoAroundCallbacks) {
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  Service service = Service("TURNS").Serialized();
  service.Expose("call", [&](const CallContext& context, Value f) {
    overlapped = overlapped || ++inside > 1;
    --inside;
    absl::StatusOr<Value> result = (*f.AsObject())->Call(context, {});
    overlapped = overlapped || ++inside > 1;
    --inside;
    return result;
  });
  service.Expose("other", [&] {
    overlapped = overlapped || ++inside > 1;
    --inside;
    return 7;
  });
  Client waiting(service);
  Client other(service);
  waiting.BeginCall("call", {BoxedRemote(MakeTuple({"builtins.function", 1, 1}))});
  EXPECT_EQ(waiting.Next().type, MessageType::kRequest);
  // It waits for its peer: the other has its turn, and so has a call of the same client.
  EXPECT_EQ(other.Call("other"), BoxedValue(7));
  EXPECT_EQ(waiting.Call("other"), BoxedValue(7));
  waiting.Send(kPeer.Message(MessageType::kReply, 0, BoxedValue(8)));
  EXPECT_EQ(waiting.Next().args, BoxedValue(8));
  EXPECT_FALSE(overlapped);
}

// A program's own loop.
class Loop {
 public:
  Loop() : thread_([this] { Run(); }) {}
  ~Loop() {
    Post(nullptr);
    thread_.join();
  }
  void Post(std::function<void()> task) {
    MutexLock lock(&mutex_);
    tasks_.push_back(std::move(task));
    posted_.Signal();
  }
  std::thread::id id() const { return thread_.get_id(); }

 private:
  void Run() {
    for (;;) {
      std::vector<std::function<void()>> tasks;
      {
        MutexLock lock(&mutex_);
        while (tasks_.empty()) posted_.Wait(&mutex_);
        tasks.swap(tasks_);
      }
      for (const auto& task : tasks) {
        if (!task) return;
        task();
      }
    }
  }

  Mutex mutex_;
  CondVar posted_;
  std::vector<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

// Tells where it dies.
class Canary {
 public:
  explicit Canary(std::function<void()> check) : check_(std::move(check)) {}
  ~Canary() { check_(); }
  friend void RpycExpose(ClassDef<Canary>&) {}

 private:
  const std::function<void()> check_;
};

TEST(ConnectionPolicy, AllUserCodeRunsOnTheExecutor) {
  Loop loop;
  std::atomic<int> elsewhere{0};
  std::atomic<int> runs{0};
  const auto check = [&] {
    ++runs;
    if (std::this_thread::get_id() != loop.id()) ++elsewhere;
  };
  Service service =
      Service("LOOP").RunOn([&loop](std::function<void()> task) { loop.Post(std::move(task)); });
  service.OnConnect(check);
  service.OnDisconnect(check);
  service.Expose("call", [&](const CallContext& context, Value f) {
    check();
    return (*f.AsObject())->Call(context, {});
  });
  service.Expose("make", [&] { return std::make_shared<Canary>(check); });
  Client client(service);
  client.BeginCall("call", {BoxedRemote(MakeTuple({"builtins.function", 1, 1}))});
  EXPECT_EQ(client.Next().type, MessageType::kRequest);
  client.Send(kPeer.Message(MessageType::kReply, 0, BoxedValue(8)));
  EXPECT_EQ(client.Next().args, BoxedValue(8));
  const int before = runs;
  client.Call("make");
  EXPECT_TRUE(client.Leave().ok());
  EXPECT_GE(runs - before, 2);  // the canary's destructor, on_disconnect
  EXPECT_EQ(elsewhere, 0);
}

}  // namespace
}  // namespace rpyc
