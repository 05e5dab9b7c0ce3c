#include "server/session_ledger.h"

#include <gtest/gtest.h>

namespace rpyc {
namespace {

TEST(SessionLedger, SumsLiveAndEnded) {
  SessionLedger ledger;
  ConnectionCounters first, second;
  ledger.Began(&first);
  ledger.Began(&second);
  first.calls = 3;
  first.calls_failed = 1;
  second.calls = 10;
  ledger.Refused();
  ledger.Ended(&first);
  second.calls = 11;

  const SessionLedger::Totals totals = ledger.totals();
  EXPECT_EQ(ledger.open(), 1);
  EXPECT_EQ(totals.connections_open, 1);
  EXPECT_EQ(totals.connections_total, 2);
  EXPECT_EQ(totals.connections_refused, 1);
  EXPECT_EQ(totals.calls_total, 14);
  EXPECT_EQ(totals.calls_failed, 1);
}

}  // namespace
}  // namespace rpyc
