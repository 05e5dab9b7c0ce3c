#include "rpyc/foreign_protocol.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rpyc/brine.h"
#include "rpyc/channel.h"
#include "rpyc/dialect.h"
#include "rpyc/limits.h"
#include "rpyc/out_buffer.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/value.h"
#include "rpyc/vinegar.h"

namespace rpyc {
namespace {

using Found = std::optional<ForeignProtocol>;

constexpr char kThisIs[] = "This is a port of RPyC (Remote Python Call)";
// Fewer bytes of text than this may be the beginning of anything.
constexpr size_t kMinTextBytes = 4;

std::string Sentence(PortProtocol port) {
  return absl::StrCat(kThisIs, port == PortProtocol::kTls ? " over TLS." : ".");
}

char ByteAt(absl::string_view bytes, size_t at) { return at < bytes.size() ? bytes[at] : '\0'; }

// --- HTTP ---

bool IsHttpRequest(absl::string_view first) {
  constexpr absl::string_view kMethods[] = {"GET ",     "HEAD ",  "POST ",    "PUT ",  "DELETE ",
                                            "OPTIONS ", "PATCH ", "CONNECT ", "TRACE "};
  return std::any_of(std::begin(kMethods), std::end(kMethods),
                     [first](absl::string_view method) { return absl::StartsWith(first, method); });
}

std::string HttpAnswer(PortProtocol port) {
  const std::string body = absl::StrCat(Sentence(port), "\n");
  return absl::StrCat(
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Length: ",
      body.size(), "\r\nConnection: close\r\n\r\n", body);
}

// Whether it is the frame that a server of HTTP/2 begins with.
bool IsHttp2Settings(absl::string_view first) {
  constexpr size_t kHeaderBytes = 9, kSettingBytes = 6;
  if (first.size() < kHeaderBytes || first[0] != 0 || first[3] != 4 || first[4] != 0) return false;
  const size_t bytes = static_cast<uint8_t>(first[1]) << 8 | static_cast<uint8_t>(first[2]);
  return bytes % kSettingBytes == 0 && first.substr(5, 4) == absl::string_view("\0\0\0\0", 4);
}

// --- TLS ---

constexpr char kTlsAlert = 0x15, kTlsHandshake = 0x16;

bool IsTlsRecord(absl::string_view first, char type) {
  return ByteAt(first, 0) == type && ByteAt(first, 1) == 3 && ByteAt(first, 2) <= 4;
}

// The alert is fatal and says unexpected_message.
std::string TlsAnswer() { return std::string("\x15\x03\x01\0\x02\x02\x0a", 7); }

// --- RPyC, without the TLS of the port ---

Found RecogniseRpyc(absl::string_view first) {
  if (first.size() <= kFrameHeaderBytes || FrameBytes(first) > Limits().max_frame_bytes) {
    return std::nullopt;
  }
  const bool compressed = first[kFrameHeaderBytes - 1] != 0;
  const bool whole = FrameBytes(first) <= first.size();
  const absl::string_view payload = first.substr(kFrameHeaderBytes);
  const Dialect dialect = DetectDialect(payload);
  if (compressed || dialect == Dialect::kUnknown) return std::nullopt;
  ForeignProtocol found{.name = "an RPyC client without TLS", .answer = {}};
  const Limits limits;
  brine::Reader reader(payload, limits);
  const absl::StatusOr<MessageHead> head = ReadMessageHead(dialect, &reader);
  if (!whole || !head.ok() || head->type != MessageType::kRequest) return found;
  const Value dumped =
      vinegar::Dump({.name = "ConnectionError",
                     .args = {Value("this server speaks TLS: connect with rpyc.ssl_connect")}},
                    {.include_traceback = false});
  OutBuffer out;
  FrameWriter frame(&out);
  AppendMessageHead(dialect, MessageType::kException, head->seq, &out);
  if (brine::Encode(dumped, limits, &out).ok() &&
      frame.End(std::numeric_limits<uint32_t>::max()).ok()) {
    found.answer = out.ToString();
  }
  return found;
}

// --- others ---

bool IsText(absl::string_view first) {
  if (first.size() < kMinTextBytes) return false;
  return std::all_of(first.begin(), first.end(), [](char c) {
    return absl::ascii_isprint(c) || c == '\r' || c == '\n' || c == '\t';
  });
}

bool IsProxyProtocol(absl::string_view first) {
  constexpr absl::string_view kVersion2("\r\n\r\n\0\r\nQUIT\n", 12);
  return absl::StartsWith(first, "PROXY ") || absl::StartsWith(first, kVersion2);
}

// Whether the bytes begin an array of bulk strings in RESP: "*1\r\n$4\r\nPING\r\n".
bool IsRedisRequest(absl::string_view first) {
  return ByteAt(first, 0) == '*' && absl::ascii_isdigit(ByteAt(first, 1)) &&
         absl::StrContains(first, "\r\n$");
}

// A command of telnet's: IAC, then WILL, WONT, DO or DONT.
bool IsTelnet(absl::string_view first) {
  const auto verb = static_cast<uint8_t>(ByteAt(first, 1));
  return ByteAt(first, 0) == '\xff' && verb >= 0xfb && verb <= 0xfe;
}

}  // namespace

bool IsAnswerToTls(absl::string_view first_bytes) { return first_bytes == TlsAnswer(); }

Found RecogniseForeignProtocol(absl::string_view first, PortProtocol port) {
  const std::string line = absl::StrCat(Sentence(port), "\r\n");
  if (IsHttpRequest(first)) return ForeignProtocol{"an HTTP client", HttpAnswer(port)};
  if (absl::StartsWith(first, "PRI * HTTP/2")) {
    // The answer is not in HTTP/2: gRPC's Go client, told so by a GOAWAY, connects anew at once and
    // for ever. All clients of gRPC know an answer of HTTP/1, say so, and back off.
    return ForeignProtocol{"a client of HTTP/2, such as one of gRPC", HttpAnswer(port)};
  }
  if (absl::StartsWith(first, "HTTP/")) return ForeignProtocol{"an HTTP server", ""};
  if (IsHttp2Settings(first)) {
    return ForeignProtocol{"a server of HTTP/2, such as one of gRPC", ""};
  }
  if (port == PortProtocol::kRpyc) {
    if (IsTlsRecord(first, kTlsHandshake)) return ForeignProtocol{"a TLS client", TlsAnswer()};
    if (IsTlsRecord(first, kTlsAlert)) {
      return ForeignProtocol{"a TLS server, which has sent an alert", ""};
    }
  } else if (Found rpyc = RecogniseRpyc(first); rpyc.has_value()) {
    return rpyc;
  }
  if (absl::StartsWith(first, "SSH-")) return ForeignProtocol{"ssh", line};
  if (IsProxyProtocol(first)) {
    return ForeignProtocol{"a proxy that announces its clients by the PROXY protocol", ""};
  }
  if (IsRedisRequest(first)) {
    return ForeignProtocol{"a Redis client", absl::StrCat("-ERR ", line)};
  }
  if (IsTelnet(first)) return ForeignProtocol{"a telnet client", line};
  if (IsText(first)) return ForeignProtocol{"a client of a protocol of text", line};
  return std::nullopt;
}

}  // namespace rpyc
