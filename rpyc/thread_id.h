#ifndef RPYC_THREAD_ID_H_
#define RPYC_THREAD_ID_H_

#include <cstdint>

namespace rpyc {

// Returns the number of this thread or fiber (fiber.h), which is never 0 and never given twice in a
// process. Peers see it where threads are bound, so it is no address.
uint64_t ThisThreadId();

}  // namespace rpyc

#endif  // RPYC_THREAD_ID_H_
