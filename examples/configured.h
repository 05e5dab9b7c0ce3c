#ifndef RPYC_EXAMPLES_CONFIGURED_H_
#define RPYC_EXAMPLES_CONFIGURED_H_

#include "rpyc/service.h"

namespace examples {

// Makes CONFIGURED, which has get_config().
rpyc::Service Configured();

}  // namespace examples

#endif  // RPYC_EXAMPLES_CONFIGURED_H_
