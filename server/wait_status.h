#ifndef RPYC_SERVER_WAIT_STATUS_H_
#define RPYC_SERVER_WAIT_STATUS_H_

#include <string>

namespace rpyc {

// Says how a process ended, from the status that waitpid has returned: "exited with status 1" or
// "died by signal 9 (Killed)".
std::string WaitStatusText(int wait_status);

}  // namespace rpyc

#endif  // RPYC_SERVER_WAIT_STATUS_H_
