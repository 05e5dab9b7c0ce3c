#ifndef RPYC_TESTS_BENCH_CANNED_RPYC_H_
#define RPYC_TESTS_BENCH_CANNED_RPYC_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace rpyc::bench {

// Shows the speed that no RPyC server can exceed: it finds the frames, the sequence number and the
// handler, and answers with canned bytes. It has no object model. It has a root with add(a, b),
// which is always 3, and echo(data), whose method must be asked for first. It answers in the
// dialect of each request; it inflates and never deflates. It is for peers that are trusted: it
// answers None to what it does not understand. Each connection has its own.
class CannedRpyc {
 public:
  // Returns space for the next read.
  absl::Span<char> PrepareRead();
  // Takes over the first `bytes` bytes of the space and appends the answers to whole requests.
  void Commit(size_t bytes, std::string* out);
  // Returns whether the peer has said that it closes, and now waits for the end of the connection.
  bool closed() const { return closed_; }

 private:
  void Answer(absl::string_view payload, std::string* out);
  absl::string_view Inflate(absl::string_view compressed);

  std::vector<char> input_;
  size_t filled_ = 0;
  std::vector<char> inflated_;
  bool closed_ = false;
};

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_CANNED_RPYC_H_
