#include "server/start_zygote.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/status/status.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/fd_message.h"
#include "server/zygote_process.h"

namespace rpyc {

absl::StatusOr<std::shared_ptr<Zygote>> StartZygote(std::vector<Service> services,
                                                    ServerKindTable kinds) {
  return StartZygote(std::move(services), std::move(kinds), /*respawn=*/nullptr);
}

absl::StatusOr<std::shared_ptr<Zygote>> StartZygote(std::vector<Service> services,
                                                    ServerKindTable kinds,
                                                    Zygote::Respawn respawn) {
  if (absl::Status alone = CheckNoThreads(); !alone.ok()) return alone;
  absl::StatusOr<std::pair<Fd, Fd>> channel = FdMessageChannel();
  if (!channel.ok()) return channel.status();
  auto& [ours, theirs] = *channel;
  std::fflush(nullptr);  // otherwise both processes would write what is buffered
  const pid_t pid = ::fork();
  if (pid < 0) {
    return ErrnoStatus(absl::StatusCode::kResourceExhausted, "fork a zygote", errno);
  }
  if (pid == 0) {
    ours.Reset();
    ServeAsZygote(std::move(theirs), services, kinds);
  }
  return std::make_shared<Zygote>(Zygote::Process{std::move(ours), pid}, std::move(respawn));
}

}  // namespace rpyc
