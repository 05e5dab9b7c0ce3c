#ifndef RPYC_TESTS_EVERYDAY_EVERYDAY_H_
#define RPYC_TESTS_EVERYDAY_EVERYDAY_H_

#include "rpyc/service.h"

namespace everyday {

// Makes EVERYDAY, which has what an ordinary program asks of a server. everyday_service.py is the
// same in Python; patterns.py has what clients do with either.
rpyc::Service Everyday();

}  // namespace everyday

#endif  // RPYC_TESTS_EVERYDAY_EVERYDAY_H_
