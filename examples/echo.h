#ifndef RPYC_EXAMPLES_ECHO_H_
#define RPYC_EXAMPLES_ECHO_H_

#include "rpyc/service.h"

namespace examples {

// Makes ECHO: echo(x) gives x back, and add(a, b) adds numbers.
rpyc::Service Echo();

}  // namespace examples

#endif  // RPYC_EXAMPLES_ECHO_H_
