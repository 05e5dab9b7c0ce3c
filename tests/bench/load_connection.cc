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
      start_times_(std::bit_ceil(depth)) {
  for (size_t i = 0; i < depth; ++i) batch_ += exchange_.request;
}

bool LoadConnection::Send() {
  while (has_output()) {
    if (sent_bytes_ == batch_bytes_) {
      const size_t count = std::min(queued_requests_, depth_);
      const uint64_t now = NowNanoseconds();
      for (size_t i = 0; i < count; ++i) {
        if (!exchange_.same_seq) PatchSeq(next_seq_, &batch_[i * exchange_.request.size()]);
        start_times_[next_seq_ % start_times_.size()] = now;
        ++next_seq_;
      }
      queued_requests_ -= count;
      sent_bytes_ = 0;
      batch_bytes_ = count * exchange_.request.size();
    }
    const ssize_t bytes = line_.Send({batch_.data() + sent_bytes_, batch_bytes_ - sent_bytes_});
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (bytes < 0 && errno != EINTR) return false;
    if (bytes > 0) sent_bytes_ += static_cast<size_t>(bytes);
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
    // If a reply has another length, the next ones fail the check.
    const size_t part = std::min(bytes.size(), exchange_.reply.size() - received_bytes_);
    if (received_bytes_ < kHeadBytes) {
      std::memcpy(head_.data() + received_bytes_, bytes.data(),
                  std::min(part, kHeadBytes - received_bytes_));
    }
    received_bytes_ += part;
    bytes.remove_prefix(part);
    if (received_bytes_ < exchange_.reply.size()) break;
    Check(next_reply_seq_);
    if (histogram != nullptr)
      histogram->Add(now - start_times_[next_reply_seq_ % start_times_.size()]);
    ++next_reply_seq_;
    received_bytes_ = 0;
    ++replies;
  }
  return replies;
}

}  // namespace rpyc::bench
