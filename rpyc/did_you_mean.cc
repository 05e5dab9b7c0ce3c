#include "rpyc/did_you_mean.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace rpyc {
namespace {

// Names are short; what a peer sends need not be.
constexpr size_t kMaxBytes = 64;

// One letter in three may be wrong, and at least one.
size_t MaxDistance(absl::string_view given) { return std::max<size_t>(1, given.size() / 3); }

}  // namespace

size_t EditDistance(absl::string_view left, absl::string_view right) {
  // Rows of the table for the last letters of `left`: [j] is the distance to right[0, j).
  std::vector<size_t> before(right.size() + 1), last(right.size() + 1), row(right.size() + 1);
  for (size_t j = 0; j <= right.size(); ++j) row[j] = j;
  const auto same = [&](size_t i, size_t j) {
    return absl::ascii_tolower(left[i]) == absl::ascii_tolower(right[j]);
  };
  for (size_t i = 0; i < left.size(); ++i) {
    std::swap(before, last);
    std::swap(last, row);
    row[0] = i + 1;
    for (size_t j = 0; j < right.size(); ++j) {
      row[j + 1] = std::min({last[j + 1] + 1, row[j] + 1, last[j] + (same(i, j) ? 0 : 1)});
      if (i > 0 && j > 0 && same(i, j - 1) && same(i - 1, j)) {
        row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
      }
    }
  }
  return row[right.size()];
}

std::string DidYouMean(absl::string_view given, absl::Span<const std::string> known) {
  if (given.empty() || given.size() > kMaxBytes) return "";
  const std::string* nearest = nullptr;
  size_t distance = MaxDistance(given) + 1;
  for (const std::string& each : known) {
    if (each.size() > kMaxBytes) continue;
    const size_t its_distance = EditDistance(given, each);
    if (its_distance >= distance) continue;
    nearest = &each;
    distance = its_distance;
  }
  return nearest == nullptr ? "" : absl::StrCat("; did you mean \"", *nearest, "\"?");
}

}  // namespace rpyc
