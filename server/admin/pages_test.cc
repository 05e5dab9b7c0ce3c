#include "server/admin/pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "absl/strings/escaping.h"
#include "server/reason.h"

namespace rpyc {
namespace {

std::string RefusedField(const absl::StatusOr<Page>& page) {
  if (page.ok()) return "none";
  EXPECT_EQ(page.status().code(), absl::StatusCode::kInvalidArgument);
  const Reason reason = GetReason(page.status());
  EXPECT_EQ(reason.reason, "INVALID_FIELD");
  return reason.metadata.at("field");
}

TEST(PagesTest, SizeHasADefaultAndABound) {
  const std::vector<std::string> keys = PositionKeys(3000);
  EXPECT_EQ(CutPage("x", keys, 0, "")->end, 100u);
  EXPECT_EQ(CutPage("x", keys, 7, "")->end, 7u);
  EXPECT_EQ(CutPage("x", keys, 1000, "")->end, 1000u);
  EXPECT_EQ(CutPage("x", keys, std::numeric_limits<int32_t>::max(), "")->end, 1000u);
  EXPECT_EQ(RefusedField(CutPage("x", keys, -1, "")), "page_size");
}

TEST(PagesTest, AnEmptyListIsOnePage) {
  const absl::StatusOr<Page> page = CutPage("x", {}, 0, "");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->end, 0u);
  EXPECT_EQ(page->next_page_token, "");
}

TEST(PagesTest, PagesPutTogetherAreTheList) {
  const std::vector<std::string> keys = PositionKeys(12);
  for (const int size : {1, 3, 5, 11, 12, 13}) {
    std::vector<size_t> seen;
    std::string token;
    do {
      const absl::StatusOr<Page> page = CutPage("x", keys, size, token);
      ASSERT_TRUE(page.ok());
      for (size_t i = page->begin; i < page->end; ++i) seen.push_back(i);
      token = page->next_page_token;
    } while (!token.empty());
    ASSERT_EQ(seen.size(), keys.size()) << size;
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  }
}

TEST(PagesTest, ItemsMayComeAndGoBetweenPages) {
  std::vector<std::string> keys = {"b", "d", "f", "h"};
  const std::string token = CutPage("x", keys, 2, "")->next_page_token;
  keys = {"a", "e", "f"};  // the item of the token is gone too
  const absl::StatusOr<Page> page = CutPage("x", keys, 2, token);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->begin, 1u);
  EXPECT_EQ(page->end, 3u);
  keys = {"a"};
  EXPECT_EQ(CutPage("x", keys, 2, token)->begin, 1u);
}

TEST(PagesTest, OnlyTokensOfTheListAreTaken) {
  const std::vector<std::string> keys = PositionKeys(4);
  const std::string token = CutPage("x", keys, 2, "")->next_page_token;
  ASSERT_NE(token, "");
  EXPECT_TRUE(CutPage("x", keys, 3, token).ok());
  EXPECT_EQ(RefusedField(CutPage("y", keys, 2, token)), "page_token");
  for (const std::string& bad : {std::string("2"), std::string("!"), token + "=", token + " ",
                                 absl::WebSafeBase64Escape("x"), token.substr(0, 1)}) {
    EXPECT_EQ(RefusedField(CutPage("x", keys, 2, bad)), "page_token") << bad;
  }
}

TEST(PagesTest, NumberKeysSortAsNumbersDo) {
  EXPECT_LT(NumberKey(9), NumberKey(10));
  EXPECT_LT(NumberKey(10), NumberKey(std::numeric_limits<int64_t>::max()));
}

}  // namespace
}  // namespace rpyc
