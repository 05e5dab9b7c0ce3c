#include "rpyc/netref.h"

namespace rpyc {

void ReleaseQueue::Push(Release release) {
  MutexLock lock(&mutex_);
  releases_.push_back(std::move(release));
}

std::vector<ReleaseQueue::Release> ReleaseQueue::TakeAll() {
  MutexLock lock(&mutex_);
  return std::exchange(releases_, {});
}

Netref::Netref(std::string encoded_id_pack, std::string type_name,
               std::weak_ptr<ReleaseQueue> releases)
    : id_pack_(std::move(encoded_id_pack)),
      type_name_(std::move(type_name)),
      class_id_(NewObjectId()),
      releases_(std::move(releases)) {}

Netref::~Netref() {
  if (std::shared_ptr<ReleaseQueue> releases = releases_.lock()) {
    releases->Push({id_pack_, references_});
  }
}

bool Netref::BelongsTo(const std::shared_ptr<ReleaseQueue>& queue) const {
  return !releases_.owner_before(queue) && !queue.owner_before(releases_);
}

}  // namespace rpyc
