#ifndef RPYC_CHANNEL_H_
#define RPYC_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/byte_budget.h"
#include "rpyc/limits.h"
#include "rpyc/out_buffer.h"

namespace rpyc {

// Bytes of a frame besides its payload: u32 length | u8 compressed | payload | '\n'.
// Source:  RPyC core/channel.py, Channel, 5.3.1 and 6.0.2.
inline constexpr size_t kFrameHeaderBytes = 5;
inline constexpr size_t kFrameTrailerBytes = 1;

// Returns how long the whole frame is that begins with `header`, which has at least
// kFrameHeaderBytes.
size_t FrameBytes(absl::string_view header);

// A push parser: it takes bytes in, gives complete frames out and keeps half a frame. It does no
// I/O.
//
//   absl::Span<char> space = parser.PrepareRead();
//   n = recv(space); parser.Commit(n);
//   while (payload = parser.Next()) ...          // payload is valid until the next call
//
// Memory: a small first buffer that grows with what has arrived, never with what a header claims
// (once large frames have come from this peer, the next is believed). Between frames at most 2 MiB
// are kept, and only while recent frames needed it; none after FreeIfEmpty. Of a frame that is too
// long, or that there is no memory for, the rest is dropped as it comes.
// Threads: one at a time.
class FrameParser {
 public:
  // What is held counts in `first_frame_budget` until the first frame is complete, then in its
  // parent. They outlive the parser. Null: there is no such bound.
  explicit FrameParser(const Limits& limits, ByteBudget* first_frame_budget = nullptr);
  ~FrameParser();
  FrameParser(const FrameParser&) = delete;
  FrameParser& operator=(const FrameParser&) = delete;

  // Returns space for the next bytes, empty only if there is no memory at all. Invalidates the last
  // payload.
  absl::Span<char> PrepareRead();
  // Takes over the first `bytes` bytes of that space.
  void Commit(size_t bytes);

  // The next complete payload, inflated if it was compressed; nullopt when more bytes are needed.
  // Frames with an empty payload are skipped, as a Python peer does. The trailer is not checked.
  // Wire:    any non-zero flag means zlib.
  // Errors:  kResourceExhausted - over max_frame_bytes or max_inflated_bytes, or OutOfMemory:
  //          returned as soon as the head of the message has come. If can_go_on, the next call goes
  //          on behind that frame;
  //          kInvalidArgument - bad zlib data, or compressed nothing. Fatal: do not go on.
  // Source:  RPyC core/channel.py, Channel.recv, and zlib.decompress, which ignores bytes after the
  //          compressed stream and refuses one without its end.
  absl::StatusOr<std::optional<absl::string_view>> Next();

  // The first bytes of the payload that Next has refused last, inflated: kHeadBytes if there are so
  // many; empty if none could be had.
  absl::string_view refused_head() const { return refused_head_; }
  static constexpr size_t kHeadBytes = 128;
  // False: what Next has refused is fatal. The frame has more bytes than any peer sends, or it is
  // no frame.
  bool can_go_on() const { return can_go_on_; }

  // Whether a frame has begun whose end has not arrived.
  bool inside_frame() const { return bytes_to_skip_ > 0 || last_frame_ != end_; }
  // How many of the bytes to come belong to a frame that was refused.
  size_t skipped_bytes() const {
    return refused_bytes_ > 0 ? refused_bytes_ - (end_ - begin_) : bytes_to_skip_;
  }
  // The bytes of the frame that has begun; empty if there is none. Next does not touch them: until
  // PrepareRead another thread may read them.
  absl::string_view incomplete_frame() const {
    return {input_.data + last_frame_, end_ - last_frame_};
  }
  // Whether Next would not return nullopt: one more complete frame is buffered, or an error.
  bool has_frame() const;

  // Frees all memory, if nothing is buffered. The next read is offered what recent frames needed.
  void FreeIfEmpty();

  size_t buffered_bytes() const { return end_ - begin_; }
  size_t capacity_bytes() const { return input_.capacity + inflated_.capacity; }

