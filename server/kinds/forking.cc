#include "server/kinds/forking.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "rpyc/service.h"
#include "server/kinds/process_set.h"
#include "server/rpyc_session.h"

namespace rpyc {
namespace {

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
  processes_ = std::make_shared<ProcessSet>(context);
  return processes_->Start();
}

}  // namespace

std::unique_ptr<ServerKind> MakeForkingKind() { return std::make_unique<ForkingKind>(); }

}  // namespace rpyc
