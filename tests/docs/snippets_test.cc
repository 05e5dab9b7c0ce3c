// The C++ in the documents is C++ that is built here and does what the documents say.

#include "tests/docs/snippets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/bg_serving_thread.h"
#include "client/client.h"
#include "rpyc/authenticator.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/buffer.h"
#include "rpyc/cast/listener.h"
#include "rpyc/connection.h"
#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/netref.h"
#include "rpyc/object.h"
#include "rpyc/testing/memory_stream.h"

namespace snippets {
namespace {

// The lines of a file without indentation and empty lines.
std::vector<std::string> Lines(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    absl::StripAsciiWhitespace(&line);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

using Block = std::vector<std::string>;

std::vector<Block> CodeBlocks(const std::string& path) {
  std::vector<Block> blocks;
  bool inside = false;
  for (const std::string& line : Lines(path)) {
    if (line == "```cpp") {
      inside = true;
      blocks.emplace_back();
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back().push_back(line);
    }
  }
  return blocks;
}

class DocumentTest : public testing::TestWithParam<const char*> {};

TEST_P(DocumentTest, EveryCodeBlockIsBuilt) {
  std::vector<std::string> built = Lines("tests/docs/snippets.cc");
  for (const char* example : {"examples/forecast_client.cc", "examples/forking_server.cc",
                              "examples/greeter_host.cc", "examples/embedding/thermostat.cc",
                              "examples/logging_host.cc", "examples/logging_kind.cc"}) {
    for (const std::string& line : Lines(example)) built.push_back(line);
  }
  const std::vector<Block> blocks = CodeBlocks(GetParam());
  EXPECT_FALSE(blocks.empty());
  for (const Block& block : blocks) {
    EXPECT_NE(std::search(built.begin(), built.end(), block.begin(), block.end()), built.end())
        << absl::StrJoin(block, "\n");
  }
}

INSTANTIATE_TEST_SUITE_P(Documents, DocumentTest,
                         testing::Values("README.md", "docs/services.md", "docs/hosting.md",
                                         "docs/client.md"),
                         [](const auto& info) {
                           const std::string path = info.param;
                           const size_t begin = path.rfind('/') + 1;
                           return path.substr(begin, path.rfind('.') - begin);
                         });

rpyc::Value Call(const rpyc::Service& service, absl::string_view name,
                 std::vector<rpyc::Value> args) {
  const std::shared_ptr<rpyc::Object> root = service.MakeRoot().value();
  absl::StatusOr<rpyc::Value> result =
      root->CallAttr(rpyc::CallContext(), {name, /*exposed=*/true},
                     {.positional = std::move(args), .keyword = {}});
  return result.ok() ? *std::move(result) : rpyc::Value(result.status().ToString());
}

TEST(Snippets, Work) {
  EXPECT_EQ(Call(Greeter(), "greet", {"Ada"}), rpyc::Value("Hello, Ada! "));
  EXPECT_EQ(Call(Sums(), "sum_slowly", {rpyc::Value::Tuple({1, 2, 3})}), rpyc::Value(6));
  EXPECT_EQ(Call(Sums(), "count", {1, 2}), rpyc::Value::Tuple({2, 0}));
  EXPECT_EQ(Call(Lab(), "thermometer", {"oven"}).type_name(), "cpp.Thermometer");
  EXPECT_EQ(Call(Lab(), "thermometer", {"attic"}).type_name(), "str");
  EXPECT_EQ(Call(Bank(), "deposit", {5}), rpyc::Value(5));
  EXPECT_EQ(Call(Gui([](std::function<void()> task) { task(); }), "set_title", {"x"}),
            rpyc::Value());
}

// Runs a service and a client of it, which talk over memory.
class Served {
 public:
  explicit Served(rpyc::Service service) : service_(std::move(service)) {
    auto [mine, theirs] = rpyc::MemoryStream::MakePair();
    connection_ = std::make_unique<rpyc::Connection>(std::move(theirs), &service_, &options_);
    thread_ = std::thread([this] { connection_->ServeAll().IgnoreError(); });
    rpyc::ClientOptions options;
    options.config.dialect = 6;
    client_.emplace(rpyc::ConnectStream(std::move(mine), std::move(options)).value());
  }
  ~Served() {
    client_->Close();
    thread_.join();
  }

  const rpyc::Client& client() const { return *client_; }
  rpyc::Netref root() const { return client_->root(); }

 private:
  const rpyc::Service service_;
  const rpyc::Connection::Options options_;
  std::unique_ptr<rpyc::Connection> connection_;
  std::thread thread_;
  std::optional<rpyc::Client> client_;
};

TEST(Snippets, SequencesIterablesAndContexts) {
  const Served optics(Optics());
  const rpyc::Netref spectrum = optics.root()["spectrum"]();
  EXPECT_EQ(spectrum.Len(), 3u);
  EXPECT_EQ(spectrum.Item(-1).as<int>(), 1);
  EXPECT_TRUE(spectrum.Contains(7));
  EXPECT_EQ(spectrum.as<std::vector<int>>(), (std::vector<int>{3, 7, 1}));
  EXPECT_EQ(optics.root()["rack"]().as<std::vector<std::string>>(),
            (std::vector<std::string>{"x", "y"}));
  const rpyc::Netref shutter = optics.root()["shutter"]();
  rpyc::With(shutter,
             [](const rpyc::Netref& entered) { EXPECT_TRUE(entered["is_open"].as<bool>()); });
  EXPECT_FALSE(shutter["is_open"].as<bool>());
}

TEST(Snippets, WhatIsRestrictedShowsNothingElse) {
  const Served optics(Optics());
  const rpyc::Netref shutter = optics.root()["shutter_for_guests"]();
  EXPECT_FALSE(shutter["is_open"].as<bool>());
  EXPECT_EQ(rpyc::ToException(shutter["open"]().status()).name, "AttributeError");
}

TEST(Snippets, EnumerationsAndStructs) {
  const Served drive(Drive());
  EXPECT_EQ(drive.root()["state"]()["name"].as<std::string>(), "MOVING");
  EXPECT_EQ(drive.root()["State"].Item("IDLE")["value"].as<int>(), 0);
  EXPECT_EQ(drive.root()["Rights"](5)["name"].as<std::string>(), "READ|RUN");
  drive.root()["set_limits"](rpyc::Arg("limits") = rpyc::Value::Tuple({-5, 5})).as<void>();
  EXPECT_EQ(drive.root()["limits"]()["low"].as<double>(), -5);
}

TEST(Snippets, ManyNumbers) {
  const Served scope(Scope());
  EXPECT_EQ(scope.root()["waveform"]().as<rpyc::Bytes>().data.size(), 1000 * sizeof(double));
  const auto image = scope.root()["image"]().as<rpyc::NdArray<float>>();
  EXPECT_EQ(image.shape(), (std::vector<size_t>{3, 4}));
  EXPECT_EQ(scope.root()["mean"](std::vector<double>{1, 2}).as<double>(), 1.5);
  EXPECT_EQ(scope.root()["mean"](rpyc::Buffer<double>(std::vector<double>{1, 2})).as<double>(),
            1.5);
}

TEST(Snippets, Containers) {
  EXPECT_EQ(Call(Stock(), "names", {}), rpyc::Value::Tuple({"bolts", "nuts"}));
  EXPECT_EQ(Call(Stock(), "names_as_list", {}).type_name(), "builtins.list");
  EXPECT_EQ(Call(Stock(), "prices", {}).type_name(), "builtins.dict");
  const Served stock(Stock());
  const rpyc::Netref counts = stock.root()["counts"]();
  counts.SetItem("bolts", 39);
  EXPECT_EQ(stock.root()["counts"]().Item("bolts").as<int>(), 39);
  EXPECT_EQ(stock.root()["total"](rpyc::Dict{{"bolts", 2}, {"nuts", 3}}).as<int>(), 5);
}

TEST(Snippets, AQuestionFromAControlLoop) {
  std::shared_ptr<Follower> follower;
  const Served served(rpyc::Service("FOLLOW").Expose(
      "follow", [&](const rpyc::Netref& where) { follower = MakeFollower(where); }));
  served.root()["follow"]([](double) { return 10.0; }).as<void>();
  const rpyc::BgServingThread serving(served.client());
  while (StepOf(*follower) < 9) std::this_thread::yield();
}

TEST(Snippets, AListenerThatHasGone) {
  double told = 0;
  std::vector<std::function<void(double)>> observers = {
      [](double) { throw rpyc::RemoteError({.name = "EOFError"}); },
      [](double) { throw rpyc::RemoteError({.name = "ValueError"}); },
      [&told](double position) { told = position; }};
  TellAll(&observers, 5);
  EXPECT_EQ(told, 5);
  EXPECT_EQ(observers.size(), 2u);
}

TEST(Snippets, TheClient) {
  const Served served(rpyc::Service("PLACES")
                          .Expose("add", [](int a, int b) { return a + b; })
                          .Expose("find",
                                  [](const std::string& place) -> absl::StatusOr<std::string> {
                                    if (place != "oven") return absl::NotFoundError(place);
                                    return "the oven";
                                  })
                          .Expose("watch", [](const rpyc::Listener<void(std::string)>& listener) {
                            listener("moved");
                          }));
  EXPECT_EQ(AddInPython(served.client()), 9);
  EXPECT_EQ(AddTwice(served.client()), 10);
  EXPECT_EQ(FindPlace(served.client(), "oven"), "the oven");
  EXPECT_EQ(FindPlace(served.client(), "attic"), "there is no attic");
  EXPECT_EQ(Watch(served.client()), "moved");
}

TEST(Snippets, AnExceptionOfOnesOwn) {
  const rpyc::Service bench = Bench();
  ASSERT_NE(bench.translations(), nullptr);
  auto caller = std::make_shared<rpyc::CallContext::Caller>();
  caller->translations = bench.translations();
  const std::shared_ptr<rpyc::Object> root = bench.MakeRoot().value();
  const absl::StatusOr<rpyc::Value> moved = root->CallAttr(
      rpyc::CallContext(caller), {"move", /*exposed=*/true}, {.positional = {11}, .keyword = {}});
  EXPECT_EQ(rpyc::ToException(moved.status()).Summary(), "lab.LimitError: too far");
  EXPECT_NE(StageService().root_class().Find("listen"), nullptr);
}

TEST(Snippets, AnAuthenticatorOfOnesOwn) {
  const auto authenticator = Named().authenticator();
  const auto authentication = authenticator->Begin({});
  std::string reply;
  EXPECT_FALSE(authentication->Receive("ad", &reply)->done);
  EXPECT_EQ(reply, "");
  const auto step = *authentication->Receive("ada\nRPyC", &reply);
  EXPECT_TRUE(step.done);
  EXPECT_EQ(step.used, 4u);
  EXPECT_EQ(step.credentials, rpyc::Value("ada"));
  EXPECT_EQ(reply, "welcome\n");
  EXPECT_FALSE(authenticator->Begin({})->Receive("\n", &reply).ok());
  EXPECT_TRUE(Vault("secret").authenticator()->Begin({})->Receive("secret", &reply)->done);
}

}  // namespace
}  // namespace snippets
