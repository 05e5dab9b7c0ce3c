// Any allocation may fail while a connection serves: the connection ends or answers MemoryError,
// and neither the program nor a thread that waits for its end suffers from it.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rpyc/byte_budget.h"
#include "rpyc/connection.h"
#include "rpyc/stream.h"
#include "rpyc/testing/allocation_meter.h"
#include "rpyc/testing/connection_fixture.h"
#include "rpyc/testing/peer.h"

namespace rpyc {
namespace {

class AllocationFailureTest : public ConnectionTest {
 protected:
  // Asks for the root, then sends the requests, during which one allocation fails, then ends. What
  // is received has room already.
  class FailingStream : public Stream {
   public:
    FailingStream(AllocationFailureTest* test, AllocationMeter* meter, size_t failure)
        : test_(test), meter_(meter), failure_(failure) {
      test_->received_.reserve(1 << 20);
    }
    absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint, absl::Time) override {
      if (pending_.empty()) {
        if (stage_ == 2) return ReadResult{ReadResult::kEof};
        pending_ = stage_ == 0 ? test_->peer_.Request(0, Handle::kGetRoot, NoArgs())
                               : test_->Requests(Reference(test_->Replies().at(0)));
        if (++stage_ == 2) meter_->FailAfter(failure_);
      }
      const size_t bytes = std::min(into.size(), pending_.size());
      pending_.copy(into.data(), bytes);
      pending_.erase(0, bytes);
      return ReadResult{ReadResult::kData, bytes, /*drained=*/pending_.empty()};
    }
    absl::StatusOr<ReadResult> ReadAhead(size_t) override {
      return ReadResult{ReadResult::kWouldBlock};
    }
    size_t read_ahead_bytes() const override { return 0; }
    absl::string_view read_ahead() const override { return {}; }
    absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) override {
      size_t bytes = 0;
      for (absl::string_view chunk : chunks) {
        test_->received_.append(chunk.data(), chunk.size());
        bytes += chunk.size();
      }
      return bytes;
    }
    bool Wait(Event, absl::Time) override { return true; }
    void Shutdown() override {}

   private:
    AllocationFailureTest* const test_;
    AllocationMeter* const meter_;
    const size_t failure_;
    std::string pending_;
    int stage_ = 0;
  };

  // Each kind of work once: values in and out, large ones too, references, attributes, exceptions.
  std::string Requests(const Value& root) {
    const std::string large(100'000, 'x');
    const Value nested = MakeTuple({"text long enough for a block", MakeTuple({1, 2.5, None()})});
    int seq = 0;
    std::string all;
    for (const auto& [handle, args] : std::vector<std::pair<Handle, Value>>{
             {Handle::kPing, BoxedValue(MakeTuple({large}))},
             {Handle::kPing, BoxedValue(MakeTuple({nested}))},
             {Handle::kCallAttr, CallAttr(root, "add", {1, 2})},
             {Handle::kCallAttr, CallAttr(root, "echo", {nested})},
             {Handle::kCallAttr, CallAttr(root, "make", {})},
             {Handle::kCallAttr,
              CallAttr(root, "fail", {"a text that is long enough for a block"})},
             {Handle::kCallAttr, CallAttr(root, "no_such_name", {})},
             {Handle::kGetAttr, BoxedTuple({BoxedLocal(root), BoxedValue("add")})},
             {Handle::kInspect, BoxedTuple({BoxedValue(root)})},
             {Handle::kDir, BoxedTuple({BoxedLocal(root)})},
             {Handle::kRepr, BoxedTuple({BoxedLocal(root)})},
         }) {
      all += peer_.Request(++seq, handle, args);
    }
    requests_ = seq;
    return all;
  }

  // Serves it all by `serve`; false if no allocation was the one that should fail.
  template <typename Serve>
  bool FailsOnce(size_t failure, Serve serve) {
    SCOPED_TRACE(absl::StrCat("after ", failure, " allocations"));
    received_.clear();
    AllocationMeter meter;
    connection_ = std::make_unique<Connection>(
        std::make_unique<FailingStream>(this, &meter, failure), &service_, &options_);
    absl::Status served = OrOutOfMemory([&] { return serve(connection_.get()); });
    const bool failed = meter.StopFailing();
    // As a session does, which has the door for what a connection does not keep to itself.
    if (IsOutOfMemory(served)) connection_->End(std::move(served));
    connection_->Finish();
    connection_.reset();
    EXPECT_EQ(*alive_, 0) << "an object of the connection lives on";
    const std::vector<PeerMessage> replies = Replies();
    EXPECT_LE(replies.size(), requests_ + 1);
    if (!failed) {
      EXPECT_EQ(replies.size(), requests_ + 1);
    }
    return failed;
  }

  size_t requests_ = 0;
};

TEST_P(AllocationFailureTest, OfAThreadThatServesOneConnection) {
  size_t failure = 0;
  while (FailsOnce(failure, [](Connection* connection) { return connection->ServeAll(); })) {
    ++failure;
  }
  EXPECT_GT(failure, requests_) << "hardly anything was allocated";
}

TEST_P(AllocationFailureTest, OfAThreadThatServesMany) {
  const auto serve = [](Connection* connection) {
    connection->OnIdle([](Stream::Event) {});
    absl::Status opened = connection->Open();
    while (opened.ok() && connection->ServeArrived(1000)) {
    }
    return opened.ok() ? connection->end_status() : opened;
  };
  size_t failure = 0;
  while (FailsOnce(failure, serve)) ++failure;
  EXPECT_GT(failure, requests_) << "hardly anything was allocated";
}

INSTANTIATE_TEST_SUITE_P(Dialects, AllocationFailureTest,
                         testing::Values(Dialect::kV5, Dialect::kV6));

}  // namespace
}  // namespace rpyc
