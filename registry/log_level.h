#ifndef RPYC_REGISTRY_LOG_LEVEL_H_
#define RPYC_REGISTRY_LOG_LEVEL_H_

#include "rpyc/cpp20.h"

namespace rpyc {

// The levels of a log, also of a host's.
enum class LogLevel { kDebug, kInfo, kWarning, kError };

}  // namespace rpyc

#endif  // RPYC_REGISTRY_LOG_LEVEL_H_
