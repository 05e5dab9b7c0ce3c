// everyday_client does what an ordinary C++ program does with a server of EVERYDAY, RPyC's or ours,
// and counts the acknowledgements that the kernel delayed meanwhile. It prints a line of JSON for
// each pattern. It exits with 0 if all patterns could be done, with 1 if not, and with 2 if the
// flags make no sense.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/client.h"
#include "rpyc/async_result.h"
#include "rpyc/errors.h"
#include "rpyc/list.h"
#include "rpyc/netref.h"
#include "rpyc/transport/tls_options.h"

namespace everyday {
namespace {

using rpyc::Arg;
using rpyc::Client;
using rpyc::Netref;

// stall_client.py says why.
constexpr int kAttempts = 4;

void Expect(bool condition) {
  if (!condition) throw std::runtime_error("another answer was expected");
}

// This is an object of this client.
class Thing {
 public:
  friend void RpycExpose(rpyc::ClassDef<Thing>& c) {
    c.Property("name", [](const Thing&) { return "a thing"; });
  }
};

struct Pattern {
  const char* name;
  std::function<void(const Netref& root)> once;
};

std::vector<Pattern> Calls() {
  return {
      {"a call", [](const Netref& root) { Expect(root["add"](1, 2).as<int>() == 3); }},
      {"a call by keyword",
       [](const Netref& root) { Expect(root["scale"](3, Arg("factor") = 5).as<int>() == 15); }},
      {"a function held for one call",
       [](const Netref& root) {
         const Netref add = root["add"].as<Netref>();
         Expect(add(1, 2).as<int>() == 3);
       }},
      {"64 KiB",
       [](const Netref& root) {
         const std::string text(64 << 10, 'x');
         Expect(root["echo"](text).as<std::string>() == text);
       }},
      {"an exception", [](const Netref& root) { Expect(!root["fail"]("no").status().ok()); }},
      {"a burst of asynchronous calls",
       [](const Netref& root) {
         const rpyc::AsyncFunction add = rpyc::Async(root["add"].as<Netref>());
         std::vector<rpyc::AsyncResult> results;
         for (int i = 0; i < 20; ++i) results.push_back(add(i, 1));
         for (int i = 0; i < 20; ++i) Expect(results[i].as<int>() == i + 1);
       }},
  };
}

std::vector<Pattern> Objects() {
  return {
      {"an object made and dropped",
       [](const Netref& root) { Expect(root["basket"]("ada", 3)["count"].as<int>() == 3); }},
      {"objects made, held and dropped",
       [](const Netref& root) {
         std::vector<Netref> baskets;
         for (int i = 0; i < 10; ++i) baskets.push_back(root["basket"]("ada", 3).as<Netref>());
       }},
      {"an object's methods",
       [](const Netref& root) {
         const Netref basket = root["basket"]("ada", 3).as<Netref>();
         Expect(basket["put"](5).as<int>() == 5 && basket.Len() == 3 && !basket.Str().empty());
       }},
      {"iteration of a list",
       [](const Netref& root) {
         int count = 0;
         for (const Netref& item : root["numbers"](10).Items()) Expect(item.as<int>() == count++);
         Expect(count == 10);
       }},
      {"iteration of a generator",
       [](const Netref& root) {
         int count = 0;
         for (const Netref& item : root["generate"](10).Items()) Expect(item.as<int>() == count++);
         Expect(count == 10);
       }},
      {"items of a dict",
       [](const Netref& root) {
         const Netref table = root["table"](5).as<Netref>();
         Expect(table.Item("key3").as<int>() == 3);
       }},
  };
}

std::vector<Pattern> References() {
  return {
      {"a list of ours comes back",
       [](const Netref& root) { Expect(root["echo"](rpyc::List({1})).status().ok()); }},
      {"an object of ours comes back",
       [](const Netref& root) { Expect(root["echo"](std::make_shared<Thing>()).status().ok()); }},
      {"an object of ours is looked at",
       [](const Netref& root) {
         Expect(root["name_of"](std::make_shared<Thing>()).as<std::string>() == "a thing");
       }},
      {"a list of ours is iterated",
       [](const Netref& root) {
         Expect(root["total"](rpyc::List({1, 2, 3})).as<int>() == 6);
       }},
      {"a callback",
       [](const Netref& root) {
         Expect(root["call"]([](int x) { return x + 1; }, 1).as<int>() == 2);
       }},
      {"a callback that is called 10 times",
       [](const Netref& root) {
         Expect(root["call_often"]([](int i) { return i; }, 10).as<int>() == 45);
       }},
      {"a callback with a list",
       [](const Netref& root) {
         const auto second = [](const Netref& items) { return items.Item(1).as<int>(); };
         Expect(root["call_with_list"](second).as<int>() == 1);
       }},
      {"a callback that throws",
       [](const Netref& root) {
         const auto fails = []() -> int { throw rpyc::KeyError("no such thing"); };
         Expect(root["caught"](fails).as<std::string>() == "KeyError");
       }},
  };
}

// Returns the count of this network namespace, or -1 if the kernel does not say.
int64_t DelayedAcks() {
  std::ifstream file("/proc/self/net/netstat");
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    if (!absl::StartsWith(line, "TcpExt:")) continue;
    std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (names.empty()) {
      names = std::move(words);
      continue;
    }
    const size_t at = std::find(names.begin(), names.end(), "DelayedACKs") - names.begin();
    int64_t count;
    if (at < words.size() && absl::SimpleAtoi(words[at], &count)) return count;
  }
  return -1;
}

int64_t DelayedDuring(const std::function<void()>& once, int repeat) {
  const int64_t before = DelayedAcks();
  for (int i = 0; i < repeat; ++i) once();
  return DelayedAcks() - before;
}

void Count(const char* name, const std::function<void()>& once, int repeat) {
  once();
  int64_t fewest = DelayedDuring(once, repeat);
  for (int i = 1; i < kAttempts && fewest > 0; ++i) {
    fewest = std::min(fewest, DelayedDuring(once, repeat));
  }
  std::printf("{\"pattern\": \"%s\", \"delayed\": %ld}\n", name, static_cast<long>(fewest));
  std::fflush(stdout);
}

absl::StatusOr<Client> Connect(absl::string_view address, int dialect) {
  const bool secure = absl::ConsumePrefix(&address, "tls:");
  const std::vector<std::string> parts = absl::StrSplit(address, ':');
  int port = 0;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &port)) {
    return absl::InvalidArgumentError(absl::StrCat("not an address: ", address));
  }
  rpyc::ClientOptions options;
  options.config.dialect = dialect;
  if (!secure) return rpyc::Connect(parts[0], port, std::move(options));
  return rpyc::ConnectTls(parts[0], port, {}, std::move(options));
}

int Run(const std::string& address, int dialect, int repeat) {
  absl::StatusOr<Client> client = Connect(address, dialect);
  if (!client.ok()) {
    std::fprintf(stderr, "%s\n", client.status().ToString().c_str());
    return 1;
  }
  const Netref root = client->root();
  for (const std::vector<Pattern>& patterns : {Calls(), Objects(), References()}) {
    for (const Pattern& pattern : patterns) {
      try {
        Count(
            pattern.name, [&] { pattern.once(root); }, repeat);
      } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", pattern.name, e.what());
        return 1;
      }
    }
  }
  client->Close();
  return 0;
}

}  // namespace
}  // namespace everyday

int main(int argc, char** argv) {
  CLI::App app("What an ordinary C++ program does, and what the kernel delays meanwhile.");
  std::string address;
  int dialect = 0, repeat = 10;
  app.add_option("--address", address, "HOST:PORT, with TLS tls:HOST:PORT")->required();
  app.add_option("--dialect", dialect, "5 or 6");
  app.add_option("--repeat", repeat, "how often each is done");
  CLI11_PARSE(app, argc, argv);
  return everyday::Run(address, dialect, repeat);
}
