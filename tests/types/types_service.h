#ifndef RPYC_TESTS_TYPES_TYPES_SERVICE_H_
#define RPYC_TESTS_TYPES_TYPES_SERVICE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "rpyc/service.h"

namespace rpyc::testing {

// TYPES: for each type of docs/types.md a function of FunctionName(type) that returns its argument;
// and the objects that the page's examples speak of: a_list(), a_dict(), a_thing(); and what
// everyday_client.py uses, whose names begin the same way.
Service TypesService();

// "std_vector_int" of "std::vector<int>": each run of other characters than letters and digits is
// one underscore, none at the end.
std::string FunctionName(absl::string_view type);

}  // namespace rpyc::testing

#endif  // RPYC_TESTS_TYPES_TYPES_SERVICE_H_
