#ifndef RPYC_TESTS_BENCH_CANNED_RPYC_H_
#define RPYC_TESTS_BENCH_CANNED_RPYC_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace rpyc::bench {

// What no RPyC server can be faster than: finds the frames, the sequence number and the handler,
// and answers with canned bytes. There is no object model. A root with add(a, b), always 3, and
// echo(data), which wants its method to be asked for first. Answers in the dialect of each request;
// inflates, never deflates. For peers that are trusted: what it does not understand is answered by
// None. One per connection.
class CannedRpyc {
 public:
  // Space for the next read.
  absl::Span<char> PrepareRead();
  // Takes over the first `bytes` bytes of it and appends the answers to whole requests.
  void Commit(size_t bytes, std::string* out);
  // Whether the peer has said that it closes, and now waits for the end of the connection.
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
