#include "rpyc/testing/peer.h"

#include <utility>

#include "gtest/gtest.h"
#include "rpyc/brine.h"
#include "rpyc/channel.h"
#include "rpyc/limits.h"

namespace rpyc {
namespace {

std::string Encoded(const Value& value) {
  absl::StatusOr<std::string> bytes = brine::EncodeToString(value, Limits());
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.value_or("");
}

}  // namespace

std::string Peer::Frame(absl::string_view payload) {
  OutBuffer out;
  out.AppendU32(static_cast<uint32_t>(payload.size()));
  out.AppendByte(0);
  out.Append(payload);
  out.AppendByte('\n');
  return out.ToString();
}

std::string Peer::Message(MessageType type, Value seq, Value args) const {
  const int number = static_cast<int>(type);
  if (dialect_ == Dialect::kV5) return Frame(Encoded(MakeTuple({number, seq, args})));
  return Frame(std::string(1, static_cast<char>(number)) + Encoded(MakeTuple({seq, args})));
}

std::string Peer::Request(Value seq, int handle, Value args) const {
  return Message(MessageType::kRequest, std::move(seq), MakeTuple({handle, std::move(args)}));
}

std::vector<PeerMessage> Peer::Parse(absl::string_view bytes) const {
  std::vector<PeerMessage> messages;
  const Limits limits;
  while (!bytes.empty()) {
    EXPECT_GE(bytes.size(), kFrameHeaderBytes + kFrameTrailerBytes);
    size_t size = 0;
    for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<uint8_t>(bytes[i]);
    EXPECT_EQ(bytes[4], 0) << "compressed";
    EXPECT_GE(bytes.size(), kFrameHeaderBytes + size + kFrameTrailerBytes) << "half a frame";
    absl::string_view payload = bytes.substr(kFrameHeaderBytes, size);
    EXPECT_EQ(bytes[kFrameHeaderBytes + size], '\n');
    bytes.remove_prefix(kFrameHeaderBytes + size + kFrameTrailerBytes);

    int64_t type = 0;
    if (dialect_ == Dialect::kV6) {
      type = static_cast<uint8_t>(payload[0]);
      payload.remove_prefix(1);
    }
    absl::StatusOr<Value> decoded = brine::Decode(payload, limits);
    EXPECT_TRUE(decoded.ok()) << decoded.status();
    if (!decoded.ok()) break;
    absl::Span<const Value> items = decoded->items();
    if (dialect_ == Dialect::kV5) {
      type = *items[0].AsInt();
      items.remove_prefix(1);
    }
    EXPECT_EQ(items.size(), 2u);
    messages.push_back({static_cast<MessageType>(type), items[0], items[1]});
  }
  return messages;
}

Value MakeTuple(std::vector<Value> items) { return Value::Tuple(std::move(items)); }
Value BoxedValue(Value value) { return MakeTuple({1, std::move(value)}); }
Value BoxedTuple(std::vector<Value> boxed) { return MakeTuple({2, MakeTuple(std::move(boxed))}); }
Value BoxedLocal(Value id_pack) { return MakeTuple({3, std::move(id_pack)}); }
Value BoxedRemote(Value id_pack) { return MakeTuple({4, std::move(id_pack)}); }

}  // namespace rpyc
