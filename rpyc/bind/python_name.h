#ifndef RPYC_BIND_PYTHON_NAME_H_
#define RPYC_BIND_PYTHON_NAME_H_

#include "absl/strings/string_view.h"

namespace rpyc {

// Whether Python code can write `name` for an attribute, a function or an argument: it is an
// identifier and no keyword. Of letters beyond ASCII all of UTF-8 is taken.
// Source:  Python's language reference, lexical analysis; keyword.kwlist, 3.8 to 3.13.
bool IsPythonName(absl::string_view name);

// Ends the program by EndByMistake unless `name` may be that of an enum's member or a struct's
// field: a Python name without two underscores at both ends. `exposed`: "the enum cpp.State".
void RequireFieldName(absl::string_view exposed, absl::string_view name);

}  // namespace rpyc

#endif  // RPYC_BIND_PYTHON_NAME_H_
