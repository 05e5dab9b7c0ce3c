#ifndef RPYC_UTF8_H_
#define RPYC_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

// Strict UTF-8 as Python's "utf-8" codec knows it: no overlong forms, no surrogates, nothing above
// U+10FFFF. NUL is a character like any other.
namespace rpyc {

// The length of the character that `text` begins with, 1 to 4 bytes; 0 if it begins with none.
size_t Utf8CharLength(absl::string_view text);

// The length in bytes of the longest prefix of `text` that is whole characters.
size_t ValidUtf8Prefix(absl::string_view text);

inline bool IsValidUtf8(absl::string_view text) { return ValidUtf8Prefix(text) == text.size(); }

// Returns `text` if it is UTF-8, else its ASCII, with '?' for each other byte.
std::string MendedUtf8(std::string text);

}  // namespace rpyc

#endif  // RPYC_UTF8_H_
