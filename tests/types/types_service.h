#ifndef RPYC_TESTS_TYPES_TYPES_SERVICE_H_
#define RPYC_TESTS_TYPES_TYPES_SERVICE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "rpyc/service.h"

namespace rpyc::testing {

// Makes TYPES. For each type of docs/types.md it has a function FunctionName(type) that returns its
// argument. It has the objects that the page's examples speak of: a_list(), a_dict(), a_thing(). It
// has what everyday_client.py uses, under names that begin the same way.
Service TypesService();

// Returns "std_vector_int" for "std::vector<int>": each run of characters that are no letters or
// digits becomes one underscore, but there is none at the end.
std::string FunctionName(absl::string_view type);

}  // namespace rpyc::testing

#endif  // RPYC_TESTS_TYPES_TYPES_SERVICE_H_
