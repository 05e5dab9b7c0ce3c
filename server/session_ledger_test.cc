#include "server/session_ledger.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/mutex.h"
#include "server/thread.h"

namespace rpyc {
namespace {

// A session that ends by a thread of its own, as its nature says.
class FakeSession : public Drainable {
 public:
  enum Nature { kIdle, kBusy, kStuck, kProcess };
  FakeSession(SessionLedger* ledger, Nature nature)
      : ledger_(ledger), nature_(nature), number_(ledger->Began(this, &peer_, &counters)) {}
  ~FakeSession() override {
    MutexLock lock(&mutex_);
    while (ending_) changed_.Wait(&mutex_);
  }

  void Drain(absl::Time) override {
    if (nature_ == kIdle) End(absl::OkStatus());
  }
  void Shutdown() override {
    if (nature_ == kBusy) End(absl::UnavailableError("the socket was shut"));
  }
  bool busy() const override { return nature_ != kIdle; }
  int64_t process_id() const override { return nature_ == kProcess ? 4711 : 0; }
  void Kill() override {
    if (nature_ == kProcess) End(absl::AbortedError("died by signal 9"));
  }
  int64_t number() const { return number_; }

  ConnectionCounters counters;

 private:
  void End(absl::Status status) {
    MutexLock lock(&mutex_);
    ending_ = true;
    absl::Status started = StartThread([this, status] {
      ledger_->Ended(number_, status).IgnoreError();
      MutexLock lock(&mutex_);
      ending_ = false;
      changed_.SignalAll();
    });
    EXPECT_TRUE(started.ok()) << started;
  }

  SessionLedger* const ledger_;
  const Nature nature_;
  const std::string peer_ = "127.0.0.1:53422";
  const int64_t number_;
  Mutex mutex_;
  CondVar changed_;
  bool ending_ = false;
};

TEST(SessionLedger, SumsLiveAndEnded) {
  SessionLedger ledger;
  FakeSession first(&ledger, FakeSession::kIdle), second(&ledger, FakeSession::kIdle);
  first.counters.calls = 3;
  first.counters.calls_failed = 1;
  second.counters.calls = 10;
  ledger.Refused();
  EXPECT_EQ(ledger.Ended(first.number(), absl::OkStatus()), absl::OkStatus());
  second.counters.calls = 11;

  const SessionLedger::Totals totals = ledger.totals();
  EXPECT_EQ(ledger.open(), 1);
  EXPECT_EQ(totals.connections_open, 1);
  EXPECT_EQ(totals.connections_total, 2);
  EXPECT_EQ(totals.connections_refused, 1);
  EXPECT_EQ(totals.calls_total, 14);
  EXPECT_EQ(totals.calls_failed, 1);
}

TEST(SessionLedger, ShowsWhatIsOpen) {
  SessionLedger ledger, another;
  FakeSession first(&ledger, FakeSession::kIdle), elsewhere(&another, FakeSession::kIdle),
      second(&ledger, FakeSession::kProcess);
  EXPECT_LT(first.number(), elsewhere.number()) << "no two connections have the same";
  EXPECT_LT(elsewhere.number(), second.number());
  EXPECT_EQ(ledger.Numbers(), (std::vector<int64_t>{first.number(), second.number()}));

  first.counters.open = true;
  first.counters.dialect = 6;
  first.counters.received_bytes = 100;
  first.counters.sent_bytes = 200;
  first.counters.calls = 3;
  first.counters.calls_failed = 2;
  const std::optional<ConnectionRecord> shown = ledger.Get(first.number());
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->number, first.number());
  EXPECT_EQ(shown->peer, "127.0.0.1:53422");
  EXPECT_FALSE(shown->authenticating);
  EXPECT_FALSE(shown->busy);
  EXPECT_EQ(shown->dialect, 6);
  EXPECT_EQ(shown->received_bytes, 100);
  EXPECT_EQ(shown->sent_bytes, 200);
  EXPECT_EQ(shown->calls_total, 3);
  EXPECT_EQ(shown->calls_failed, 2);
  EXPECT_EQ(shown->process_id, 0);
  EXPECT_FALSE(shown->end.has_value());

  const std::optional<ConnectionRecord> other = ledger.Get(second.number());
  EXPECT_TRUE(other->authenticating);
  EXPECT_TRUE(other->busy);
  EXPECT_EQ(other->process_id, 4711);
  EXPECT_FALSE(ledger.Get(elsewhere.number()).has_value());
}

TEST(SessionLedger, KnowsHowTheLastOnesEnded) {
  SessionLedger ledger;
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < SessionLedger::kEndsKept + 1; ++i) {
    FakeSession session(&ledger, FakeSession::kIdle);
    session.counters.calls = static_cast<int64_t>(i);
    numbers.push_back(session.number());
    ledger.Ended(session.number(), absl::UnavailableError("broken")).IgnoreError();
  }
  const std::vector<ConnectionRecord> ends = ledger.Ends();
  ASSERT_EQ(ends.size(), SessionLedger::kEndsKept);
  EXPECT_EQ(ends.front().number, numbers.back()) << "newest first";
  EXPECT_EQ(ends.front().calls_total, static_cast<int64_t>(SessionLedger::kEndsKept));
  EXPECT_EQ(ends.front().end->status, absl::UnavailableError("broken"));
  EXPECT_GT(ends[0].end->number, ends[1].end->number);
  EXPECT_TRUE(ledger.Get(numbers[1]).has_value());
  EXPECT_FALSE(ledger.Get(numbers[0]).has_value()) << "too long ago";
}

TEST(SessionLedger, Closes) {
  SessionLedger ledger;
  FakeSession idle(&ledger, FakeSession::kIdle), busy(&ledger, FakeSession::kBusy),
      process(&ledger, FakeSession::kProcess);
  // An idle session ends at once.
  const std::optional<ConnectionRecord> first = ledger.Close(idle.number(), absl::Hours(1));
  ASSERT_TRUE(first.has_value() && first->end.has_value());
  EXPECT_EQ(first->end->status, absl::CancelledError("closed by an operator"));
  EXPECT_EQ(ledger.Close(busy.number(), absl::ZeroDuration())->end->status,
            absl::CancelledError("closed by an operator"));
  EXPECT_EQ(ledger.Close(process.number(), absl::ZeroDuration())->end->status,
            absl::CancelledError("closed by an operator; its process had to be killed"));
  EXPECT_EQ(ledger.open(), 0);
  // A second call returns the same.
  EXPECT_EQ(ledger.Close(idle.number(), absl::ZeroDuration())->end->status,
            absl::CancelledError("closed by an operator"));
  EXPECT_FALSE(ledger.Close(process.number() + 1, absl::ZeroDuration()).has_value());
}

TEST(SessionLedger, ACallThatTakesNoNoticeIsStillThere) {
  SessionLedger ledger;
  FakeSession stuck(&ledger, FakeSession::kStuck);
  const std::optional<ConnectionRecord> record = ledger.Close(stuck.number(), absl::ZeroDuration());
  ASSERT_TRUE(record.has_value());
  EXPECT_FALSE(record->end.has_value());
  EXPECT_EQ(ledger.open(), 1);
  EXPECT_EQ(ledger.Ended(stuck.number(), absl::OkStatus()),
            absl::CancelledError("closed by an operator"));
}

}  // namespace
}  // namespace rpyc
