#ifndef RPYC_TESTS_TYPES_LITERAL_H_
#define RPYC_TESTS_TYPES_LITERAL_H_

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/value.h"

namespace rpyc::testing {

// Reads what docs/types.md writes of Python: numbers, strings without escapes, tuples, frozensets,
// lists and dicts (as rpyc::List and rpyc::Dict), and `names`.
absl::StatusOr<Value> ParseLiteral(absl::string_view text,
                                   const absl::flat_hash_map<std::string, Value>& names);

}  // namespace rpyc::testing

#endif  // RPYC_TESTS_TYPES_LITERAL_H_
