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

}  // namespace
}  // namespace rpyc
