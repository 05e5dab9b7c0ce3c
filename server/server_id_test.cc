#include "server/server_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace rpyc {
namespace {

TEST(ServerId, Rules) {
  for (const std::string& id : {std::string("a"), std::string("calculator-2"), std::string("a-b"),
                                "a" + std::string(62, '0')}) {
    EXPECT_TRUE(IsServerId(id)) << id;
  }
  for (const std::string& id :
       {std::string(""), std::string("A"), std::string("2a"), std::string("-a"), std::string("a-"),
        std::string("a_b"), std::string("a.b"), std::string("servers/a"),
        "a" + std::string(63, '0')}) {
    EXPECT_FALSE(IsServerId(id)) << id;
  }
}

TEST(ServerId, IsMadeFromTheServiceName) {
  std::set<std::string> taken;
  const auto make = [&taken](absl::string_view service) {
    std::string id =
        MakeServerId(service, [&taken](const std::string& id) { return taken.count(id) != 0; });
    EXPECT_TRUE(IsServerId(id)) << id;
    taken.insert(id);
    return id;
  };
  EXPECT_EQ(make("CALCULATOR"), "calculator");
  EXPECT_EQ(make("CALCULATOR"), "calculator-2");
  EXPECT_EQ(make("CALCULATOR"), "calculator-3");
  EXPECT_EQ(make("MY_FILE.SERVER"), "my-file-server");
  EXPECT_EQ(make("3D"), "s-3d");
  EXPECT_EQ(make(""), "s");
  EXPECT_EQ(make("X_"), "x");
  const std::string long_name(100, 'L');
  EXPECT_EQ(make(long_name), std::string(63, 'l'));
  EXPECT_EQ(make(long_name), std::string(61, 'l') + "-2");
}

}  // namespace
}  // namespace rpyc
