// The test has a main of its own, because the zygote is forked while there is one thread.

#include "server/start_zygote.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "rpyc/service.h"
#include "server/host.h"
#include "server/reason.h"
#include "server/server.h"
#include "server/testing/caller.h"
#include "server/thread.h"

namespace rpyc {
namespace {

// Every process sees it, because it is made before them.
struct Shared {
  std::atomic<int> began{0};
  std::atomic<int> ended{0};
  std::atomic<int> disconnected{0};
  std::atomic<int> staying{0};
};
Shared* shared = nullptr;
std::shared_ptr<Zygote> zygote;

// A root that all clients share if they share memory.
struct Tally {
  int count = 0;
  int Add() { return ++count; }
  friend void RpycExpose(ClassDef<Tally>& c) { c.Expose("add", &Tally::Add); }
};

int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t mapped_pages = 0, resident_pages = 0;
  statm >> mapped_pages >> resident_pages;
  return resident_pages * ::sysconf(_SC_PAGESIZE);
}

std::vector<Service> Services() {
  return {Service("WHO")
              .Expose("pid", [] { return static_cast<int64_t>(::getpid()); })
              .Expose("resident_bytes", &ResidentBytes)
              .Expose("fail", []() -> int { throw std::invalid_argument("as asked"); })
              .Expose("stay",
                      [] {
                        ++shared->staying;
                        absl::SleepFor(absl::Seconds(60));
                      })
              .OnDisconnect([] { ++shared->disconnected; }),
          Service::Shared("TALLY", std::make_shared<Tally>()),
          Service("LOOPED").RunOn([](std::function<void()> task) { task(); })};
}

// A session that is counted in any process.
class CountedSession : public Session {
 public:
  explicit CountedSession(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  const std::string& peer() const override { return session_->peer(); }
  absl::Status ServeAll() override {
    ++shared->began;
    absl::Status end = session_->ServeAll();
    ++shared->ended;
    return end;
  }
  void ServeBy(Arm arm) override { session_->ServeBy(std::move(arm)); }
  std::optional<absl::Status> ServeArrived(int most) override {
    return session_->ServeArrived(most);
  }
  void Drain(absl::Time deadline) override { session_->Drain(deadline); }
  void Shutdown() override { session_->Shutdown(); }
  bool busy() const override { return session_->busy(); }

 private:
  const std::shared_ptr<Session> session_;
};

// A kind of its own, whose sessions are counted.
class CountingKind : public ServerKind {
 public:
  explicit CountingKind(std::unique_ptr<ServerKind> base) : base_(std::move(base)) {}
  absl::Status Start(const KindContext& context) override {
    KindContext counted = context;
    counted.make_session = [make_session = context.make_session](Socket socket) {
      return std::make_shared<CountedSession>(make_session(std::move(socket)));
    };
    return base_->Start(counted);
  }
  absl::Status Admit(Socket socket) override { return base_->Admit(std::move(socket)); }
  absl::Status Drain(absl::Time deadline) override { return base_->Drain(deadline); }
  ServerKindStats Stats() const override { return base_->Stats(); }

