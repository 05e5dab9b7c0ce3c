#include "rpyc/authentication_driver.h"

#include <algorithm>
#include <array>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rpyc/bind/invoke.h"

namespace rpyc {
namespace {

constexpr size_t kReadBytes = 1 << 10;

absl::Status NotYet() { return absl::DeadlineExceededError("authentication: not done in time"); }

absl::Status Refused(absl::string_view why) {
  return absl::UnauthenticatedError(absl::StrCat("authentication: ", why));
}

}  // namespace

absl::Status AuthenticationDriver::Run(absl::Time deadline) {
  for (;;) {
    absl::Status status = Advance();
    if (!absl::IsDeadlineExceeded(status)) return status;
    if (deadline == absl::InfinitePast() || !stream_->Wait(wants_, deadline)) return status;
  }
}

absl::Status AuthenticationDriver::Advance() {
  for (;;) {
    if (absl::Status sent = Send(); !sent.ok() || done_) return sent;
    if (!has_news_) {
      if (absl::Status received = Receive(); !received.ok()) return received;
    }
    absl::StatusOr<Authentication::Step> step = Authentication::Step();
    absl::Status ran = Guarded([&] {
      if (authentication_ == nullptr) authentication_ = authenticator_->Begin(peer_);
      step = authentication_->Receive(received_, &reply_);
    });
    ran.Update(step.status());
    if (!ran.ok()) return Refused(ran.message());
    received_.erase(0, std::min(step->used, received_.size()));
    has_news_ = step->used > 0 && !received_.empty();
    if (!step->done) continue;
    done_ = true;
    if (reply_.empty()) stream_->Acknowledge();  // the peer is told nothing, and may go on at once
    credentials_ = std::move(step->credentials);
    authentication_.reset();
  }
}

absl::Status AuthenticationDriver::Send() {
  while (!reply_.empty()) {
    const absl::string_view rest = reply_;
    const absl::StatusOr<size_t> sent = stream_->WriteSome(absl::MakeConstSpan(&rest, 1));
    if (!sent.ok()) return sent.status();
    reply_.erase(0, *sent);
    if (*sent > 0) continue;
    wants_ = Stream::Event::kWritable;
    return NotYet();
  }
  return absl::OkStatus();
}

absl::Status AuthenticationDriver::Receive() {
  if (received_.size() >= kMaxReceivedBytes) return Refused("it has sent too much");
  std::array<char, kReadBytes> piece;
  const size_t room = std::min(piece.size(), kMaxReceivedBytes - received_.size());
  const absl::StatusOr<ReadResult> read = stream_->ReadSome(
      absl::MakeSpan(piece.data(), room), ReadHint::kBetweenFrames, absl::InfinitePast());
  if (!read.ok()) return read.status();
  switch (read->outcome) {
    case ReadResult::kData:
      received_.append(piece.data(), read->bytes);
      return absl::OkStatus();
    case ReadResult::kEof:
      return absl::UnavailableError("authentication: the peer ended the connection");
    case ReadResult::kWouldBlock:
      break;
  }
  if (!received_.empty()) stream_->Acknowledge();  // the peer may hold back the rest
  wants_ = Stream::Event::kReadable;
  return NotYet();
}

}  // namespace rpyc
