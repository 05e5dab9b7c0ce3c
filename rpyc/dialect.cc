#include "rpyc/dialect.h"

#include "absl/strings/str_cat.h"
#include "rpyc/brine_format.h"

namespace rpyc {
namespace {

constexpr uint8_t kThreeTuple = brine::kTagTuple1 + 2;

bool IsMessageType(int64_t number) {
  return number >= static_cast<int64_t>(MessageType::kRequest) &&
         number <= static_cast<int64_t>(MessageType::kException);
}

}  // namespace

Dialect DetectDialect(absl::string_view payload) {
  if (payload.empty()) return Dialect::kUnknown;
  const auto first = static_cast<uint8_t>(payload.front());
  if (first == kThreeTuple) return Dialect::kV5;
  if (IsMessageType(first)) return Dialect::kV6;
  return Dialect::kUnknown;
}

absl::StatusOr<MessageHead> ReadMessageHead(Dialect dialect, brine::Reader* reader) {
  if (dialect == Dialect::kUnknown) {
    return absl::InvalidArgumentError("message of no known dialect");
  }
  int64_t type = 0;
  if (dialect == Dialect::kV6) {
    const absl::StatusOr<uint8_t> byte = reader->ReadRawByte();
    if (!byte.ok()) return byte.status();
    type = *byte;
  }
  const uint32_t expected = dialect == Dialect::kV5 ? 3 : 2;
  const absl::StatusOr<uint32_t> count = reader->ReadTupleHeader();
  if (!count.ok()) return count.status();
  if (*count != expected) {
    return absl::InvalidArgumentError(
        absl::StrCat("message of ", *count, " parts instead of ", expected));
  }
  if (dialect == Dialect::kV5) {
    const absl::StatusOr<int64_t> number = reader->ReadInt();
    if (!number.ok()) return number.status();
    type = *number;
  }
  if (!IsMessageType(type)) {
    return absl::InvalidArgumentError(absl::StrCat("message of unknown type ", type));
  }
  const absl::StatusOr<absl::string_view> seq = reader->SkipValue();
  if (!seq.ok()) return seq.status();
  return MessageHead{static_cast<MessageType>(type), *seq};
}

void AppendMessageHead(Dialect dialect, MessageType type, absl::string_view encoded_seq,
                       OutBuffer* out) {
  if (dialect == Dialect::kV5) {
    brine::AppendTupleHeader(3, out);
    brine::AppendInt(static_cast<int64_t>(type), out);
  } else {
    out->AppendByte(static_cast<uint8_t>(type));
    brine::AppendTupleHeader(2, out);
  }
  out->Append(encoded_seq);
}

}  // namespace rpyc
