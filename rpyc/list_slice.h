#ifndef RPYC_LIST_SLICE_H_
#define RPYC_LIST_SLICE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/value.h"

namespace rpyc {

// Says which items of a sequence a Python slice means: `count` of them, from `start` by `step`.
struct SliceRange {
  int64_t start;
  int64_t stop;
  int64_t step;
  size_t count;

  size_t IndexOf(size_t i) const {
    return static_cast<size_t>(start + static_cast<int64_t>(i) * step);
  }
};

// Applies `slice` to a sequence of `size` items.
// Errors:  ValueError - a step of zero; TypeError - not ints.
// Source:  CPython's PySlice_Unpack and PySlice_AdjustIndices.
absl::StatusOr<SliceRange> ResolveSlice(const Value& slice, size_t size);

// Does `list[slice] = items`.
// Errors:  ValueError - an extended slice of another size.
absl::Status AssignSlice(const SliceRange& range, std::vector<Value> items,
                         std::vector<Value>* list);

// Does `del list[slice]`.
void DeleteSlice(const SliceRange& range, std::vector<Value>* list);

}  // namespace rpyc

#endif  // RPYC_LIST_SLICE_H_
