// cpp_client: the C++ client against one server of FIXTURE, over one connection. Prints a line for
// each check, "ok NAME" or "FAILED NAME: why". Exit 0: all are ok; 1: some are not, or it could not
// connect; 2: the flags make no sense.

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/bg_serving_thread.h"
#include "client/client.h"
#include "rpyc/async_result.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"
#include "rpyc/netref.h"
#include "rpyc/service.h"
#include "rpyc/transport/tls_options.h"

namespace conformance {
namespace {

using rpyc::Arg;
using rpyc::Client;
using rpyc::Netref;

constexpr absl::Duration kDeadline = absl::Seconds(20);  // guards against a hang

void Expect(bool condition, absl::string_view what) {
  if (!condition) throw std::runtime_error(std::string(what));
}

template <typename T>
void ExpectSame(const T& got, const T& wanted, absl::string_view what) {
  Expect(got == wanted, what);
}

// What a call must raise.
void ExpectRaises(absl::string_view name, const Netref& result) {
  const absl::Status status = result.status();
  Expect(!status.ok(), absl::StrCat(name, " was not raised"));
  const std::string summary = rpyc::ToException(status).Summary();
  Expect(absl::StrContains(summary, name), absl::StrCat(summary, " is not a ", name));
}

// An object of ours; counts how many there are.
class Counter {
 public:
  explicit Counter(std::atomic<int>* alive) : alive_(alive) { ++*alive_; }
  ~Counter() { --*alive_; }
  int Add(int n) { return count_ += n; }

  friend void RpycExpose(rpyc::ClassDef<Counter>& c) { c.Expose("add", &Counter::Add, Arg("n")); }

