#include "server/kinds/forking.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "rpyc/service.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/tls_context.h"
#include "server/kinds/process_set.h"
#include "server/nursery_spec.h"
#include "server/process_slots.h"
#include "server/rpyc_session.h"
#include "server/zygote.h"

namespace rpyc {
namespace {

// No machine has more processes for one server; memory is taken as slots are used.
constexpr int64_t kMostProcesses = 65'536;

class ForkingKind : public ServerKind {
 public:
  absl::Status Start(const KindContext& context) override;

  absl::Status Admit(Socket socket) override { return processes_->Admit(std::move(socket)); }

  absl::Status Drain(absl::Time deadline) override {
    processes_->Drain(deadline);
    return absl::OkStatus();
  }

  ServerKindStats Stats() const override { return processes_->Stats(); }

 private:
  std::shared_ptr<ProcessSet> processes_;
};

absl::Status ForkingKind::Start(const KindContext& context) {
  if (context.serve_in_processes != nullptr) {
    context.serve_in_processes(context.make_session);
    return absl::OkStatus();
  }
  if (context.zygote == nullptr) {
    return absl::FailedPreconditionError(
        "the program has no zygote, which is started before anything else (rpyc::StartZygote)");
  }
  const auto& policy = context.setup->service.call_policy();
  if (policy != nullptr && policy->executor != nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("calls of ", context.setup->service.name(),
                     " run on a loop of the program's own (RunOn), which the processes have not"));
  }
  absl::StatusOr<ProcessSlots> slots = ProcessSlots::Make(
      static_cast<size_t>(std::min(context.options->max_sessions, kMostProcesses)));
  if (!slots.ok()) return slots.status();
  TlsContext::Source certificates;
  if (context.setup->tls != nullptr) certificates = context.setup->tls->source();
  const NurserySpec spec = {.options = *context.options, .pem = std::move(certificates.pem)};
  absl::StatusOr<Zygote::Nursery> nursery = context.zygote->StartNursery(spec, slots->fd());
  if (!nursery.ok()) return nursery.status();
  processes_ = std::make_shared<ProcessSet>(context, *std::move(slots), certificates.version,
                                            *std::move(nursery));
  return processes_->Start();
}

}  // namespace

std::unique_ptr<ServerKind> MakeForkingKind() { return std::make_unique<ForkingKind>(); }

}  // namespace rpyc
