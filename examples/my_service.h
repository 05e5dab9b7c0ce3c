#ifndef RPYC_EXAMPLES_MY_SERVICE_H_
#define RPYC_EXAMPLES_MY_SERVICE_H_

#include "rpyc/service.h"

namespace examples {

// Makes MY, which has get_data(key), get_status(), hello() and get_config().
rpyc::Service MyService();

}  // namespace examples

#endif  // RPYC_EXAMPLES_MY_SERVICE_H_
