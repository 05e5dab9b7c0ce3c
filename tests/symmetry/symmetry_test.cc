// These tests use both ends of one connection at random: calls, callbacks, objects passed and
// dropped on either, from several threads. At the end each object that was sent has been given
// back, and no object is left. RPYC_SYMMETRY_SEED=N repeats a run (exactly with one thread, else as
// far as the scheduler lets it).

#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rpyc/connection.h"
#include "rpyc/dialect.h"
#include "rpyc/testing/memory_stream.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/socket.h"
#include "tests/symmetry/reference_ledger.h"
#include "tests/symmetry/symmetric_end.h"

namespace rpyc {
namespace {

constexpr int kRuns = 6;  // each run has its own seed
const absl::Duration kMaxWait = absl::Seconds(20);

struct Shape {
  std::string name;
  int threads = 1;  // threads that walk, at each end; if it is 1, only the left end's
  int steps = 60;   // steps of each thread
  Dialect dialect = Dialect::kV6;
  bool sockets = false;
  size_t max_objects = 1'000'000;
  bool abandons = false;
  bool breaks_connection = false;  // the connection ends in the middle

  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) {
    return out << shape.name;
  }
};

uint64_t FirstSeed() {
  if (const char* seed = std::getenv("RPYC_SYMMETRY_SEED")) {
    return std::strtoull(seed, nullptr, 10);
  }
  return std::random_device()();
}

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> MakeStreams(bool sockets) {
  if (!sockets) return MemoryStream::MakePair();
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  const auto stream = [](int fd) {
    return std::make_unique<SocketStream>(Socket(Fd(fd), "the other end", false));
  };
  return {stream(fds[0]), stream(fds[1])};
}

class SymmetryTest : public testing::TestWithParam<Shape> {
 protected:
  void Run(uint64_t seed) {
    const Shape& shape = GetParam();
    options_.config.dialect = shape.dialect == Dialect::kV6 ? 6 : 5;
    options_.limits.max_local_objects = shape.max_objects;
    ReferenceLedger ledger(shape.dialect);
    auto [mine, theirs] = MakeStreams(shape.sockets);
    const SymmetricEnd::Rules rules = {.abandons = shape.abandons};
    SymmetricEnd left("LEFT", ledger.Listen(0, std::move(mine)), &options_, rules);
    SymmetricEnd right("RIGHT", ledger.Listen(1, std::move(theirs)), &options_, rules);

    // The right end behaves as a server's. The left behaves as a client's, which has a thread to
    // serve with only when several threads walk; else its own requests serve it.
    std::thread server([&] {
      const absl::Status end = right.connection().ServeAll();
      EXPECT_TRUE(end.ok() || (shape.breaks_connection && absl::IsUnavailable(end))) << end;
    });
    ASSERT_EQ(left.connection().Open(), absl::OkStatus());
    std::thread background;
    if (shape.threads > 1) {
      background = std::thread([&] {
        while (left.connection().Serve(absl::InfiniteFuture())) {
        }
      });
    }

    std::seed_seq seeds{seed};
    std::vector<uint32_t> numbers(2 * shape.threads);
    seeds.generate(numbers.begin(), numbers.end());
    std::vector<std::thread> walkers;
    for (int i = 0; i < shape.threads; ++i) {
      walkers.emplace_back([&, i] { left.Walk(numbers[2 * i], shape.steps); });
      if (shape.threads == 1) break;
      walkers.emplace_back([&, i] { right.Walk(numbers[2 * i + 1], shape.steps); });
    }
    if (shape.breaks_connection) {
      while (left.visits() < 20) std::this_thread::yield();
      left.connection().Shutdown();
    }
    for (std::thread& walker : walkers) walker.join();

    if (!shape.breaks_connection) GiveEverythingBack(left, right, ledger);
    left.connection().Close();
    if (background.joinable()) background.join();
    server.join();
    left.Settle();
    right.Settle();
    EXPECT_EQ(left.tokens(), 0);
    EXPECT_EQ(right.tokens(), 0);
    EXPECT_GT(left.visits() + right.visits(), 0);
    for (SymmetricEnd* end : {&left, &right}) {
      EXPECT_EQ(absl::StrJoin(end->mistakes(), "\n"), "");
    }
    EXPECT_EQ(absl::StrJoin(ledger.breaches(), "\n"), "");
  }

  // What is dropped is given back with the next message; but a request that was abandoned, or that
  // reports its answer to a callback, may still be running.
  void GiveEverythingBack(SymmetricEnd& left, SymmetricEnd& right, const ReferenceLedger& ledger) {
    const absl::Time deadline = absl::Now() + kMaxWait;
    const auto all_back = [&] {
      return ledger.totals(0).held.empty() && ledger.totals(1).held.empty() && left.tokens() == 0 &&
             right.tokens() == 0;
    };
    do {
      left.Settle();
      right.Settle();
      ASSERT_EQ(left.Ping(), absl::OkStatus());
      if (GetParam().threads == 1) continue;  // no thread would answer the right end's
      ASSERT_EQ(right.Ping(), absl::OkStatus());
    } while (!all_back() && absl::Now() < deadline);
    for (int side : {0, 1}) {
      const ReferenceLedger::Totals totals = ledger.totals(side);
      EXPECT_GT(totals.sent, 0);
      EXPECT_EQ(totals.sent, totals.given_back) << "of the objects of side " << side;
      EXPECT_EQ(absl::StrJoin(totals.held, "\n"), "") << "of the objects of side " << side;
    }
    EXPECT_EQ(left.tokens(), 0);
    EXPECT_EQ(right.tokens(), 0);
  }

  Connection::Options options_;
};

TEST_P(SymmetryTest, NothingIsLeft) {
  const uint64_t first = FirstSeed();
  for (uint64_t seed = first; seed < first + kRuns && !HasFailure(); ++seed) {
    SCOPED_TRACE(absl::StrCat("to repeat: RPYC_SYMMETRY_SEED=", seed));
    std::printf("RPYC_SYMMETRY_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);  // a run that hangs needs it too
    Run(seed);
  }
}

std::vector<Shape> Shapes() {
  return {
      {.name = "OneThread"},
      {.name = "OneThreadDialect5", .dialect = Dialect::kV5},
      {.name = "OneThreadFewObjects", .max_objects = 6},
      {.name = "OneThreadSockets", .sockets = true},
      {.name = "Threads", .threads = 4},
      {.name = "ThreadsDialect5", .threads = 4, .dialect = Dialect::kV5},
      {.name = "ThreadsSockets", .threads = 4, .sockets = true},
      {.name = "ThreadsFewObjects", .threads = 4, .max_objects = 6},
      {.name = "ThreadsAbandon", .threads = 4, .abandons = true},
      {.name = "ThreadsAbandonSockets", .threads = 4, .sockets = true, .abandons = true},
      {.name = "Cut", .threads = 4, .steps = 1000, .breaks_connection = true},
      {.name = "CutSockets",
       .threads = 4,
       .steps = 1000,
       .sockets = true,
       .breaks_connection = true},
  };
}

INSTANTIATE_TEST_SUITE_P(Shapes, SymmetryTest, testing::ValuesIn(Shapes()),
                         [](const testing::TestParamInfo<Shape>& info) { return info.param.name; });

}  // namespace
}  // namespace rpyc
