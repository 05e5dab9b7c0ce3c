#ifndef RPYC_SERVER_ADMIN_PAGES_H_
#define RPYC_SERVER_ADMIN_PAGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// The items of a list that one answer holds.
struct Page {
  size_t begin = 0;
  size_t end = 0;
  std::string next_page_token;  // empty on the last page
};

// Finds the page that a List request asks for. `keys` are the items' keys in rising order. A token
// holds the key of the last item of a page, so that items that come and go between two pages
// neither repeat nor hide others. `list` names the list and its filters; a token of another list is
// refused.
// Errors:  INVALID_FIELD - page_size is negative, or page_token is not a token of this list.
absl::StatusOr<Page> CutPage(absl::string_view list, const std::vector<std::string>& keys,
                             int32_t page_size, absl::string_view page_token);

// A key that sorts as `number` does, which must not be negative.
std::string NumberKey(int64_t number);
// The keys of a list that never changes: the positions of its `count` items.
std::vector<std::string> PositionKeys(size_t count);
// Returns the keys of a list's items.
template <typename Items, typename KeyOf>
std::vector<std::string> KeysOf(const Items& items, KeyOf key_of) {
  std::vector<std::string> keys;
  keys.reserve(items.size());
  for (const auto& item : items) keys.push_back(key_of(item));
  return keys;
}

// Answers a List request: calls `add` with the index of each item of the page, and sets the
// response's next_page_token.
// Errors:  those of CutPage.
template <typename Request, typename Response>
absl::Status AnswerPage(absl::string_view list, const std::vector<std::string>& keys,
                        const Request& request, absl::FunctionRef<void(size_t)> add,
                        Response* response) {
  absl::StatusOr<Page> page = CutPage(list, keys, request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  for (size_t i = page->begin; i < page->end; ++i) add(i);
  response->set_next_page_token(std::move(page->next_page_token));
  return absl::OkStatus();
}

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_PAGES_H_
