#ifndef RPYC_TESTING_CONNECTION_FIXTURE_H_
#define RPYC_TESTING_CONNECTION_FIXTURE_H_

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rpyc/connection.h"
#include "rpyc/errors.h"
#include "rpyc/service.h"
#include "rpyc/testing/memory_stream.h"
#include "rpyc/testing/peer.h"

namespace rpyc {

// An object that travels by reference and counts how many of it are alive.
class Thing {
 public:
  explicit Thing(std::shared_ptr<int> alive) : alive_(std::move(alive)) { ++*alive_; }
  ~Thing() { --*alive_; }
  int number() const { return 42; }
  friend void RpycExpose(ClassDef<Thing>& c) {
    c.Doc("A thing.");
    c.Property("number", &Thing::number);
    c.Expose(
        "__len__", [](Thing&) { return 3; }, "Its length.");
  }

 private:
  const std::shared_ptr<int> alive_;
};

// Talks to a Connection over memory, in one of three ways. Ask sends one request and returns its
// answer, on a connection that goes on. Serve sends all bytes at once and serves them to the end.
// Converse sends what a function makes of the messages so far.
class ConnectionTest : public testing::TestWithParam<Dialect> {
 protected:
  ConnectionTest() : alive_(std::make_shared<int>(0)), peer_(GetParam()), service_("TEST") {
    service_.Doc("For tests.");
    service_.Expose(
        "add", [](int64_t a, int64_t b) { return a + b; }, Arg("a"), Arg("b"));
    service_.Expose("echo", [](Value x) { return x; });
    service_.Expose("make", [alive = alive_] { return std::make_shared<Thing>(alive); });
    service_.Expose("keep", [this](std::shared_ptr<Thing> thing) { kept_ = thing; });
    service_.Expose("kept", [this] { return kept_; });
    service_.Expose("take", [this](Value value) { taken_ = value; });
    service_.Expose("both", [this] { return std::make_tuple(kept_, kept_, 1); });
    service_.Expose("fail", [](std::string what) { throw ValueError(what); });
    service_.Expose("stop", [] { throw StopIteration(); });
    service_.Expose("call", [](const CallContext& context, Value f, Value x) {
      return (*f.AsObject())->Call(context, {.positional = {std::move(x)}, .keyword = {}});
    });
    service_.Expose("call_twice", [](const CallContext& context, Value f) {
      return std::make_tuple((*f.AsObject())->Call(context, {}).status().ok(),
                             std::string((*f.AsObject())->Call(context, {}).status().message()));
    });
    service_.Expose("who", [](const CallContext& context) {
      return std::make_tuple(context.peer(), context.connection_id() > 0, context.cancelled());
    });
    service_.Expose("not_text", [] { return std::string("\xff"); });
  }

  // Opens the connection that Ask talks to.
  void Dial() {
    auto [mine, theirs] = MemoryStream::MakePair();
    mine_ = std::move(mine);
    connection_ = std::make_unique<Connection>(std::move(theirs), &service_, &options_);
    asked_ = 0;
  }
  // The answer to one request.
  PeerMessage Ask(Handle handle, Value args) {
    mine_->Send(peer_.Request(asked_++, handle, std::move(args)));
    EXPECT_TRUE(connection_->Serve(absl::InfinitePast()));
    const std::vector<PeerMessage> answers = peer_.Parse(mine_->Received());
    EXPECT_EQ(answers.size(), 1u);
    return answers.at(0);
  }
  // The answer to a call of a method of the root.
  PeerMessage CallRoot(absl::string_view name, std::vector<Value> args);

  // Sends `bytes`, closes, serves to the end.
  absl::Status Serve(absl::string_view bytes) {
    auto [mine, theirs] = MemoryStream::MakePair();
    mine_ = std::move(mine);
    mine_->Send(bytes);
    mine_->CloseWrite();
    connection_ = std::make_unique<Connection>(std::move(theirs), &service_, &options_);
    absl::Status end = connection_->ServeAll();
    received_ = mine_->Received();
    return end;
  }
  std::vector<PeerMessage> Replies() { return peer_.Parse(received_); }

