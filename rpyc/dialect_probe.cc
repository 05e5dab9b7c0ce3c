#include "rpyc/dialect_probe.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "rpyc/brine.h"
#include "rpyc/channel.h"
#include "rpyc/foreign_protocol.h"
#include "rpyc/out_buffer.h"
#include "rpyc/protocol_constants.h"

namespace rpyc {
namespace {

// How long a peer may be silent before it is asked in the other dialect too.
constexpr absl::Duration kMaxSilence = absl::Milliseconds(500);
// How long one of two connections is waited for before the other.
constexpr absl::Duration kPollInterval = absl::Milliseconds(20);
// How much is read ahead at once; a peer's first message is short.
constexpr size_t kReadAheadBytes = 4096;

// One connection, and the dialect of the PING that was sent on it.
struct Attempt {
  Dialect guess;
  std::unique_ptr<Stream> stream;
};

absl::Status SendPing(Dialect dialect, Stream& stream) {
  OutBuffer seq, out;
  brine::AppendInt(-1, &seq);
  FrameWriter frame(&out);
  AppendMessageHead(dialect, MessageType::kRequest, seq.ToString(), &out);
  // (PING, (VALUE, (-1,)))
  brine::AppendTupleHeader(2, &out);
  brine::AppendInt(static_cast<int64_t>(Handle::kPing), &out);
  brine::AppendTupleHeader(2, &out);
  brine::AppendInt(static_cast<int64_t>(Label::kValue), &out);
  brine::AppendTupleHeader(1, &out);
  brine::AppendInt(-1, &out);
  if (absl::Status ended = frame.End(UINT32_MAX); !ended.ok()) return ended;
  return stream.WriteAll(out.Chunks());
}

absl::Status NotRpyc(absl::string_view bytes, const absl::Status& why) {
  const std::optional<ForeignProtocol> foreign =
      RecogniseForeignProtocol(bytes, PortProtocol::kRpyc);
  const std::string seems = foreign.has_value() ? absl::StrCat(": it seems to be ", foreign->name)
                            : why.ok()          ? ""
                                                : absl::StrCat(": ", why.message());
  return absl::InvalidArgumentError(absl::StrCat("the peer does not speak RPyC", seems));
}

// The dialect of the frame that `bytes` begin with; kUnknown if the frame is not complete.
absl::StatusOr<Dialect> DialectOf(absl::string_view bytes, const Limits& limits) {
  const absl::string_view all = bytes;
  FrameParser parser(limits);
  while (!bytes.empty()) {
    const absl::Span<char> space = parser.PrepareRead();
    const size_t taken = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), taken);
    parser.Commit(taken);
    bytes.remove_prefix(taken);
  }
  const absl::StatusOr<std::optional<absl::string_view>> payload = parser.Next();
  if (payload.ok() && !payload->has_value()) return Dialect::kUnknown;
  const Dialect dialect = payload.ok() ? DetectDialect(**payload) : Dialect::kUnknown;
  if (dialect != Dialect::kUnknown) return dialect;
  return NotRpyc(all, payload.status());
}

// Waits for the peer's first message; kUnknown if it has not come by `deadline`.
// Errors:  kUnavailable - the peer has hung up; kInvalidArgument - not RPyC.
absl::StatusOr<Dialect> Listen(Stream& stream, const Limits& limits, absl::Time deadline) {
  while (stream.Wait(Stream::Event::kReadable, deadline)) {
    const absl::StatusOr<ReadResult> read = stream.ReadAhead(kReadAheadBytes);
    if (!read.ok()) return read.status();
    // What came before the end of the stream counts.
    absl::StatusOr<Dialect> dialect = DialectOf(stream.read_ahead(), limits);
    if (!dialect.ok() || *dialect != Dialect::kUnknown) return dialect;
    if (read->outcome == ReadResult::kEof) {
      if (!stream.read_ahead().empty()) return NotRpyc(stream.read_ahead(), absl::OkStatus());
      return absl::UnavailableError("the peer hung up without a word");
    }
    if (read->outcome == ReadResult::kWouldBlock) {
      // Half a message counts as readable. Peers write such short ones at once, so this happens
      // next to never.
      if (absl::Now() >= deadline) break;
      absl::SleepFor(absl::Milliseconds(1));
    }
  }
  return Dialect::kUnknown;
}

