#include "rpyc/listener_queue.h"

#include <algorithm>
#include <utility>

#include "rpyc/assert.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/pending_request.h"

namespace rpyc {
namespace {

// Whether `error` says that the connection has ended, and was not raised by the peer.
bool IsEndOfConnection(const absl::Status& error) {
  return IsPyStatus(error, "EOFError") && !ToException(error).remote_traceback.has_value();
}

}  // namespace

std::shared_ptr<ListenerQueue> ListenerQueue::Make(std::shared_ptr<NetrefObject> callee,
                                                   std::string client) {
  std::shared_ptr<ListenerQueue> queue(new ListenerQueue(std::move(callee), std::move(client)));
  const std::shared_ptr<NetrefOwner> owner = queue->callee_->owner();
  const bool live =
      owner != nullptr && owner->WhenEnded(queue.get(), [weak = queue->weak_from_this()] {
        if (const std::shared_ptr<ListenerQueue> self = weak.lock()) self->OnGone();
      });
  if (!live) queue->OnGone();
  return queue;
}

ListenerQueue::ListenerQueue(std::shared_ptr<NetrefObject> callee, std::string client)
    : callee_(std::move(callee)),
      client_(std::move(client)),
      options_(std::make_shared<const ListenerOptions>()) {}

ListenerQueue::~ListenerQueue() {
  if (const std::shared_ptr<NetrefOwner> owner = callee_->owner()) owner->Forget(this);
}

void ListenerQueue::Configure(ListenerOptions options) {
  options.max_waiting = std::max<size_t>(options.max_waiting, 1);
  options.max_unanswered = std::max<size_t>(options.max_unanswered, 1);
  std::shared_ptr<const ListenerOptions> former =
      std::make_shared<const ListenerOptions>(std::move(options));
  // The former ones are destroyed with no lock held: their handlers are the user's.
  MutexLock lock(&mutex_);
  std::swap(options_, former);
}

void ListenerQueue::Push(absl::StatusOr<CallArgs> args) {
  if (!args.ok()) return TellError(args.status());
  CallArgs dropped;  // destroyed with no lock held
  {
    MutexLock lock(&mutex_);
    if (closed_ || gone_) {
      ++counts_.dropped;
      return;
    }
    if (waiting_.size() >= options_->max_waiting) {
      ++counts_.dropped;
      if (options_->when_full == WhenFull::kDropNewest) return;
      dropped = std::move(waiting_.front());
      waiting_.pop_front();
    }
    waiting_.push_back(*std::move(args));
  }
  Send();
}

void ListenerQueue::Send() {
  mutex_.Lock();
  if (sending_) return mutex_.Unlock();
  sending_ = true;
  while (!closed_ && !gone_ && !waiting_.empty() && counts_.unanswered < options_->max_unanswered) {
    CallArgs args = std::move(waiting_.front());
    waiting_.pop_front();
    ++counts_.unanswered;
    mutex_.Unlock();
    callee_->PostCall(std::move(args))
        ->AddCallback([self = shared_from_this()](const absl::StatusOr<Value>& answer) {
          self->OnAnswer(answer);
        });
    mutex_.Lock();
  }
  RPYC_ASSERT(sending_);
  sending_ = false;
  mutex_.Unlock();
}

void ListenerQueue::OnAnswer(const absl::StatusOr<Value>& answer) {
  const bool ended = !answer.ok() && IsEndOfConnection(answer.status());
  {
    MutexLock lock(&mutex_);
    RPYC_ASSERT(counts_.unanswered > 0);
    --counts_.unanswered;
    if (answer.ok()) ++counts_.answered;
    if (ended) ++counts_.dropped;
  }
  if (ended) return OnGone();
  if (!answer.ok()) TellError(answer.status());
  Send();
}

void ListenerQueue::TellError(const absl::Status& error) {
  std::shared_ptr<const ListenerOptions> options;
  {
    MutexLock lock(&mutex_);
    ++counts_.failed;
    if (!closed_) options = options_;
  }
  if (options == nullptr || options->on_error == nullptr) return;
  // No caller is there to be told what it throws.
  Guarded([&] { options->on_error(client_, RemoteError(ToException(error))); }).IgnoreError();
}

void ListenerQueue::OnGone() {
  std::shared_ptr<const ListenerOptions> options;
  std::deque<CallArgs> dropped;
  {
    MutexLock lock(&mutex_);
    if (std::exchange(gone_, true)) return;
    counts_.dropped += static_cast<int64_t>(waiting_.size());
    dropped = std::exchange(waiting_, {});
    if (!closed_) options = options_;
  }
  if (options == nullptr || options->on_gone == nullptr) return;
  Guarded([&] { options->on_gone(client_); }).IgnoreError();
}

void ListenerQueue::Close() {
  std::deque<CallArgs> dropped;
  MutexLock lock(&mutex_);
  closed_ = true;
  counts_.dropped += static_cast<int64_t>(waiting_.size());
  dropped.swap(waiting_);
}

bool ListenerQueue::connected() const {
  MutexLock lock(&mutex_);
  return !closed_ && !gone_;
}

ListenerCounts ListenerQueue::counts() const {
  MutexLock lock(&mutex_);
  ListenerCounts counts = counts_;
  counts.waiting = waiting_.size();
  return counts;
}

bool ListenerQueue::HasSameCallee(const ListenerQueue& other) const {
  return callee_->identity() == other.callee_->identity();
}

}  // namespace rpyc
