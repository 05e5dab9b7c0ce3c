#ifndef RPYC_BRINE_H_
#define RPYC_BRINE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/byte_budget.h"
#include "rpyc/limits.h"
#include "rpyc/out_buffer.h"
#include "rpyc/value.h"

// Brine, RPyC's codec for immutable values: see brine_format.h and docs/wire.md.
namespace rpyc::brine {

// Reads brine in place, one value after the other. Borrows its input, which must outlive it.
// Every step is checked: lengths against the bytes that are there, nesting and digits against the
// limits. After an error the reader must not be used again.
// Errors:  kInvalidArgument - not brine; kResourceExhausted - over a limit, or OutOfMemory. The
//          message names the offset: "brine: tuple of 4294967295 items in 3 bytes (offset 17)".
// Source:  RPyC core/brine.py, load, 5.3.1 and 6.0.2; liberal where that is (long forms of short
//          lengths), strict where that would silently shorten a truncated bytes body.
class Reader {
 public:
  // The memory of the values counts in `charge`, as it grows; null: there is no such bound.
  Reader(absl::string_view input, const Limits& limits, ByteCharge* charge = nullptr)
      : input_(input),
        limits_(limits),
        charge_(charge),
        granted_(charge == nullptr ? limits.max_decoded_bytes
                                   : std::min(limits.max_decoded_bytes, ByteBudget::kFreeBytes)),
        memory_left_(granted_) {}

  // Decodes the whole next value.
  absl::StatusOr<Value> ReadValue();
  // Steps over the next value and returns its bytes, which are part of the input. As strict as
  // ReadValue, so that what is sent on is brine; but takes no memory, and max_decoded_bytes does
  // not bound it.
  absl::StatusOr<absl::string_view> SkipValue();

  // If the next value is a tuple, enters it: returns its item count, its items follow. That many
  // Values are within max_decoded_bytes: the caller may reserve them.
  absl::StatusOr<uint32_t> ReadTupleHeader();
  // The next value as an int that fits int64_t / as text, without copying.
  // Errors:  also kInvalidArgument - it is something else.
  absl::StatusOr<int64_t> ReadInt();
  absl::StatusOr<absl::string_view> ReadStr();
  // Counts what the caller makes of what it has read, as if it were a value that was decoded.
  absl::Status ChargeFor(size_t bytes) {
    return Charge(pos_, bytes) ? absl::OkStatus() : std::move(error_);
  }
  // Reads one byte that is no value: a message of RPyC 6 begins with one.
  absl::StatusOr<uint8_t> ReadRawByte();

  // Whether the next value is a tuple, which ReadTupleHeader would enter.
  bool AtTuple() const;
  // Whether the next value is an int of one byte, as labels and handler numbers are.
  bool AtSmallInt() const;

  // The next tag byte without consuming it, or -1 at the end.
  int PeekTag() const { return pos_ < input_.size() ? static_cast<uint8_t>(input_[pos_]) : -1; }
  size_t position() const { return pos_; }
  absl::string_view rest() const { return input_.substr(pos_); }

 private:
  // These return false after Fail. They write results in place and keep the error aside, so that
  // the frames of the recursion stay small. `at` is the offset of the value's tag.
  bool Read(int depth, Value* out);
  bool ReadContainer(size_t at, uint8_t tag, int depth, Value* out);
  bool ReadScalar(size_t at, uint8_t tag, Value* out);
  bool ReadIntText(size_t at, uint8_t tag, Value* out);
  bool Skip(int depth);
  bool SkipContainer(size_t at, uint8_t tag, int depth);

  bool TakeTag(uint8_t* tag);
  bool TakeLength(size_t at, int width, absl::string_view what, uint32_t* length);
  bool TakeBody(size_t at, size_t length, absl::string_view what, absl::string_view* body);
  bool TakeBytes(size_t at, uint8_t tag, absl::string_view* body);
  bool TakeText(size_t at, absl::string_view* body);
  bool TakeIntText(size_t at, uint8_t tag, absl::string_view* text);
  bool TakeCount(size_t at, uint8_t tag, uint32_t* count);
  bool TakeContainer(size_t at, uint8_t tag, uint32_t* count);

  bool CheckNesting(size_t at, int depth);
  bool Charge(size_t at, size_t bytes) {  // against max_decoded_bytes and the budget
    if (bytes > memory_left_) return ChargeMore(at, bytes);
    memory_left_ -= bytes;
    return true;
  }
  bool ChargeMore(size_t at, size_t bytes);
  template <typename... Piece>
  bool Fail(absl::StatusCode code, size_t at, const Piece&... what);
  template <typename... Piece>
  bool Malformed(size_t at, const Piece&... what);
  template <typename... Piece>
  bool TooMuch(size_t at, const Piece&... what);

  absl::string_view input_;
  const Limits& limits_;
  size_t pos_ = 0;
  ByteCharge* const charge_;
  size_t granted_;      // of max_decoded_bytes
  size_t memory_left_;  // of granted_
  absl::Status error_;
};

// Decodes one value from the start of `input`; bytes after it are ignored, as RPyC does.
absl::StatusOr<Value> Decode(absl::string_view input, const Limits& limits);

// Appends the encoding of `value`, shortest forms as RPyC writes them. Long str/bytes that `value`
// owns alone are moved into the buffer, not copied.
// Errors:  kInvalidArgument - holds an Object or text that is not UTF-8;
//          kResourceExhausted - nested deeper than `limits.max_nesting`, or an int over
//          `limits.max_int_digits`. Nothing has been appended then.
absl::Status Encode(Value value, const Limits& limits, OutBuffer* out);
absl::StatusOr<std::string> EncodeToString(const Value& value, const Limits& limits);

// These append pieces for callers that compose messages by hand, in the same forms as Encode.
void AppendInt(int64_t value, OutBuffer* out);
void AppendStr(absl::string_view utf8, OutBuffer* out);
void AppendTupleHeader(uint32_t count, OutBuffer* out);

}  // namespace rpyc::brine

#endif  // RPYC_BRINE_H_