// The error where asking has used up the only connection of the server; `why` is the error of the
// next connection.
absl::Status OnlyConnectionUsed(const absl::Status& why) {
  if (absl::IsFailedPrecondition(why) || absl::IsDeadlineExceeded(why)) return why;
  return absl::Status(
      why.code(),
      absl::StrCat("the server was asked for its dialect of RPyC and hung up, as those of 4 and 5 "
                   "do, and the next connection failed (",
                   why.message(),
                   "): if it takes one connection only, as OneShotServer does, set config.dialect "
                   "to 5, so that it is not asked"));
}

}  // namespace

absl::StatusOr<ProbedStream> ProbeDialect(
    absl::FunctionRef<absl::StatusOr<std::unique_ptr<Stream>>()> dial, const Limits& limits,
    absl::Time deadline) {
  Attempt attempts[] = {{Dialect::kV6, nullptr}, {Dialect::kV5, nullptr}};
  absl::Status failure;
  const auto begin = [&](Attempt& attempt) {
    absl::StatusOr<std::unique_ptr<Stream>> stream = dial();
    if (!stream.ok()) return stream.status();
    attempt.stream = *std::move(stream);
    // If the peer has hung up by now, reading finds that.
    SendPing(attempt.guess, *attempt.stream).IgnoreError();
    return absl::OkStatus();
  };
  // Listens to one connection until `until`; returns the dialect if it is known then.
  const auto listen = [&](Attempt& attempt, absl::Time until) -> absl::StatusOr<Dialect> {
    if (attempt.stream == nullptr) return Dialect::kUnknown;
    absl::StatusOr<Dialect> said = Listen(*attempt.stream, limits, std::min(until, deadline));
    if (absl::IsUnavailable(said.status())) {
      failure = said.status();
      attempt.stream.reset();
      return Dialect::kUnknown;
    }
    return said;
  };

  if (absl::Status begun = begin(attempts[0]); !begun.ok()) return begun;
  absl::StatusOr<Dialect> said = listen(attempts[0], absl::Now() + kMaxSilence);
  if (said.ok() && *said == Dialect::kUnknown) {
    // A server that takes no second connection may still answer on the first.
    if (absl::Status begun = begin(attempts[1]); !begun.ok()) failure = begun;
  }
  while (said.ok() && *said == Dialect::kUnknown) {
    if (attempts[0].stream == nullptr && attempts[1].stream == nullptr)
      return OnlyConnectionUsed(failure);
    if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError("the peer answers in neither dialect of RPyC");
    }
    said = listen(attempts[1], absl::Now() + kPollInterval);
    if (said.ok() && *said == Dialect::kUnknown)
      said = listen(attempts[0], absl::Now() + kPollInterval);
  }
  if (!said.ok()) return said.status();

  for (Attempt& attempt : attempts) {
    if (attempt.guess != *said && attempt.stream != nullptr) attempt.stream->Shutdown();
  }
  Attempt& chosen = attempts[*said == Dialect::kV6 ? 0 : 1];
  if (chosen.stream == nullptr) {
    // The other connection told the dialect, by not understanding. A server that takes one
    // connection only may still accept this one, and then hangs up on it; a busy one keeps silent,
    // and is good.
    if (absl::Status begun = begin(chosen); !begun.ok()) return OnlyConnectionUsed(begun);
    const absl::StatusOr<Dialect> again =
        Listen(*chosen.stream, limits, std::min(deadline, absl::Now() + kMaxSilence));
    if (!again.ok()) return OnlyConnectionUsed(again.status());
  }
  return ProbedStream{std::move(chosen.stream), *said};
}

}  // namespace rpyc
