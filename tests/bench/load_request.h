#ifndef RPYC_TESTS_BENCH_LOAD_REQUEST_H_
#define RPYC_TESTS_BENCH_LOAD_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rpyc/dialect.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/value.h"
#include "tests/bench/line.h"

namespace rpyc::bench {

// Says what the generator asks for.
struct Work {
  // kRootAdd calls add as a C++ client does, by one CALLATTR of the root. kIoOperation calls the
  // service HIGHCONCURRENCY, which waits before it answers.
  enum class Operation { kAdd, kRootAdd, kEcho, kIoOperation, kRaw };
  Operation operation = Operation::kAdd;
  Dialect dialect = Dialect::kV6;
  size_t echo_bytes = 16;
  bool text = false;     // echo text, which compresses, instead of random bytes
  bool deflate = false;  // deflate, as a stock client does, above 3000 bytes
  size_t raw_out = 0;    // kRaw receives this many bytes for each raw_in sent
  size_t raw_in = 0;

  // Returns the payload bytes of one exchange, both directions, or 0 where they do not matter.
  size_t bulk_bytes() const;
};

// Holds one request as a frame, and the reply that a correct server gives, for one connection. It
// is made once: for each further call only the digits of the sequence number change.
struct Exchange {
  std::string request;
  std::string reply;
  bool same_seq = false;  // a deflated frame cannot be changed, so all have one number
};

// The sequence number is always seven decimal digits, at this offset of any frame.
// Wire:    header (5) | type and tuple (2) | 0x16 0x07 (2) | digits.
inline constexpr size_t kSeqOffset = 9;
inline constexpr size_t kSeqDigits = 7;
inline constexpr uint32_t kFirstSeq = 1'000'000;
void PatchSeq(uint32_t seq, char* frame);
// Returns the number in a frame, or 0 if there is none such.
uint32_t SeqOf(absl::string_view frame);

// Asks the server for its root and the method, makes one call and checks the whole reply, which may
// come deflated. After that the connection is in the state of a client's that has done so. It makes
// no call if that would take its time.
// Errors:  kUnavailable - the connection broke; kInternal - the server answers something else.
absl::StatusOr<Exchange> Prepare(Line& line, const Work& work);

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_LOAD_REQUEST_H_
