#include "rpyc/list_slice.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

constexpr int64_t kMaxIndex = std::numeric_limits<int64_t>::max();

// Returns a slice's field, or `absent` for None. Ints of any size are accepted, and cut to what
// fits.
absl::StatusOr<int64_t> Field(const Value& value, int64_t absent) {
  if (value.is_none()) return absent;
  if (const bool* b = value.AsBool()) return *b ? 1 : 0;
  if (const int64_t* i = value.AsInt()) return std::max(*i, -kMaxIndex);
  if (const BigInt* big = value.AsBigInt()) return big->decimal[0] == '-' ? -kMaxIndex : kMaxIndex;
  return PyStatus("TypeError",
                  "slice indices must be integers or None or have an __index__ method");
}

int64_t Clamped(int64_t index, int64_t size, bool forward) {
  if (index < 0) index += size;
  if (index < 0) return forward ? 0 : -1;
  return index < size ? index : (forward ? size : size - 1);
}

}  // namespace

absl::StatusOr<SliceRange> ResolveSlice(const Value& slice, size_t size) {
  const auto length = static_cast<int64_t>(size);
  absl::StatusOr<int64_t> step = Field(slice.items()[2], 1);
  if (!step.ok()) return std::move(step).status();
  if (*step == 0) return PyStatus("ValueError", "slice step cannot be zero");
  const bool forward = *step > 0;
  absl::StatusOr<int64_t> start = Field(slice.items()[0], forward ? 0 : kMaxIndex);
  if (!start.ok()) return std::move(start).status();
  absl::StatusOr<int64_t> stop = Field(slice.items()[1], forward ? kMaxIndex : -kMaxIndex);
  if (!stop.ok()) return std::move(stop).status();

  SliceRange range{.start = Clamped(*start, length, forward),
                   .stop = Clamped(*stop, length, forward),
                   .step = *step,
                   .count = 0};
  const int64_t span = forward ? range.stop - range.start : range.start - range.stop;
  if (span > 0) range.count = static_cast<size_t>((span - 1) / (forward ? *step : -*step) + 1);
  return range;
}

absl::Status AssignSlice(const SliceRange& range, std::vector<Value> items,
                         std::vector<Value>* list) {
  if (range.step == 1) {
    const auto begin = list->begin() + range.start;
    const auto end = list->begin() + std::max(range.start, range.stop);
    const auto at = list->erase(begin, end);
    list->insert(at, std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
    return absl::OkStatus();
  }
  if (items.size() != range.count) {
    return PyStatus("ValueError", absl::StrCat("attempt to assign sequence of size ", items.size(),
                                               " to extended slice of size ", range.count));
  }
  for (size_t i = 0; i < range.count; ++i) (*list)[range.IndexOf(i)] = std::move(items[i]);
  return absl::OkStatus();
}

void DeleteSlice(const SliceRange& range, std::vector<Value>* list) {
  std::vector<bool> doomed(list->size());
  for (size_t i = 0; i < range.count; ++i) doomed[range.IndexOf(i)] = true;
  size_t kept = 0;
  for (size_t i = 0; i < list->size(); ++i) {
    if (doomed[i]) continue;
    if (kept != i) (*list)[kept] = std::move((*list)[i]);
    ++kept;
  }
  list->resize(kept);
}

}  // namespace rpyc
