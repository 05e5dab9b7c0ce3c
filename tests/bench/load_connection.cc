#include "tests/bench/load_connection.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tests/bench/measurement.h"

namespace rpyc::bench {

LoadConnection::LoadConnection(Line line, Exchange exchange, size_t depth)
    : line_(std::move(line)),
      exchange_(std::move(exchange)),
      depth_(depth),
      started_(std::bit_ceil(depth)) {
  for (size_t i = 0; i < depth; ++i) batch_ += exchange_.request;
}

bool LoadConnection::Send() {
  while (has_output()) {
    if (sent_ == batch_bytes_) {
      const size_t count = std::min(owed_, depth_);
      const uint64_t now = NowNanoseconds();
      for (size_t i = 0; i < count; ++i) {
        if (!exchange_.same_seq) PatchSeq(next_, &batch_[i * exchange_.request.size()]);
        started_[next_ % started_.size()] = now;
        ++next_;
      }
      owed_ -= count;
      sent_ = 0;
      batch_bytes_ = count * exchange_.request.size();
    }
    const ssize_t bytes = line_.Send({batch_.data() + sent_, batch_bytes_ - sent_});
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (bytes < 0 && errno != EINTR) return false;
    if (bytes > 0) sent_ += static_cast<size_t>(bytes);
  }
  return true;
}

void LoadConnection::Check(uint32_t expected_seq) {
  absl::string_view head(head_.data(), std::min(exchange_.reply.size(), kHeadBytes));
  absl::string_view wanted = absl::string_view(exchange_.reply).substr(0, head.size());
  if (exchange_.same_seq) {
    if (head != wanted) ++errors_;
    return;
  }
  if (SeqOf(head) != expected_seq || head.substr(0, kSeqOffset) != wanted.substr(0, kSeqOffset) ||
      head.substr(kSeqOffset + kSeqDigits) != wanted.substr(kSeqOffset + kSeqDigits)) {
    ++errors_;
  }
}

size_t LoadConnection::Take(absl::string_view bytes, LatencyHistogram* histogram) {
  const uint64_t now = NowNanoseconds();
  size_t replies = 0;
  while (!bytes.empty()) {
    // A reply of another length makes the next ones fail the check.
    const size_t part = std::min(bytes.size(), exchange_.reply.size() - received_);
    if (received_ < kHeadBytes) {
      std::memcpy(head_.data() + received_, bytes.data(), std::min(part, kHeadBytes - received_));
    }
    received_ += part;
    bytes.remove_prefix(part);
    if (received_ < exchange_.reply.size()) break;
    Check(answered_);
    if (histogram != nullptr) histogram->Add(now - started_[answered_ % started_.size()]);
    ++answered_;
    received_ = 0;
    ++replies;
  }
  return replies;
}

}  // namespace rpyc::bench
