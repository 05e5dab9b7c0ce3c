#include "tests/symmetry/reference_ledger.h"

#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/protocol_constants.h"

namespace rpyc {
namespace {

// Returns text such as " REPLY 12": a message's kind and sequence number.
std::string Name(const PeerMessage& message) {
  const absl::string_view type = message.type == MessageType::kReply ? " REPLY " : " REQUEST ";
  return absl::StrCat(type, message.seq.DebugString());
}

}  // namespace

// The lock is held over a write and its entry, so that nothing is given back before its sending is
// recorded.
class ReferenceLedger::Listener : public Stream {
 public:
  Listener(ReferenceLedger* ledger, int side, std::unique_ptr<Stream> stream)
      : ledger_(ledger), side_(side), stream_(std::move(stream)) {}

  absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint hint,
                                      absl::Time deadline) override {
    return stream_->ReadSome(into, hint, deadline);
  }
  absl::StatusOr<ReadResult> ReadAhead(size_t max_bytes) override {
    return stream_->ReadAhead(max_bytes);
  }
  size_t read_ahead_bytes() const override { return stream_->read_ahead_bytes(); }
  absl::string_view read_ahead() const override { return stream_->read_ahead(); }
  absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) override {
    MutexLock lock(&ledger_->mutex_);
    absl::StatusOr<size_t> written = stream_->WriteSome(chunks);
    size_t left = written.value_or(0);
    for (absl::string_view chunk : chunks) {
      ledger_->Wrote(side_, chunk.substr(0, left));
      left -= std::min(left, chunk.size());
    }
    return written;
  }
  bool Wait(Event event, absl::Time deadline) override { return stream_->Wait(event, deadline); }
  void Shutdown() override { stream_->Shutdown(); }

 private:
  ReferenceLedger* const ledger_;
  const int side_;
  const std::unique_ptr<Stream> stream_;
};

ReferenceLedger::ReferenceLedger(Dialect dialect)
    : peer_(dialect), sides_{Side(limits_), Side(limits_)} {}

std::unique_ptr<Stream> ReferenceLedger::Listen(int side, std::unique_ptr<Stream> stream) {
  return std::make_unique<Listener>(this, side, std::move(stream));
}

ReferenceLedger::Totals ReferenceLedger::totals(int side) const {
  MutexLock lock(&mutex_);
  Totals totals;
  for (const auto& [id, count] : sides_[side].counts) {
    totals.sent += count.sent;
    totals.given_back += count.given_back;
    if (count.sent != count.given_back) {
      totals.held.push_back(absl::StrCat(id, ": ", count.sent, " sent, ", count.given_back,
                                         " given back;", count.messages));
    }
  }
  return totals;
}

std::vector<std::string> ReferenceLedger::breaches() const {
  MutexLock lock(&mutex_);
  return breaches_;
}

void ReferenceLedger::Wrote(int side, absl::string_view bytes) {
  FrameParser& parser = sides_[side].parser;
  while (!bytes.empty()) {
    const absl::Span<char> space = parser.PrepareRead();
    const size_t part = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), part);
    parser.Commit(part);
    bytes.remove_prefix(part);
    for (;;) {
      const absl::StatusOr<std::optional<absl::string_view>> payload = parser.Next();
      if (!payload.ok()) {
        breaches_.push_back(absl::StrCat("not a frame: ", payload.status().ToString()));
        return;
      }
      if (!payload->has_value()) break;
      for (const PeerMessage& message : peer_.Parse(Peer::Frame(**payload))) Read(side, message);
    }
  }
}

void ReferenceLedger::Read(int side, const PeerMessage& message) {
  if (message.type == MessageType::kReply) return ReadBoxed(side, message, message.args);
  if (message.type != MessageType::kRequest) return;  // exceptions travel by value
  const absl::Span<const Value> request = message.args.items();
  if (request[0] == Value(static_cast<int>(Handle::kDel))) return ReadRelease(side, request[1]);
  ReadBoxed(side, message, request[1]);
}

void ReferenceLedger::ReadBoxed(int side, const PeerMessage& message, const Value& boxed) {
  const Value& content = boxed.items()[1];
  switch (static_cast<Label>(*boxed.items()[0].AsInt())) {
    case Label::kValue:
      break;
    case Label::kTuple:
      for (const Value& item : content.items()) ReadBoxed(side, message, item);
      break;
    case Label::kRemoteRef: {
      Count& count = sides_[side].counts[content.DebugString()];
      ++count.sent;
      count.messages += Name(message);
      break;
    }
    case Label::kLocalRef: {
      const Count& count = sides_[1 - side].counts[content.DebugString()];
      if (count.sent == count.given_back) {
        breaches_.push_back(absl::StrCat("side ", side, " names ", content.DebugString(),
                                         ", of which it has given everything back"));
      }
      break;
    }
  }
}

void ReferenceLedger::ReadRelease(int side, const Value& boxed) {
  // This is TUPLE (LOCAL_REF id_pack, VALUE count).
  const absl::Span<const Value> args = boxed.items()[1].items();
  const std::string id = args[0].items()[1].DebugString();
  Count& count = sides_[1 - side].counts[id];
  count.given_back += *args[1].items()[1].AsInt();
  if (count.given_back > count.sent) {
    breaches_.push_back(absl::StrCat("side ", side, " gives back ", count.given_back, " of ", id,
                                     ", and got ", count.sent));
  }
}

}  // namespace rpyc
