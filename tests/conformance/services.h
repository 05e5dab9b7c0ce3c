#ifndef RPYC_TESTS_CONFORMANCE_SERVICES_H_
#define RPYC_TESTS_CONFORMANCE_SERVICES_H_

#include <vector>

#include "rpyc/service.h"

namespace conformance {

// What a host must offer for the suite to run against it: the example services, and the fixtures of
// tests/fixture.
std::vector<rpyc::Service> Services();

}  // namespace conformance

#endif  // RPYC_TESTS_CONFORMANCE_SERVICES_H_
