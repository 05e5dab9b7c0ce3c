#ifndef RPYC_DID_YOU_MEAN_H_
#define RPYC_DID_YOU_MEAN_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace rpyc {

// Returns how many letters must be inserted, removed, replaced or swapped with their neighbour to
// make `right` of `left`, in any case of letters.
// Source:  the restricted Damerau-Levenshtein distance ("optimal string alignment"); neither Abseil
//          20220623 nor CLI11 2.3 has one that is public.
size_t EditDistance(absl::string_view left, absl::string_view right);

// Returns the end of an error's sentence about a name that is not among `known`: `; did you mean
// "echo"?`, or "" where none of them is near.
std::string DidYouMean(absl::string_view given, absl::Span<const std::string> known);

}  // namespace rpyc

#endif  // RPYC_DID_YOU_MEAN_H_
