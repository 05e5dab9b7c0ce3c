#include "tests/bench/load_request.h"

#include <zlib.h>

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rpyc/brine.h"
#include "rpyc/channel.h"
#include "rpyc/limits.h"
#include "tests/bench/echo_data.h"

namespace rpyc::bench {
namespace {

constexpr size_t kStockCompressionThresholdBytes = 3000;

Value Tuple(std::vector<Value> items) { return Value::Tuple(std::move(items)); }
Value Boxed(Label label, Value content) {
  return Tuple({Value(static_cast<int>(label)), std::move(content)});
}
Value ByValue(Value value) { return Boxed(Label::kValue, std::move(value)); }

// Encodes (type, seq, args) as a payload. The generator uses the library's encoding, which has been
// compared with Python's; it compares replies as bytes.
std::string Payload(Dialect dialect, MessageType type, uint32_t seq, Value args) {
  const auto number = static_cast<int>(type);
  Value seq_value(static_cast<int64_t>(seq));
  std::string payload;
  if (dialect == Dialect::kV6) payload.push_back(static_cast<char>(number));
  absl::StatusOr<std::string> rest = brine::EncodeToString(
      dialect == Dialect::kV6 ? Tuple({std::move(seq_value), std::move(args)})
                              : Tuple({Value(number), std::move(seq_value), std::move(args)}),
      Limits());
  return payload.append(rest.value());
}

std::string Frame(absl::string_view payload, bool deflate) {
  std::string deflated;
  if (deflate) {
    uLongf size = compressBound(payload.size());
    deflated.resize(size);
    compress2(reinterpret_cast<Bytef*>(deflated.data()), &size,
              reinterpret_cast<const Bytef*>(payload.data()), payload.size(), 1);
    deflated.resize(size);
    payload = deflated;
  }
  const auto size = static_cast<uint32_t>(payload.size());
  std::string frame = {static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                       static_cast<char>(size >> 8), static_cast<char>(size),
                       static_cast<char>(deflate)};
  absl::StrAppend(&frame, payload, "\n");
  return frame;
}

// Returns the payload of a frame. It is empty if it is deflated and cannot be inflated to `bytes`
// bytes.
std::string PayloadOf(absl::string_view frame, size_t bytes) {
  const bool deflated = frame[kFrameHeaderBytes - 1] != 0;
  frame.remove_prefix(kFrameHeaderBytes);
  frame.remove_suffix(kFrameTrailerBytes);
  if (!deflated) return std::string(frame);
  std::string payload(bytes, '\0');
  uLongf size = bytes;
  const int result = uncompress(reinterpret_cast<Bytef*>(payload.data()), &size,
                                reinterpret_cast<const Bytef*>(frame.data()), frame.size());
  payload.resize(result == Z_OK ? size : 0);
  return payload;
}

std::string Request(const Work& work, uint32_t seq, Handle handle, Value args) {
  return Frame(Payload(work.dialect, MessageType::kRequest, seq,
                       Tuple({Value(static_cast<int>(handle)), std::move(args)})),
               false);
}

// Sends a frame and receives one, header and trailer included.
absl::StatusOr<std::string> Ask(Line& line, absl::string_view request) {
  std::array<char, kFrameHeaderBytes> header;
  if (!line.SendAll(request) || !line.ReceiveAll(header.data(), header.size())) {
    return absl::UnavailableError("the connection broke");
  }
  size_t size = 0;
  for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<uint8_t>(header[i]);
  std::string reply(header.data(), header.size());
  reply.resize(header.size() + size + kFrameTrailerBytes);
  if (!line.ReceiveAll(reply.data() + header.size(), size + kFrameTrailerBytes)) {
    return absl::UnavailableError("the connection broke");
  }
  return reply;
}

// Makes a request that answers with a reference to an object; returns its id_pack.
absl::StatusOr<Value> AskForObject(Line& line, const Work& work, uint32_t seq, Handle handle,
                                   Value args) {
  absl::StatusOr<std::string> reply = Ask(line, Request(work, seq, handle, std::move(args)));
  if (!reply.ok()) return reply.status();
  absl::string_view payload = *reply;
  payload.remove_prefix(kFrameHeaderBytes + (work.dialect == Dialect::kV6 ? 1 : 0));
  absl::StatusOr<Value> message = brine::Decode(payload, Limits());
  if (!message.ok()) return message.status();
  const Value boxed = message->items().empty() ? Value() : message->items().back();
  if (boxed.items().size() != 2 || boxed.items()[0] != Value(static_cast<int>(Label::kRemoteRef))) {
    return absl::InternalError(absl::StrCat("no reference in ", message->DebugString()));
  }
  return boxed.items()[1];
}

const char* NameOf(Work::Operation operation) {
  switch (operation) {
    case Work::Operation::kEcho:
      return "echo";
    case Work::Operation::kIoOperation:
      return "io_operation";
    default:
      return "add";
  }
}

// Holds what the method is called with and what it answers.
struct Question {
  Value args;
  Value answer;
};
Question QuestionOf(const Work& work) {
  switch (work.operation) {
    case Work::Operation::kEcho: {
      const Value data(Bytes{EchoData(work.echo_bytes, work.text)});
      return {Tuple({data}), data};
    }
    case Work::Operation::kIoOperation:
      return {Tuple({Value("x")}), Value("Processed: x")};
    default:
      return {Tuple({Value(1), Value(2)}), Value(3)};
  }
}

// Makes the request as (handle, boxed arguments); it first asks for the objects that the request
// needs.
absl::StatusOr<Value> PrepareRequest(Line& line, const Work& work, const Value& args) {
  const auto request = [](Handle handle, std::vector<Value> boxed) {
    return Tuple({Value(static_cast<int>(handle)), Boxed(Label::kTuple, Tuple(std::move(boxed)))});
  };
  const Value name = ByValue(Value(NameOf(work.operation)));
  absl::StatusOr<Value> root =
      AskForObject(line, work, kFirstSeq + 1, Handle::kGetRoot, ByValue(Tuple({})));
  if (!root.ok()) return root.status();
  const Value boxed_root = Boxed(Label::kLocalRef, *std::move(root));
  if (work.operation == Work::Operation::kRootAdd) {
    return request(Handle::kCallAttr, {boxed_root, name, ByValue(args), ByValue(Tuple({}))});
  }
  absl::StatusOr<Value> method = AskForObject(line, work, kFirstSeq + 2, Handle::kGetAttr,
                                              Boxed(Label::kTuple, Tuple({boxed_root, name})));
  if (!method.ok()) return method.status();
  return request(Handle::kCall,
                 {Boxed(Label::kLocalRef, *std::move(method)), ByValue(args), ByValue(Tuple({}))});
}

absl::StatusOr<Exchange> PrepareCall(Line& line, const Work& work) {
  const Question question = QuestionOf(work);
  absl::StatusOr<Value> request = PrepareRequest(line, work, question.args);
  if (!request.ok()) return request.status();
  Exchange exchange;
  const std::string payload =
      Payload(work.dialect, MessageType::kRequest, kFirstSeq, *std::move(request));
  exchange.same_seq = work.deflate && payload.size() > kStockCompressionThresholdBytes;
  exchange.request = Frame(payload, exchange.same_seq);
  exchange.reply =
      Frame(Payload(work.dialect, MessageType::kReply, kFirstSeq, ByValue(question.answer)), false);
  return exchange;
}

}  // namespace

size_t Work::bulk_bytes() const {
  if (operation == Operation::kEcho) return 2 * echo_bytes;
  return operation == Operation::kRaw ? raw_out + raw_in : 0;
}

void PatchSeq(uint32_t seq, char* frame) {
  for (size_t i = kSeqDigits; i-- > 0; seq /= 10) {
    frame[kSeqOffset + i] = static_cast<char>('0' + seq % 10);
  }
}

uint32_t SeqOf(absl::string_view frame) {
  if (frame.size() < kSeqOffset + kSeqDigits) return 0;
  uint32_t seq = 0;
  for (char c : frame.substr(kSeqOffset, kSeqDigits)) {
    if (c < '0' || c > '9') return 0;
    seq = seq * 10 + (c - '0');
  }
  return seq;
}

absl::StatusOr<Exchange> Prepare(Line& line, const Work& work) {
  if (work.operation == Work::Operation::kRaw) {
    return Exchange{std::string(work.raw_out, 'x'), std::string(work.raw_in, 'y'), true};
  }
  absl::StatusOr<Exchange> exchange = PrepareCall(line, work);
  if (!exchange.ok() || work.operation == Work::Operation::kIoOperation) return exchange;
  absl::StatusOr<std::string> reply = Ask(line, exchange->request);
  if (!reply.ok()) return reply.status();
  if (*reply == exchange->reply) return exchange;
  // RPyC's own servers may answer deflated. If this reply is, each further one is too, with the
  // same bytes.
  const std::string payload = PayloadOf(exchange->reply, 0);
  if (PayloadOf(*reply, payload.size()) != payload) {
    return absl::InternalError(absl::StrCat("wrong reply of ", reply->size(), " bytes instead of ",
                                            exchange->reply.size()));
  }
  exchange->reply = *std::move(reply);
  exchange->same_seq = true;
  return exchange;
}

}  // namespace rpyc::bench
