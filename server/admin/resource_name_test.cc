#include "server/admin/resource_name.h"

#include <gtest/gtest.h>

#include "server/reason.h"

namespace rpyc {
namespace {

TEST(ResourceNameTest, NamesAndIds) {
  EXPECT_EQ(ServerResourceName("calculator-2"), "servers/calculator-2");
  EXPECT_EQ(*ParseServerResourceName("servers/calculator-2"), "calculator-2");
  EXPECT_EQ(ServiceResourceName("CALCULATOR"), "services/CALCULATOR");
  EXPECT_EQ(*ParseServiceResourceName("services/CALCULATOR"), "CALCULATOR");
}

TEST(ResourceNameTest, OtherFormsAreRefused) {
  for (const char* bad :
       {"", "x", "servers", "servers/", "/servers/x", "Servers/x", "servers/X", "services/x",
        "servers/x/", "servers/x/connections/1", " servers/x", "servers//x"}) {
    const absl::StatusOr<std::string> id = ParseServerResourceName(bad);
    ASSERT_FALSE(id.ok()) << bad;
    EXPECT_EQ(GetReason(id.status()).reason, "INVALID_FIELD") << bad;
    EXPECT_EQ(GetReason(id.status()).metadata.at("field"), "name") << bad;
  }
  EXPECT_FALSE(ParseServiceResourceName("servers/x").ok());
  EXPECT_FALSE(ParseServiceResourceName("services/").ok());
}

TEST(ResourceNameTest, Connections) {
  EXPECT_EQ(ConnectionResourceName("calculator", 17), "servers/calculator/connections/17");
  const absl::StatusOr<ConnectionName> name =
      ParseConnectionResourceName("servers/calculator/connections/17");
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_EQ(name->server_id, "calculator");
  EXPECT_EQ(name->number, 17);
  for (const char* wrong :
       {"", "servers/calculator", "servers/calculator/connections/", "servers//connections/1",
        "servers/calculator/connections/x", "servers/calculator/connections/01",
        "servers/calculator/connections/ 1", "servers/calculator/connections/1/references/2",
        "servers/calculator/connections/99999999999999999999", "calculator/connections/1"}) {
    EXPECT_EQ(GetReason(ParseConnectionResourceName(wrong).status()).reason, "INVALID_FIELD")
        << wrong;
  }
}

TEST(ResourceNameTest, Parents) {
  EXPECT_EQ(*ParseServerParent("servers/-"), std::nullopt);
  EXPECT_EQ(*ParseServerParent("servers/calculator"), "calculator");
  for (const char* wrong : {"", "-", "servers/", "servers/*", "servers/Calculator", "servers"}) {
    EXPECT_EQ(GetReason(ParseServerParent(wrong).status()).reason, "INVALID_FIELD") << wrong;
  }
}

}  // namespace
}  // namespace rpyc
