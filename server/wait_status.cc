#include "server/wait_status.h"

#include <sys/wait.h>

#include <cstring>

#include "absl/strings/str_cat.h"

namespace rpyc {

std::string WaitStatusText(int wait_status) {
  if (!WIFSIGNALED(wait_status)) {
    return absl::StrCat("exited with status ", WEXITSTATUS(wait_status));
  }
  const int signal = WTERMSIG(wait_status);
  return absl::StrCat("died by signal ", signal, " (", ::strsignal(signal), ")");
}

}  // namespace rpyc
