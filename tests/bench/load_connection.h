#ifndef RPYC_TESTS_BENCH_LOAD_CONNECTION_H_
#define RPYC_TESTS_BENCH_LOAD_CONNECTION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/bench/latency_histogram.h"
#include "tests/bench/line.h"
#include "tests/bench/load_request.h"

namespace rpyc::bench {

// Makes the same request again and again on one connection, up to `depth` at a time, and checks
// each reply's length, sequence number and first bytes. Replies must come in order, as they do from
// every server that serves a connection on one thread. It can be moved, not copied.
// Threads: one.
class LoadConnection {
 public:
  // `line` and `exchange` are as Prepare left them.
  LoadConnection(Line line, Exchange exchange, size_t depth);

  Line& line() { return line_; }
  // Adds requests to those that wait to be sent. has_output() says whether requests or bytes wait.
  void QueueRequests(size_t requests) { queued_requests_ += requests; }
  bool has_output() const { return queued_requests_ > 0 || sent_bytes_ < batch_bytes_; }
  size_t in_flight() const { return next_seq_ - next_reply_seq_; }
  uint64_t errors() const { return errors_; }

  // Sends what waits, as far as the socket takes it. It returns false if the connection broke.
  bool Send();
  // Takes received bytes. For each reply that is whole it adds the latency to `histogram`, unless
  // that is null. It returns how many whole replies there were.
  size_t Take(absl::string_view bytes, LatencyHistogram* histogram);

 private:
  // This much of a frame is kept, to be compared.
  static constexpr size_t kHeadBytes = 64;

  void Check(uint32_t expected_seq);

  Line line_;
  Exchange exchange_;
  size_t depth_;
  std::string batch_;  // `depth` copies of the request
  size_t queued_requests_ = 0;
  size_t sent_bytes_ = 0;
  size_t batch_bytes_ = 0;  // the part of batch_ that is being sent
  uint32_t next_seq_ = 2 * kFirstSeq;
  uint32_t next_reply_seq_ = 2 * kFirstSeq;
  std::vector<uint64_t> start_times_;  // a ring by sequence number
  std::array<char, kHeadBytes> head_;
  size_t received_bytes_ = 0;  // of the current reply
  uint64_t errors_ = 0;
};

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_LOAD_CONNECTION_H_
