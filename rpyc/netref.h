#ifndef RPYC_NETREF_H_
#define RPYC_NETREF_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "rpyc/mutex.h"
#include "rpyc/object.h"

namespace rpyc {

// References that have died and whose owner must be told: filled by destructors on any thread,
// emptied by whoever sends. Threads: any.
class ReleaseQueue {
 public:
  struct Release {
    std::string id_pack;  // encoded, as the owner wrote it
    int64_t count;
  };
  void Push(Release release);
  std::vector<Release> TakeAll();

 private:
  Mutex mutex_;
  std::vector<Release> releases_ ABSL_GUARDED_BY(mutex_);
};

// A proxy of one of the peer's objects. Handed back to the peer it is the peer's own object again.
// When the last owner lets go, the peer is told by the next message: the destructor only enqueues.
// Threads: any.
class Netref : public Object {
 public:
  // `encoded_id_pack` is kept and sent back bit by bit as the peer wrote it.
  Netref(std::string encoded_id_pack, std::string type_name, std::weak_ptr<ReleaseQueue> releases);
  ~Netref() override;

  const std::string& id_pack() const { return id_pack_; }
  // Whether the connection that `queue` belongs to owns the object behind this.
  bool BelongsTo(const std::shared_ptr<ReleaseQueue>& queue) const;
  // One more reference has arrived for the same object. By the connection's thread.
  void AddReference() { ++references_; }

  absl::string_view type_name() const override { return type_name_; }
  int64_t class_id() const override { return class_id_; }

 private:
  const std::string id_pack_;
  const std::string type_name_;
  const int64_t class_id_;
  const std::weak_ptr<ReleaseQueue> releases_;
  int64_t references_ = 1;
};

}  // namespace rpyc

#endif  // RPYC_NETREF_H_
