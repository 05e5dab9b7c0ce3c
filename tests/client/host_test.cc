// The C++ client against a host of ours, in one process.
#include "server/host.h"

#include <unistd.h>

#include <atomic>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/bg_serving_thread.h"
#include "client/client.h"
#include "examples/callback.h"
#include "examples/compute.h"
#include "examples/echo.h"
#include "examples/test_service.h"
#include "gtest/gtest.h"
#include "rpyc/async_result.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/buffer.h"
#include "rpyc/cast/listener.h"
#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"
#include "rpyc/netref.h"
#include "rpyc/service.h"
#include "rpyc/value.h"
#include "tests/client/counter.h"

namespace rpyc {
namespace {

// Protects against a hang; no test needs that long.
constexpr absl::Duration kDeadline = absl::Seconds(20);

enum class Mode { kOff, kOn };
void RpycExpose(EnumDef<Mode>& e) { e.Members({{"OFF", Mode::kOff}, {"ON", Mode::kOn}}); }

struct Range {
  double low = 0;
  Mode mode = Mode::kOff;
  friend void RpycExpose(StructDef<Range>& s) {
    s.Field("low", &Range::low).Field("mode", &Range::mode, Mode::kOn);
  }
};
// An exception that both programs have.
class LimitError : public std::runtime_error {
 public:
  LimitError(const std::string& what, int limit) : std::runtime_error(what), limit(limit) {}
  const int limit;
};
// Both programs describe it in the same way.
void TranslateLimits(Service& service) {
  service.Translate<LimitError>(
      "lab.LimitError", ErrorAttribute("limit", &LimitError::limit),
      Rebuild([](const RemoteError& error) {
        const Value* limit = error.attribute("limit");
        const int64_t* number = limit == nullptr ? nullptr : limit->AsInt();
        return LimitError(error.message(), number == nullptr ? 0 : static_cast<int>(*number));
      }));
}

// KEEPER does the tests' part at the host's end.
struct Keeper {
  std::shared_ptr<std::atomic<int>> alive = std::make_shared<std::atomic<int>>(0);
  Netref kept;                     // of one client at a time
  std::promise<std::string> gone;  // the client of a listener
  Listeners<void(int)> listeners{
      {.on_gone = [this](const std::string& client) { gone.set_value(client); }}};

  Service service(std::promise<void>* waits) {
    Service service("KEEPER");
    TranslateLimits(service);
    return service.Expose("keep", [this](const Netref& x) { kept = x; })
        .Expose("add_to_kept", [this](int n) { return kept["add"](n).as<int>(); })
        .Expose("kept", [this] { return kept; })
        .Expose("drop", [this] { kept = Netref(); })
        .Expose("counter", [this] { return std::make_shared<Counter>(alive); })
        .Expose("mode", [](Mode mode) { return mode; })
        .Expose("range", [](Range range) { return range; })
        .Expose("samples", [](Buffer<double> samples) { return samples; })
        .Expose("limit", [](int limit) { throw LimitError("too far", limit); })
        .Expose("call",
                [](const std::function<void()>& f) {
                  try {
                    f();
                  } catch (const LimitError& error) {
                    throw LimitError(absl::StrCat("again: ", error.what()), error.limit + 1);
                  }
                })
        .Expose("listen", [this](const Listener<void(int)>& added) { listeners.Add(added); })
        .Expose("fail", [](const std::string& text) { throw KeyError(text); })
        .Expose("fail_as_cpp_does", []() -> int { throw std::runtime_error("too hot"); })
        .Expose("wait", [waits](const CallContext& context) {
          waits->set_value();
          const absl::Time give_up = absl::Now() + kDeadline;
          while (!context.cancelled() && absl::Now() < give_up)
            absl::SleepFor(absl::Milliseconds(1));
          return context.cancelled();
        });
  }
};

struct How {
  int dialect;  // 0: found out
  bool unix_socket;
};

class ClientOfOurHost : public testing::TestWithParam<How> {
 protected:
  void SetUp() override {
    HostOptions options;
    options.services = {examples::Callback(), examples::Compute(), examples::Echo(),
                        examples::TestService(), keeper_.service(&waits_)};
    for (const Service& service : options.services) {
      ServerOptions server{.kind = "threaded", .service = service.name()};
      if (GetParam().unix_socket) {
        server.socket_path = absl::StrCat("/tmp/rpychost-", ::getpid(), "-", service.name());
      }
      options.servers.push_back(server);
    }
    absl::StatusOr<std::unique_ptr<Host>> host = Host::Start(std::move(options));
    ASSERT_TRUE(host.ok()) << host.status();
    host_ = *std::move(host);
  }

