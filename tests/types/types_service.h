#ifndef RPYC_TESTS_TYPES_TYPES_SERVICE_H_
#define RPYC_TESTS_TYPES_TYPES_SERVICE_H_

#include "rpyc/service.h"

namespace rpyc::testing {

// TYPES: for each type of docs/types.md a function of the type's name that returns its argument;
// and the objects that the page's examples speak of: a_list(), a_dict(), a_thing(); and what
// everyday_client.py uses, whose names begin the same way.
Service TypesService();

}  // namespace rpyc::testing

#endif  // RPYC_TESTS_TYPES_TYPES_SERVICE_H_