 private:
  std::atomic<int>* const alive_;
  int count_ = 0;
};

void Pings(const Client& client) {
  Expect(client.Ping(kDeadline).ok(), "ping");
  ExpectSame<std::string>(client.root()["get_service_name"]().as<std::string>(), "FIXTURE", "name");
}

void SendsValues(const Client& client) {
  const Netref echo = client.root()["echo"].as<Netref>();
  using Mixed = std::tuple<int64_t, std::string, double, bool, std::tuple<>>;
  const Mixed mixed(int64_t{1} << 62, "\u00e9\U0001f600", -0.5, true, {});
  ExpectSame(echo(mixed).as<Mixed>(), mixed, "a tuple");
  Expect(echo(rpyc::Value()).is_none(), "None");
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{3000}, size_t{64'000}, size_t{3'000'000}}) {
    std::string text(size, 'x');
    for (size_t i = 0; i < size; i += 7) text[i] = static_cast<char>('a' + i % 23);
    ExpectSame(echo(text).as<std::string>(), text, absl::StrCat("text of ", size));
  }
}

void PassesArguments(const Client& client) {
  const Netref root = client.root();
  using Three = std::tuple<int, int, std::string>;
  ExpectSame(root["defaults"](1).as<Three>(), Three(1, 2, "three"), "defaults");
  ExpectSame(root["defaults"](1, Arg("c") = "x").as<Three>(), Three(1, 2, "x"), "by keyword");
  ExpectRaises("TypeError", root["defaults"]());
}

void SeesExceptions(const Client& client) {
  const Netref root = client.root();
  ExpectRaises("KeyError", root["fail"]("KeyError", "gone"));
  ExpectRaises("AttributeError", root["nosuch"]());
  ExpectSame(root["echo"](1).as<int>(), 1, "the connection after an exception");
}

void HoldsObjects(const Client& client) {
  const Netref root = client.root();
  ExpectSame(root["number"](5)["value"].as<int>(), 5, "an attribute of an object");
  const Netref sequence = root["sequence"](1, 2, 3).as<Netref>();
  ExpectSame<size_t>(sequence.Len(), 3, "len");
  ExpectSame(sequence.Item(1).as<int>(), 2, "an item");
  Expect(root["echo"](sequence).Is(sequence), "it comes back as itself");
}

void Iterates(const Client& client) {
  std::vector<int> squares;
  for (const Netref& item : client.root()["squares"](100).Items())
    squares.push_back(item.as<int>());
  ExpectSame<size_t>(squares.size(), 100, "how many");
  ExpectSame(squares.back(), 99 * 99, "the last");
}

void IsCalledBack(const Client& client) {
  const Netref callbacks = client.root()["callbacks"]().as<Netref>();
  ExpectSame(callbacks["typed"]([](int x) { return 3 * x; }, 4).as<int>(), 12, "a lambda");
  std::function<int(int)> down = [&](int n) {
    return n == 0 ? 0 : 1 + callbacks["typed"](down, n - 1).as<int>();
  };
  ExpectSame(callbacks["typed"](down, 10).as<int>(), 10, "calls within calls");
  ExpectRaises("ValueError", callbacks["call"]([]() -> int { throw rpyc::ValueError("mine"); }));
  ExpectSame(callbacks["total"](rpyc::List({1, 2, 3})).as<int>(), 6,
             "iterates over a list of ours");
}

void LetsGo(const Client& client) {
  std::atomic<int> alive = 0;
  const Netref callbacks = client.root()["callbacks"]().as<Netref>();
  callbacks["keep"](std::make_shared<Counter>(&alive)).as<void>();
  ExpectSame(alive.load(), 1, "the host holds it");
  callbacks["forget"]().as<void>();
  // What the host has dropped goes out with the answer or after it.
  for (int i = 0; i < 100 && alive > 0; ++i) Expect(client.Ping(kDeadline).ok(), "ping");
  ExpectSame(alive.load(), 0, "the host has let go");
}

void DoesNotWait(const Client& client) {
  const auto echo = rpyc::Async(client.root()["echo"].as<Netref>());
  std::vector<rpyc::AsyncResult> results;
  for (int i = 0; i < 200; ++i) results.push_back(echo(i));
  for (int i = 200; i-- > 0;) ExpectSame(results[i].as<int>(), i, "an answer");
}

void CallsFromThreads(const Client& client) {
  rpyc::BgServingThread serving(client);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int mark = 0; mark < 4; ++mark) {
    threads.emplace_back([&client, &wrong, mark] {
      const Netref root = client.root();
      for (int i = 0; i < 100; ++i) {
        if (root["echo"](std::pair(mark, i))
                .get<std::pair<int, int>>()
                .value_or(std::pair(-1, 0)) != std::pair(mark, i)) {
          ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ExpectSame(wrong.load(), 0, "an answer");
}

constexpr struct {
  const char* name;
  void (*check)(const Client& client);
} kChecks[] = {
    {"pings", &Pings},
    {"sends_values", &SendsValues},
    {"passes_arguments", &PassesArguments},
    {"sees_exceptions", &SeesExceptions},
    {"holds_objects", &HoldsObjects},
    {"iterates", &Iterates},
    {"is_called_back", &IsCalledBack},
    {"lets_go", &LetsGo},
    {"does_not_wait", &DoesNotWait},
    {"calls_from_threads", &CallsFromThreads},
};

struct Options {
  std::string address;
  rpyc::TlsClientOptions tls;
  rpyc::ClientOptions client;
};

absl::StatusOr<Client> ConnectTo(const Options& options) {
  constexpr absl::string_view kUnix = "unix:";
  if (absl::StartsWith(options.address, kUnix)) {
    return rpyc::ConnectUnix(options.address.substr(kUnix.size()), options.client);
  }
  constexpr absl::string_view kTls = "tls:";
  const bool tls = absl::StartsWith(options.address, kTls);
  const std::string address = options.address.substr(tls ? kTls.size() : 0);
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return absl::InvalidArgumentError("--address=HOST:PORT");
  const std::string host = address.substr(0, colon);
  const int port = std::atoi(address.c_str() + colon + 1);
  return tls ? rpyc::ConnectTls(host, port, options.tls, options.client)
             : rpyc::Connect(host, port, options.client);
}

// Whether every check is ok.
bool RunChecks(const Client& client) {
  bool ok = true;
  for (const auto& [name, check] : kChecks) {
    try {
      check(client);
      std::printf("ok %s\n", name);
    } catch (const std::exception& e) {
      std::printf("FAILED %s: %s\n", name, e.what());
      ok = false;
    }
    std::fflush(stdout);
  }
  return ok;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Checks the C++ client against a server of FIXTURE.");
  app.add_option("--address", options.address, "HOST:PORT, unix:PATH or tls:HOST:PORT.")
      ->required();
  app.add_option("--ca_certs", options.tls.ca_certs, "Who signed the server's certificate, PEM.");
  app.add_option("--keyfile", options.tls.keyfile, "With --certfile: what the client shows, PEM.");
  app.add_option("--certfile", options.tls.certfile);
  app.add_option("--dialect", options.client.config.dialect, "Of RPyC, 5 or 6; 0 finds out.")
      ->check(CLI::IsMember({0, 5, 6}));
  CLI11_PARSE(app, argc, argv);
  absl::StatusOr<Client> client = ConnectTo(options);
  if (!client.ok()) {
    std::fprintf(stderr, "cpp_client: %s\n", client.status().ToString().c_str());
    return 1;
  }
  return RunChecks(*client) ? 0 : 1;
}

}  // namespace
}  // namespace conformance

int main(int argc, char** argv) { return conformance::Main(argc, argv); }
