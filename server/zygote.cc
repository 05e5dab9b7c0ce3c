#include "server/zygote.h"

#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/transport/fd_message.h"
#include "server/memory_file.h"
#include "server/nursery_messages.h"
#include "server/nursery_spec.h"

namespace rpyc {
namespace {

// A nursery has nothing to wait for when it begins: only against a hang.
constexpr absl::Duration kStartTimeout = absl::Seconds(30);

}  // namespace

Zygote::Zygote(Fd channel, pid_t pid) : channel_(std::move(channel)), pid_(pid) {}

Zygote::~Zygote() {
  // It would end by itself; so it has ended when this returns. Nurseries of other owners live on.
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

absl::StatusOr<Zygote::Nursery> Zygote::StartNursery(const NurserySpec& spec, int slots_fd) {
  const absl::StatusOr<Fd> spec_file = MemoryFile(EncodeNurserySpec(spec));
  if (!spec_file.ok()) return spec_file.status();
  absl::StatusOr<std::pair<Fd, Fd>> channel = FdMessageChannel();
  if (!channel.ok()) return channel.status();
  auto& [ours, theirs] = *channel;
  absl::Status sent =
      SendFdMessage(channel_.get(), "nursery", {spec_file->get(), slots_fd, theirs.get()});
  if (!sent.ok()) return absl::UnavailableError("the zygote has gone");
  theirs.Reset();
  const absl::StatusOr<FdMessage> answer =
      ReceiveFdMessage(ours.get(), absl::Now() + kStartTimeout);
  if (!answer.ok()) {
    return absl::UnavailableError(
        absl::StrCat("no nursery came of the zygote: ", answer.status().message()));
  }
  const absl::StatusOr<NurseryReport> report = ReadReport(answer->bytes);
  if (!report.ok()) return report.status();
  if (report->kind == NurseryReport::kReady) {
    return Nursery{std::move(ours), static_cast<pid_t>(report->number)};
  }
  return absl::UnavailableError(report->text);
}

}  // namespace rpyc
