#ifndef RPYC_EXAMPLES_TEST_SERVICE_H_
#define RPYC_EXAMPLES_TEST_SERVICE_H_

#include "rpyc/service.h"

namespace examples {

// Makes TEST, which has test_function().
rpyc::Service TestService();

}  // namespace examples

#endif  // RPYC_EXAMPLES_TEST_SERVICE_H_
