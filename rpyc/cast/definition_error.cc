#include "rpyc/cast/definition_error.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rpyc::cast_internal {
namespace {

// Sorted. Source: CPython 3.11, keyword.kwlist.
constexpr absl::string_view kKeywords[] = {
    "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
    "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
    "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
    "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};
static_assert(std::is_sorted(std::begin(kKeywords), std::end(kKeywords)));

bool IsIdentifier(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || absl::ascii_isalnum(static_cast<unsigned char>(c));
  });
}

}  // namespace

void DefinitionError(absl::string_view message) {
  const std::string line = absl::StrCat("rpyc: ", message, "\n");
  std::fputs(line.c_str(), stderr);
  std::abort();
}

void CheckIdentifier(absl::string_view owner, absl::string_view name) {
  if (IsIdentifier(name) && !(absl::StartsWith(name, "__") && absl::EndsWith(name, "__")) &&
      !std::binary_search(std::begin(kKeywords), std::end(kKeywords), name)) {
    return;
  }
  DefinitionError(
      absl::StrCat(owner, ": '", name, "' is no name that Python can write after a dot"));
}

}  // namespace rpyc::cast_internal