 private:
  // Storage from malloc, so that nothing is zero-filled and growing a large block remaps its pages.
  struct Buffer {
    char* data = nullptr;
    size_t capacity = 0;
    size_t recent_need = 0;  // how much was used lately; decays
    ByteCharge charge;

    // Errors:  OutOfMemory - the buffer is as it was.
    absl::Status Grow(size_t new_capacity);
    void Free();
    // Called when the content is done with, of which at most `used` bytes were in use. Frees what
    // recent uses do not justify keeping.
    void Retire(size_t used);
  };
  // What the header says of the frame at some offset.
  struct Header {
    uint32_t payload_bytes;
    bool compressed;
    size_t frame_bytes() const;
  };

  // The header of the frame at `offset`; nullopt if not all of it has come.
  std::optional<Header> HeaderAt(size_t offset) const;
  // Whether all of the frame at `offset` has come.
  bool CompleteAt(size_t offset, const Header& header) const;
  // Moves what is held to the start of the buffer.
  void Compact();
  // Inflates a payload into inflated_.
  absl::StatusOr<absl::string_view> Inflate(absl::string_view compressed);
  // Whether all that Refuse needs for refused_head has come of the frame at `offset`.
  bool HasHeadAt(size_t offset, const Header& header) const;
  // Whether a frame that is too long can be refused already. One of more bytes than any peer sends
  // is not waited for, nor is another protocol.
  bool MayBeRefusedAt(size_t offset, const Header& header) const;
  // Makes some space, if there is any memory: what was too little for one frame is enough for its
  // head, and to drop the rest.
  void RefuseForLackOfMemory(absl::Status why);
  // Refuses the frame at begin_. If it is not complete, what has come of it stays until the next
  // call, for incomplete_frame. Returns `why`.
  absl::Status Refuse(const Header& header, absl::Status why);
  // Drops an incomplete frame that has been refused, and has its bytes skipped that are to come.
  void DropRefused();
  // False: what claims to be compressed does not begin as zlib's streams do. It is another
  // protocol.
  bool IsPlausibleAt(size_t offset, const Header& header) const;
  // Counts what is held in the parent of first_frame_budget: the first frame is complete.
  void LeaveFirstFrameBudget();
  // Whether the offsets are in order, as each public function leaves them.
  bool IsConsistent() const;

  const uint32_t max_frame_bytes_;
  const uint32_t max_inflated_bytes_;
  Buffer input_;
  size_t first_bytes_;  // what a read is offered where there is no buffer yet
  size_t begin_ = 0;    // input_ holds bytes [begin_, end_)
  size_t end_ = 0;
  size_t last_frame_ = 0;  // where the last frame begins, unless it is complete; then end_
  bool last_read_filled_space_ = false;
  Buffer inflated_;
  size_t inflated_bytes_ = 0;  // of the largest payload since inflated_ was retired
  size_t bytes_to_skip_ = 0;   // of a refused frame, still to come; begin_ is end_ meanwhile
  size_t refused_bytes_ = 0;   // of the incomplete frame at begin_, which has been refused
  bool awaits_first_frame_;    // what is held counts in first_frame_budget
  bool can_go_on_ = true;
  absl::Status refusal_;  // what Next will return for the frame that is skipped
  std::string refused_head_;
};

// Writes a frame around a payload that is appended between Begin and End, with no copy of it.
// Never compressed: peers inflate only what is flagged, and over loopback deflating never pays.
class FrameWriter {
 public:
  // Appends the header.
  explicit FrameWriter(OutBuffer* out);
  // Completes the frame.
  // Errors:  kResourceExhausted - payload over 4 GiB - 1 or `max_frame_bytes`; the frame is then
  //          removed from the buffer.
  absl::Status End(uint32_t max_frame_bytes);
  // Removes the frame again.
  void Abandon();

 private:
  OutBuffer* const out_;
  const size_t start_;
};

}  // namespace rpyc

#endif  // RPYC_CHANNEL_H_
