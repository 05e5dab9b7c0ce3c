#include "rpyc/pending_request.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"
#include "rpyc/errors.h"

namespace rpyc {

absl::Status NotAnswered(absl::Duration limit) {
  return PyStatus("TimeoutError",
                  absl::StrCat("the peer has not answered in ", absl::FormatDuration(limit),
                               "; it serves requests only while it waits for an answer of its own "
                               "or serves in the background"));
}

void PendingRequest::AddCallback(Callback callback) {
  {
    MutexLock lock(&mutex_);
    if (!ready()) {
      callbacks_.push_back(std::move(callback));
      return;
    }
  }
  callback(answer_);
}

std::vector<PendingRequest::Callback> PendingRequest::Answer(absl::StatusOr<Value> answer) {
  MutexLock lock(&mutex_);
  if (ready()) return {};
  answer_ = std::move(answer);
  ready_.store(true);
  return std::exchange(callbacks_, {});
}

std::shared_ptr<PendingRequest> PendingRequests::Add(int64_t* seq) {
  auto request = std::make_shared<PendingRequest>();
  *seq = NextSeq();
  MutexLock lock(&mutex_);
  if (ended_) return nullptr;
  const bool is_new = waiting_.emplace(*seq, request).second;
  RPYC_ASSERT(is_new);
  return request;
}

std::shared_ptr<PendingRequest> PendingRequests::Take(int64_t seq) {
  MutexLock lock(&mutex_);
  const auto found = waiting_.find(seq);
  if (found == waiting_.end()) return nullptr;
  std::shared_ptr<PendingRequest> request = std::move(found->second);
  RPYC_ASSERT(request != nullptr);
  waiting_.erase(found);
  return request;
}

bool PendingRequests::empty() const {
  MutexLock lock(&mutex_);
  return waiting_.empty();
}

HashMap<int64_t, std::shared_ptr<PendingRequest>> PendingRequests::End() {
  MutexLock lock(&mutex_);
  ended_ = true;
  return std::exchange(waiting_, {});
}

}  // namespace rpyc
