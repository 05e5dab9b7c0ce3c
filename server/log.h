#ifndef RPYC_SERVER_LOG_H_
#define RPYC_SERVER_LOG_H_

#include <spdlog/spdlog.h>

namespace rpyc {

// Where the server layer logs: the spdlog logger named "rpyc", to stderr. Says nothing until its
// level is set (HostMain does, from --log_level; an embedding program may). Never destroyed, so
// that threads which outlive main may log. Threads: any.
spdlog::logger& Log();

}  // namespace rpyc

#endif  // RPYC_SERVER_LOG_H_
