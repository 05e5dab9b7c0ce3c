#include "server/admin/pages.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/reason.h"

namespace rpyc {
namespace {

constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = 1000;

// Separates the parts of a token. No list's name and no key contains it.
constexpr char kSeparator = '\0';

std::string MakeToken(absl::string_view list, absl::string_view key) {
  return absl::WebSafeBase64Escape(absl::StrCat(list, absl::string_view(&kSeparator, 1), key));
}

// Reads the key out of a token of `list`. Returns false if it is not such a token.
bool ReadToken(absl::string_view list, absl::string_view token, std::string* key) {
  std::string text;
  if (!absl::WebSafeBase64Unescape(token, &text)) return false;
  const size_t separator = text.find(kSeparator);
  if (separator == std::string::npos) return false;
  *key = text.substr(separator + 1);
  return MakeToken(list, *key) == token;
}

}  // namespace

absl::StatusOr<Page> CutPage(absl::string_view list, const std::vector<std::string>& keys,
                             int32_t page_size, absl::string_view page_token) {
  if (page_size < 0) {
    return InvalidField("page_size", absl::StrCat("page_size ", page_size, " is negative"));
  }
  if (page_size == 0) page_size = kDefaultPageSize;
  page_size = std::min(page_size, kMaxPageSize);

  Page page;
  if (!page_token.empty()) {
    std::string last;
    if (!ReadToken(list, page_token, &last)) {
      return InvalidField("page_token", absl::StrCat("page_token is not one that this list of ",
                                                     list, " has answered"));
    }
    page.begin = std::upper_bound(keys.begin(), keys.end(), last) - keys.begin();
  }
  page.end = std::min(keys.size(), page.begin + page_size);
  if (page.end < keys.size()) page.next_page_token = MakeToken(list, keys[page.end - 1]);
  return page;
}

std::string NumberKey(int64_t number) { return absl::StrFormat("%020d", number); }

std::vector<std::string> PositionKeys(size_t count) {
  std::vector<std::string> keys;
  keys.reserve(count);
  for (size_t i = 0; i < count; ++i) keys.push_back(NumberKey(i));
  return keys;
}

}  // namespace rpyc