  // Serves a conversation: `next` gets the messages so far and returns what is sent then, or "". It
  // runs in the connection's own read, so nothing waits and no thread is needed.
  using Next = std::function<std::string(const std::vector<PeerMessage>&)>;
  absl::Status Converse(Next next) {
    connection_ = std::make_unique<Connection>(std::make_unique<Script>(this, std::move(next)),
                                               &service_, &options_);
    return connection_->ServeAll();
  }

  std::shared_ptr<int> alive_;
  std::shared_ptr<Thing> kept_;
  Value taken_;
  Peer peer_;
  Service service_;
  Connection::Options options_;
  std::unique_ptr<MemoryStream> mine_;
  std::unique_ptr<Connection> connection_;
  std::string received_;
  int asked_ = 0;  // requests of Ask
  int writes_ = 0;
  int acknowledgements_ = 0;

 private:
  class Script : public Stream {
   public:
    Script(ConnectionTest* test, Next next) : test_(test), next_(std::move(next)) {}
    absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint, absl::Time) override {
      if (pending_.empty()) pending_ = next_(test_->Replies());
      if (pending_.empty()) return ReadResult{ReadResult::kEof};
      const size_t n = std::min(into.size(), pending_.size());
      pending_.copy(into.data(), n);
      pending_.erase(0, n);
      return ReadResult{ReadResult::kData, n, /*drained=*/pending_.empty()};
    }
    absl::StatusOr<ReadResult> ReadAhead(size_t) override {
      return ReadResult{ReadResult::kWouldBlock};
    }
    size_t read_ahead_bytes() const override { return 0; }
    absl::string_view read_ahead() const override { return {}; }
    absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) override {
      ++test_->writes_;
      const size_t before = test_->received_.size();
      for (absl::string_view chunk : chunks) test_->received_.append(chunk.data(), chunk.size());
      return test_->received_.size() - before;
    }
    void Acknowledge() override { ++test_->acknowledgements_; }
    bool Wait(Event, absl::Time) override { return true; }
    void Shutdown() override {}

   private:
    ConnectionTest* const test_;
    const Next next_;
    std::string pending_;
  };
};

inline Value NoArgs() { return BoxedValue(MakeTuple({})); }

// The id_pack of a reply that is a reference.
inline Value Reference(const PeerMessage& message) {
  EXPECT_EQ(message.type, MessageType::kReply) << message.args.DebugString();
  EXPECT_EQ(message.args.items()[0], Value(4)) << message.args.DebugString();
  return message.args.items()[1];
}

inline Value CallAttr(Value id_pack, absl::string_view name, std::vector<Value> args) {
  return BoxedTuple({BoxedLocal(std::move(id_pack)), BoxedValue(name),
                     BoxedValue(MakeTuple(std::move(args))), NoArgs()});
}

inline PeerMessage ConnectionTest::CallRoot(absl::string_view name, std::vector<Value> args) {
  const Value root = Reference(Ask(Handle::kGetRoot, NoArgs()));
  return Ask(Handle::kCallAttr, CallAttr(root, name, std::move(args)));
}

// Returns "ValueError: text" for an exception message.
inline std::string Error(const PeerMessage& message) {
  EXPECT_EQ(message.type, MessageType::kException) << message.args.DebugString();
  const absl::Span<const Value> parts = message.args.items();
  if (parts.size() != 4) return message.args.DebugString();
  return RemoteException{
      .name = *parts[0].items()[1].AsStr(),
      .args = std::vector<Value>(parts[1].items().begin(), parts[1].items().end())}
      .Summary();
}

}  // namespace rpyc

#endif  // RPYC_TESTING_CONNECTION_FIXTURE_H_
