#include "rpyc/bind/python_name.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rpyc/bind/definition.h"
#include "rpyc/utf8.h"

namespace rpyc {
namespace {

bool IsKeyword(absl::string_view name) {
  constexpr absl::string_view kKeywords[] = {
      "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
      "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
      "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
      "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};
  return std::find(std::begin(kKeywords), std::end(kKeywords), name) != std::end(kKeywords);
}

bool MayBegin(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0;
}

bool MayGoOn(char c) { return MayBegin(c) || absl::ascii_isdigit(static_cast<unsigned char>(c)); }

}  // namespace

bool IsPythonName(absl::string_view name) {
  return !name.empty() && MayBegin(name[0]) && std::all_of(name.begin(), name.end(), MayGoOn) &&
         !IsKeyword(name) && IsValidUtf8(name);
}

void RequireFieldName(absl::string_view exposed, absl::string_view name) {
  const bool is_special = absl::StartsWith(name, "__") && absl::EndsWith(name, "__");
  if (IsPythonName(name) && !is_special) return;
  EndByMistake(exposed, absl::StrCat("'", name, "' is no name that Python can write after a dot"));
}

}  // namespace rpyc
