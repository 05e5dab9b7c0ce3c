// The C++ in the documents is C++ that is built here and does what the documents say.

#include "tests/docs/snippets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rpyc/authenticator.h"
#include "rpyc/call_context.h"
#include "rpyc/errors.h"
#include "rpyc/object.h"

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

INSTANTIATE_TEST_SUITE_P(Documents, DocumentTest, testing::Values("README.md", "docs/tour.md"),
                         [](const auto& info) {
                           return std::string(info.param) == "README.md" ? "Readme" : "Tour";
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
