#ifndef RPYC_BIND_PYTHON_NAME_H_
#define RPYC_BIND_PYTHON_NAME_H_

#include "absl/strings/string_view.h"

namespace rpyc {

// Returns whether Python code can write `name` for an attribute, a function or an argument: it must
// be an identifier and no keyword. All UTF-8 letters beyond ASCII are accepted.
// Source:  Python's language reference, lexical analysis; keyword.kwlist, 3.8 to 3.13.
bool IsPythonName(absl::string_view name);

// Ends the program by EndByMistake unless `name` may be the name of an enum's member or a struct's
// field: a Python name without two underscores at both ends. `exposed` is for the message, as in
// "the enum cpp.State".
void RequireFieldName(absl::string_view exposed, absl::string_view name);

}  // namespace rpyc

#endif  // RPYC_BIND_PYTHON_NAME_H_