 private:
  const std::unique_ptr<ServerKind> base_;
};

ServerKindTable Kinds() {
  const ServerKindTable builtin = BuiltinServerKinds();
  std::vector<ServerKindInfo> rows = builtin.rows();
  ServerKindInfo counting = *builtin.Find("forking");
  counting.make = [make = counting.make] { return std::make_unique<CountingKind>(make()); };
  counting.name = "counting";
  rows.push_back(std::move(counting));
  return ServerKindTable(std::move(rows));
}

absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options,
                                              std::shared_ptr<Zygote> with = zygote) {
  if (options.kind.empty()) options.kind = "forking";
  for (const Service& service : Services()) {
    if (service.name() == options.service) {
      return Server::Start(
          options, service, Kinds(), std::make_shared<Watcher>(), [] {}, std::move(with));
    }
  }
  return Server::Start(
      options, Service(options.service), Kinds(), std::make_shared<Watcher>(), [] {},
      std::move(with));
}

template <typename Condition>
void Eventually(Condition condition) {
  const absl::Time give_up = absl::Now() + absl::Seconds(30);
  while (!condition()) {
    ASSERT_LT(absl::Now(), give_up);
    absl::SleepFor(absl::Milliseconds(1));
  }
}

int64_t PidOf(Caller& caller) {
  const absl::StatusOr<Value> pid = caller.Call("pid");
  EXPECT_TRUE(pid.ok()) << pid.status();
  return pid.ok() ? *pid->AsInt() : 0;
}

TEST(StartZygoteTest, EachConnectionHasAProcess) {
  const auto server = Start({.service = "WHO"});
  ASSERT_TRUE(server.ok()) << server.status();
  Caller one((*server)->Snapshot()), other((*server)->Snapshot());
  const int64_t pid = PidOf(one);
  EXPECT_NE(pid, ::getpid());
  EXPECT_NE(pid, PidOf(other));
  EXPECT_EQ(pid, PidOf(one));
}

TEST(StartZygoteTest, WhatTheHostHasIsNotInThem) {
  const std::vector<char> large(100 << 20, 'x');
  ASSERT_GT(ResidentBytes(), static_cast<int64_t>(large.size()));
  const auto server = Start({.service = "WHO"});
  ASSERT_TRUE(server.ok()) << server.status();
  Caller caller((*server)->Snapshot());
  const absl::StatusOr<Value> resident = caller.Call("resident_bytes");
  ASSERT_TRUE(resident.ok()) << resident.status();
  EXPECT_LT(*resident->AsInt(), static_cast<int64_t>(large.size()));
}

TEST(StartZygoteTest, CallsAreCountedInPlace) {
  const auto server = Start({.service = "WHO"});
  ASSERT_TRUE(server.ok()) << server.status();
  {
    Caller one((*server)->Snapshot()), other((*server)->Snapshot());
    for (int i = 0; i < 5; ++i) PidOf(one);
    EXPECT_FALSE(other.Call("fail").ok());
    // A process may count a call after it has sent the answer.
    Eventually([&] { return (*server)->Snapshot().calls_total == 6; });
    EXPECT_EQ((*server)->Snapshot().calls_failed, 1);
    EXPECT_EQ((*server)->Snapshot().connections_open, 2);
  }
  Eventually([&] { return (*server)->Snapshot().connections_open == 0; });
  EXPECT_EQ((*server)->Snapshot().connections_total, 2);
  EXPECT_EQ((*server)->Snapshot().calls_total, 6) << "also when they have gone";
}

TEST(StartZygoteTest, AKindAroundItStandsAroundEachClient) {
  shared->began = shared->ended = 0;
  const auto server = Start({.kind = "counting", .service = "WHO"});
  ASSERT_TRUE(server.ok()) << server.status();
  {
    Caller one((*server)->Snapshot()), other((*server)->Snapshot());
    PidOf(one);
    PidOf(other);
    EXPECT_EQ(shared->began, 2);
    EXPECT_EQ(shared->ended, 0);
  }
  Eventually([] { return shared->ended == 2; });
}

TEST(StartZygoteTest, ASharedObjectIsACopyForEach) {
  const auto server = Start({.service = "TALLY"});
  ASSERT_TRUE(server.ok()) << server.status();
  for (int i = 0; i < 3; ++i) {
    Caller caller((*server)->Snapshot());
    EXPECT_EQ(*caller.Call("add"), Value(1));
    EXPECT_EQ(*caller.Call("add"), Value(2));
  }
}

TEST(StartZygoteTest, CloseLetsAnIdleOneSayGoodbyeAndKillsOneThatStays) {
  shared->disconnected = 0;
  const auto server = Start({.service = "WHO"});
  ASSERT_TRUE(server.ok()) << server.status();
  Caller idle((*server)->Snapshot()), stuck((*server)->Snapshot());
  const int64_t idle_pid = PidOf(idle), stuck_pid = PidOf(stuck);
  stuck.Send("stay");
  Eventually([] { return shared->staying == 1; });
  (*server)->Close(absl::Milliseconds(200));
  EXPECT_TRUE(idle.Ended());
  EXPECT_TRUE(stuck.Ended());
  EXPECT_EQ(shared->disconnected, 1);
  EXPECT_EQ((*server)->Snapshot().abandoned_calls, 0);
  EXPECT_EQ((*server)->Snapshot().connections_open, 0);
  for (const int64_t pid : {idle_pid, stuck_pid}) {
    EXPECT_NE(::kill(static_cast<pid_t>(pid), 0), 0) << "it has been reaped";
  }
}

TEST(StartZygoteTest, MaxSessions) {
  const auto server = Start({.service = "WHO", .max_sessions = 1});
  ASSERT_TRUE(server.ok()) << server.status();
  for (int i = 0; i < 3; ++i) {
    {
      Caller one((*server)->Snapshot());
      PidOf(one);
      Caller too_many((*server)->Snapshot());
      EXPECT_TRUE(too_many.Ended());
    }
    Eventually([&] { return (*server)->Snapshot().connections_open == 0; });
  }
}

TEST(StartZygoteTest, HostsShareOne) {
  for (int i = 0; i < 2; ++i) {
    HostOptions options = {.services = Services(), .kinds = Kinds(), .zygote = zygote};
    options.servers = {{.kind = "forking", .service = "WHO"}};
    const auto one = Host::Start(options), other = Host::Start(options);
    ASSERT_TRUE(one.ok() && other.ok()) << one.status() << other.status();
    for (const auto* host : {&one, &other}) {
      Caller caller((**host)->servers().ListServers(false).front().snapshot);
      PidOf(caller);
    }
  }
}

void Unavailable(const absl::Status& status, const std::string& says) {
  EXPECT_EQ(GetReason(status).reason, "KIND_UNAVAILABLE") << status;
  EXPECT_NE(status.message().find(says), absl::string_view::npos) << status;
}

TEST(StartZygoteTest, NoZygote) {
  Unavailable(Start({.service = "WHO"}, nullptr).status(), "StartZygote");
}

TEST(StartZygoteTest, AServiceThatTheZygoteDoesNotHave) {
  Unavailable(Start({.service = "LATER"}).status(), "without the service LATER");
}

TEST(StartZygoteTest, CallsOnALoopOfTheProgramsOwn) {
  Unavailable(Start({.service = "LOOPED"}).status(), "RunOn");
}

TEST(StartZygoteTest, AProgramThatHasThreads) {
  const auto done = std::make_shared<absl::Notification>();
  ASSERT_TRUE(StartThread([done] { done->WaitForNotification(); }).ok());
  EXPECT_EQ(StartZygote(Services()).status().code(), absl::StatusCode::kFailedPrecondition);
  done->Notify();
}

}  // namespace
}  // namespace rpyc

int main(int argc, char** argv) {
  using rpyc::shared;
  ::testing::InitGoogleTest(&argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  shared = new (::mmap(nullptr, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0)) rpyc::Shared();
  auto started = rpyc::StartZygote(rpyc::Services(), rpyc::Kinds());
  if (!started.ok()) {
    std::cerr << started.status() << "\n";
    return 1;
  }
  rpyc::zygote = *std::move(started);
  const int result = RUN_ALL_TESTS();
  rpyc::zygote.reset();
  return result;
}
