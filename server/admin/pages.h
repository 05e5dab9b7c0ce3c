#ifndef RPYC_SERVER_ADMIN_PAGES_H_
#define RPYC_SERVER_ADMIN_PAGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// Which items of a list one answer holds.
struct Page {
  size_t begin = 0;
  size_t end = 0;
  std::string next_page_token;  // empty on the last page
};

// Cuts the page that a List request asks for. `keys` are the items' keys, rising. A token holds the
// key of the last item shown, so items that come and go between two pages neither repeat nor hide
// others. `list` names the list and whatever narrows it; a token of another list is refused.
// Errors:  INVALID_FIELD page_size - negative; page_token - not a token of this list.
absl::StatusOr<Page> CutPage(absl::string_view list, const std::vector<std::string>& keys,
                             int32_t page_size, absl::string_view page_token);

// A key that sorts as the number does; `number` is not negative.
std::string NumberKey(int64_t number);
// Keys for a list that never changes: the positions of its `count` items.
std::vector<std::string> PositionKeys(size_t count);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_PAGES_H_
