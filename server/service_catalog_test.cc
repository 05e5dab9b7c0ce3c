#include "server/service_catalog.h"

#include <gtest/gtest.h>

namespace rpyc {
namespace {

TEST(ServiceCatalog, FindsByAnyAliasInAnyCase) {
  const ServiceCatalog catalog =
      *ServiceCatalog::Make({Service("Calculator").Alias("calc"), Service("ECHO")});
  ASSERT_NE(catalog.Find("calculator"), nullptr);
  EXPECT_EQ(catalog.Find("calculator")->name(), "CALCULATOR");
  EXPECT_EQ(catalog.Find("Calc"), catalog.Find("CALCULATOR"));
  EXPECT_EQ(catalog.Find("ECHO")->name(), "ECHO");
  EXPECT_EQ(catalog.Find("ECH"), nullptr);
  EXPECT_EQ(catalog.Find(""), nullptr);
  EXPECT_EQ(catalog.Names(), "CALCULATOR, ECHO");
}

TEST(ServiceCatalog, RefusesANameTwice) {
  const absl::Status status =
      ServiceCatalog::Make({Service("A").Alias("B"), Service("b")}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("B"), absl::string_view::npos);
}

}  // namespace
}  // namespace rpyc
