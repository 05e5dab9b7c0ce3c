#ifndef RPYC_EXAMPLES_SECURE_H_
#define RPYC_EXAMPLES_SECURE_H_

#include "rpyc/service.h"

namespace examples {

// Makes SECURE, which has sensitive_operation().
rpyc::Service Secure();

}  // namespace examples

#endif  // RPYC_EXAMPLES_SECURE_H_
