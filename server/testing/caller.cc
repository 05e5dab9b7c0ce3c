#include "server/testing/caller.h"

#include <gtest/gtest.h>

#include <utility>

#include "rpyc/transport/socket_address.h"

namespace rpyc {
namespace {

constexpr size_t kHeaderBytes = 5;
constexpr size_t kTrailerBytes = 1;

Socket Connect(const ServerSnapshot& server) {
  absl::StatusOr<SocketAddress> address =
      server.socket_path.empty() ? SocketAddress::Resolve(server.hostname, server.port, false)
                                 : SocketAddress::Unix(server.socket_path);
  EXPECT_TRUE(address.ok()) << address.status();
  absl::StatusOr<Socket> socket = Socket::Connect(*address);
  EXPECT_TRUE(socket.ok()) << socket.status();
  return socket.ok() ? *std::move(socket) : Socket();
}

}  // namespace

Caller::Caller(const ServerSnapshot& server) : stream_(Connect(server)) {}

absl::StatusOr<Value> Caller::Ping(Value data) {
  SendRaw(peer_.Request(1, Handle::kPing, BoxedTuple({BoxedValue(std::move(data))})));
  return Receive();
}

absl::StatusOr<Value> Caller::Call(absl::string_view name, std::vector<Value> args) {
  Send(name, std::move(args));
  return Receive();
}

void Caller::Send(absl::string_view name, std::vector<Value> args) {
  SendRaw(peer_.Request(1, Handle::kGetRoot, BoxedTuple({})));
  absl::StatusOr<PeerMessage> root = ReceiveMessage();
  ASSERT_TRUE(root.ok()) << root.status();
  const Value id_pack = root->args.items()[1];
  SendRaw(peer_.Request(
      2, Handle::kCallAttr,
      BoxedTuple({BoxedLocal(id_pack), BoxedValue(name), BoxedValue(MakeTuple(std::move(args))),
                  BoxedValue(MakeTuple({}))})));
}

absl::StatusOr<Value> Caller::Receive() {
  absl::StatusOr<PeerMessage> message = ReceiveMessage();
  if (!message.ok()) return message.status();
  if (message->type == MessageType::kException) {
    return absl::UnknownError(message->args.DebugString());
  }
  return message->args.items()[1];  // (LABEL_VALUE, result)
}

absl::StatusOr<PeerMessage> Caller::ReceiveMessage() {
  for (;;) {
    if (received_.size() >= kHeaderBytes) {
      size_t payload_bytes = 0;
      for (size_t i = 0; i < 4; ++i) {
        payload_bytes = payload_bytes << 8 | static_cast<unsigned char>(received_[i]);
      }
      const size_t frame_bytes = kHeaderBytes + payload_bytes + kTrailerBytes;
      if (received_.size() >= frame_bytes) {
        const std::string frame = received_.substr(0, frame_bytes);
        received_.erase(0, frame_bytes);
        return peer_.Parse(frame).front();
      }
    }
    char piece[4096];
    absl::StatusOr<ReadResult> read =
        stream_.ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames);
    if (!read.ok()) return read.status();
    if (read->outcome != ReadResult::kData) return absl::UnavailableError("ended");
    received_.append(piece, read->bytes);
  }
}

void Caller::SendRaw(absl::string_view bytes) { stream_.WriteAll({bytes}).IgnoreError(); }

bool Caller::Ended() { return absl::IsUnavailable(ReceiveMessage().status()); }

}  // namespace rpyc
