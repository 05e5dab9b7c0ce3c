#ifndef RPYC_CAST_DEFINITION_ERROR_H_
#define RPYC_CAST_DEFINITION_ERROR_H_

#include "absl/strings/string_view.h"

namespace rpyc::cast_internal {

// Ends the program: what it says of its own types is wrong, "rpyc: the enum cpp.State: ...". That
// is found when a service is made, before any peer is served.
[[noreturn]] void DefinitionError(absl::string_view message);

// Ends the program unless Python can write `name` as an attribute: an identifier, no keyword, and
// without two underscores at its ends. `owner`: "the enum cpp.State".
void CheckIdentifier(absl::string_view owner, absl::string_view name);

}  // namespace rpyc::cast_internal

#endif  // RPYC_CAST_DEFINITION_ERROR_H_
