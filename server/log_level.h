#ifndef RPYC_SERVER_LOG_LEVEL_H_
#define RPYC_SERVER_LOG_LEVEL_H_

#include "rpyc/cpp20.h"

namespace rpyc {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

}  // namespace rpyc

#endif  // RPYC_SERVER_LOG_LEVEL_H_