  absl::StatusOr<Client> ConnectTo(const std::string& service, ClientOptions options = {}) {
    options.config.dialect = GetParam().dialect;
    for (const auto& server : host_->servers().ListServers(false)) {
      if (server.options.service != service) continue;
      if (GetParam().unix_socket) return ConnectUnix(server.snapshot.socket_path, options);
      return Connect(server.snapshot.hostname, server.snapshot.port, options);
    }
    return absl::NotFoundError(service);
  }

  Keeper keeper_;
  std::promise<void> waits_;  // KEEPER.wait has begun
  std::unique_ptr<Host> host_;
};

TEST_P(ClientOfOurHost, TheExampleServices) {
  const Client test = ConnectTo("TEST").value();
  EXPECT_EQ(test.dialect(), GetParam().dialect == 0 ? 6 : GetParam().dialect);
  EXPECT_TRUE(test.Ping(kDeadline).ok());
  EXPECT_EQ(test.root()["test_function"]().as<std::string>(), "Test successful");
  EXPECT_EQ(test.root()["get_service_name"]().as<std::string>(), "TEST");

  const Client echo = ConnectTo("ECHO").value();
  const std::tuple<int, std::string, double> plain(1, "\u00e9", 2.5);
  EXPECT_EQ((echo.root()["echo"](plain).as<std::tuple<int, std::string, double>>()), plain);
  EXPECT_EQ(echo.root()["echo"](Arg("x") = std::string(100'000, 'x')).as<std::string>().size(),
            100'000u);
  const auto counter = std::make_shared<Counter>(keeper_.alive);
  EXPECT_EQ(echo.root()["echo"](counter).as<std::shared_ptr<Counter>>(), counter);
  EXPECT_EQ(echo.root()["add"](1, 2.5).as<double>(), 3.5);

  const Client compute = ConnectTo("COMPUTE").value();
  EXPECT_EQ(compute.root()["heavy_computation"](std::tuple(1, 2, 3)).as<int>(), 6);
  EXPECT_EQ(compute.root()["heavy_computation"](List({4, 5})).as<int>(), 9);

  const Client callback = ConnectTo("CALLBACK").value();
  const auto twice = [](int x) { return 2 * x; };
  EXPECT_EQ(callback.root()["call"](twice, 4).as<int>(), 8);
  EXPECT_EQ(callback.root()["map"](twice, std::tuple(1, 2)).Repr(), "(2, 4)");
  EXPECT_EQ(callback
                .root()["map"](twice, Iterator([i = 0]() mutable {
                                 return i < 3 ? std::optional(++i) : std::nullopt;
                               }))
                .Repr(),
            "(2, 4, 6)");
}

TEST_P(ClientOfOurHost, EnumerationsStructsAndBuffersAreTheSameAtBothEnds) {
  const Client client = ConnectTo("KEEPER").value();
  const Netref mode = client.root()["mode"];
  EXPECT_EQ(mode(Mode::kOn).as<Mode>(), Mode::kOn);
  EXPECT_EQ(mode("OFF").as<Mode>(), Mode::kOff);
  EXPECT_EQ(mode(1).as<int>(), 1);
  EXPECT_EQ(mode(1)["name"].as<std::string>(), "ON");
  const Netref range = client.root()["range"];
  EXPECT_EQ(range(Range{.low = 2, .mode = Mode::kOff}).as<Range>().low, 2);
  EXPECT_EQ(range(Range{.low = 2, .mode = Mode::kOff}).as<Range>().mode, Mode::kOff);
  EXPECT_EQ(range(Dict{{"low", 3}}).as<Range>().mode, Mode::kOn);
  EXPECT_EQ(range(std::tuple(3)).Repr(), "Range(low=3.0, mode=<Mode.ON: 1>)");
  const std::vector<double> samples = {1, 2.5};
  const auto back = client.root()["samples"](Buffer(samples)).as<Buffer<double>>();
  EXPECT_EQ(std::vector<double>(back.begin(), back.end()), samples);
}

TEST_P(ClientOfOurHost, CallbacksNest) {
  const Client client = ConnectTo("CALLBACK").value();
  const Netref call = client.root()["call"].as<Netref>();
  int deepest = 0;
  std::function<int(Netref, int)> step = [&](const Netref& back, int depth) {
    deepest = std::max(deepest, depth);
    return depth == 10 ? 0 : 1 + back(step, back, depth + 1).as<int>();
  };
  EXPECT_EQ(call(step, call, 0).as<int>(), 10);
  EXPECT_EQ(deepest, 10);
  BgServingThread serving(client);
  EXPECT_EQ(call(step, call, 0).as<int>(), 10);
}

TEST_P(ClientOfOurHost, EachEndLetsGoOfTheOthersObjects) {
  const Client client = ConnectTo("KEEPER").value();
  client.root()["keep"](std::make_shared<Counter>(keeper_.alive)).as<void>();
  EXPECT_EQ(*keeper_.alive, 1);  // the host's alone
  EXPECT_EQ(client.root()["add_to_kept"](3).as<int>(), 3);
  EXPECT_EQ(client.root()["kept"]().as<std::shared_ptr<Counter>>()->Add(1), 4);
  client.root()["drop"]().as<void>();
  EXPECT_TRUE(client.Ping(kDeadline).ok());  // its DEL has come by now
  EXPECT_EQ(*keeper_.alive, 0);
  {
    const Netref counter = client.root()["counter"]().as<Netref>();
    EXPECT_EQ(counter["add"](2).as<int>(), 2);
    EXPECT_EQ(*keeper_.alive, 1);
  }
  // The releases leave with the first request, or after it.
  EXPECT_TRUE(client.Ping(kDeadline).ok());
  EXPECT_TRUE(client.Ping(kDeadline).ok());
  EXPECT_EQ(*keeper_.alive, 0);
}

TEST_P(ClientOfOurHost, ExceptionsArriveWithTheirTraceback) {
  const Client client = ConnectTo("KEEPER").value();
  try {
    client.root()["fail"]("gone").as<void>();
    ADD_FAILURE() << "nothing raised";
  } catch (const RemoteError& error) {
    EXPECT_TRUE(error.Is("KeyError"));
    EXPECT_EQ(error.args().at(0), Value("gone"));
    EXPECT_TRUE(error.from_peer());
    EXPECT_TRUE(absl::StrContains(error.traceback(), "KeyError: 'gone'")) << error.traceback();
  }
  const absl::Status status = client.root()["fail_as_cpp_does"]().status();
  EXPECT_TRUE(absl::StrContains(ToException(status).Summary(), "RuntimeError: too hot"));

  // The exception is raised here, seen at the host, and comes back.
  const Client callback = ConnectTo("CALLBACK").value();
  const absl::Status through =
      callback.root()["call"]([]() -> int { throw ValueError("mine"); }).status();
  EXPECT_TRUE(absl::StrContains(ToException(through).Summary(), "ValueError: mine"));
}

TEST_P(ClientOfOurHost, AnExceptionOfTheProgramsIsThrownAtBothEnds) {
  ClientOptions options;
  TranslateLimits(options.service.emplace("CLIENT"));
  const Client client = ConnectTo("KEEPER", options).value();
  try {
    client.root()["limit"](10).as<void>();
    ADD_FAILURE() << "nothing raised";
  } catch (const LimitError& error) {
    EXPECT_STREQ(error.what(), "too far");
    EXPECT_EQ(error.limit, 10);
    try {
      std::rethrow_if_nested(error);
      ADD_FAILURE() << "nothing nested";
    } catch (const RemoteError& remote) {
      EXPECT_TRUE(remote.Is("lab", "LimitError"));
      EXPECT_TRUE(absl::StrContains(remote.traceback(), "lab.LimitError: too far"));
    }
  }
  EXPECT_THROW(client.root().Function<void(int)>("limit")(10), LimitError);
  EXPECT_THROW(Async(client.root()["limit"])(10).as<void>(), LimitError);
  EXPECT_FALSE(client.root()["limit"](10).get<int>().ok()) << "without throwing";
  // The exception is thrown here, caught and thrown again at the host, and comes back.
  try {
    client.root()["call"]([] { throw LimitError("mine", 1); }).as<void>();
    ADD_FAILURE() << "nothing raised";
  } catch (const LimitError& error) {
    EXPECT_STREQ(error.what(), "again: mine");
    EXPECT_EQ(error.limit, 2);
  }
  // This client does not know the exception.
  const Client other = ConnectTo("KEEPER").value();
  EXPECT_THROW(other.root()["limit"](10).as<void>(), RemoteError);
}

TEST_P(ClientOfOurHost, AListenerIsToldAndThenGone) {
  std::promise<int> told;
  {
    Client client = ConnectTo("KEEPER").value();
    const BgServingThread serving(client);
    client.root()["listen"]([&told](int n) { told.set_value(n); }).as<void>();
    keeper_.listeners(7);
    EXPECT_EQ(told.get_future().get(), 7);
    EXPECT_EQ(keeper_.listeners.size(), 1u);
  }
  EXPECT_NE(keeper_.gone.get_future().get(), "");
  EXPECT_TRUE(keeper_.listeners.empty());
}

TEST_P(ClientOfOurHost, ClosingWhileAnotherThreadWaits) {
  Client client = ConnectTo("KEEPER").value();
  auto waiting =
      std::async(std::launch::async, [root = client.root()] { return root["wait"]().status(); });
  waits_.get_future().wait();
  client.Close();
  const absl::Status status = waiting.get();
  EXPECT_TRUE(absl::StrContains(ToException(status).Summary(), "EOFError")) << status;
  EXPECT_TRUE(client.closed());
}

TEST_P(ClientOfOurHost, TheHostClosesWhileTheClientWaits) {
  const Client client = ConnectTo("KEEPER").value();
  const AsyncResult result = Async(client.root()["wait"])();
  waits_.get_future().wait();
  auto closing = std::async(std::launch::async, [&] { host_->Close(absl::ZeroDuration()); });
  const absl::Status status = result.value().status();
  EXPECT_TRUE(absl::StrContains(ToException(status).Summary(), "EOFError")) << status;
  EXPECT_TRUE(client.closed());
  closing.wait();
}

std::string Name(const testing::TestParamInfo<How>& info) {
  return absl::StrCat(
      info.param.dialect == 0 ? "FoundOut" : absl::StrCat("Told", info.param.dialect),
      info.param.unix_socket ? "Unix" : "Tcp");
}

INSTANTIATE_TEST_SUITE_P(Host, ClientOfOurHost,
                         testing::Values(How{0, false}, How{5, false}, How{6, false}, How{0, true},
                                         How{5, true}, How{6, true}),
                         Name);

}  // namespace
}  // namespace rpyc
