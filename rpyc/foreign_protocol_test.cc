#include "rpyc/foreign_protocol.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"

namespace rpyc {
namespace {

std::string Name(absl::string_view first, PortProtocol port = PortProtocol::kRpyc) {
  const auto found = RecogniseForeignProtocol(first, port);
  return found.has_value() ? found->name : "";
}

std::string Answer(absl::string_view first, PortProtocol port = PortProtocol::kRpyc) {
  const auto found = RecogniseForeignProtocol(first, port);
  return found.has_value() ? found->answer : "";
}

// What rpyc.connect(...).root begins with, recorded of 5.3.1 and of 6.0.2.
const std::string kRoot5 = absl::HexStringToBytes(
    "00000008001251501153115102"
    "0a");
const std::string kRoot6 = absl::HexStringToBytes(
    "00000008000111501153115102"
    "0a");

TEST(ForeignProtocolTest, RpycIsNotForeign) {
  EXPECT_EQ(Name(kRoot5), "");
  EXPECT_EQ(Name(kRoot6), "");
  EXPECT_EQ(Name(""), "");
}

TEST(ForeignProtocolTest, Http) {
  EXPECT_EQ(Name("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "an HTTP client");
  EXPECT_EQ(Name("POST /x HTTP/1.0\r\n"), "an HTTP client");
  EXPECT_EQ(Name("GET / HTTP/1.1\r\n\r\n", PortProtocol::kTls), "an HTTP client");
  const std::string answer = Answer("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(absl::EndsWith(answer, "\r\n\r\nThis is a port of RPyC (Remote Python Call).\n"));
  EXPECT_TRUE(absl::StrContains(answer, "Content-Length: 45\r\n"));
  EXPECT_TRUE(absl::StrContains(Answer("GET / HTTP/1.1\r\n\r\n", PortProtocol::kTls), "over TLS"));
  EXPECT_EQ(Name("HTTP/1.1 400 Bad Request\r\n"), "an HTTP server");
  EXPECT_EQ(Answer("HTTP/1.1 400 Bad Request\r\n"), "");
}

TEST(ForeignProtocolTest, Http2) {
  const absl::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  EXPECT_EQ(Name(preface), "a client of HTTP/2, such as one of gRPC");
  EXPECT_TRUE(absl::StartsWith(Answer(preface), "HTTP/1.1 400 Bad Request\r\n"));
  // Recorded of gRPC C++ 1.51, which says it first.
  EXPECT_EQ(Name(absl::HexStringToBytes("0000180400000000000004003fffff0005003fffff0006")),
            "a server of HTTP/2, such as one of gRPC");
}

TEST(ForeignProtocolTest, Tls) {
  const std::string hello = absl::HexStringToBytes("1603010200010001fc0303");
  EXPECT_EQ(Name(hello), "a TLS client");
  EXPECT_EQ(Answer(hello), absl::HexStringToBytes("1503010002020a"));
  EXPECT_TRUE(IsAnswerToTls(Answer(hello)));
  EXPECT_FALSE(IsAnswerToTls(hello));
  EXPECT_EQ(Name(hello, PortProtocol::kTls), "");
  EXPECT_EQ(Name(absl::HexStringToBytes("15030300020246")),
            "a TLS server, which has sent an alert");
}

TEST(ForeignProtocolTest, RpycWithoutTheTlsOfThePort) {
  EXPECT_EQ(Name(kRoot5, PortProtocol::kTls), "an RPyC client without TLS");
  EXPECT_EQ(Name(kRoot6, PortProtocol::kTls), "an RPyC client without TLS");
  const std::string answer5 = Answer(kRoot5, PortProtocol::kTls);
  const std::string answer6 = Answer(kRoot6, PortProtocol::kTls);
  // An exception with the request's number, 0, in the dialect it came in.
  EXPECT_EQ(answer5.substr(4, 4), absl::HexStringToBytes("00125350"));
  EXPECT_EQ(answer6.substr(4, 4), absl::HexStringToBytes("00031150"));
  EXPECT_TRUE(absl::StrContains(answer5, "rpyc.ssl_connect"));
  EXPECT_TRUE(absl::StrContains(answer5, "<version denied>"));
  // Half of it is enough to know it, and not to answer.
  EXPECT_EQ(Name(kRoot6.substr(0, 9), PortProtocol::kTls), "an RPyC client without TLS");
  EXPECT_EQ(Answer(kRoot6.substr(0, 9), PortProtocol::kTls), "");
}

TEST(ForeignProtocolTest, Others) {
  EXPECT_EQ(Name("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "ssh");
  EXPECT_EQ(Name("PROXY TCP4 10.0.0.1 10.0.0.2 4711 18861\r\n"),
            "a proxy that announces its clients by the PROXY protocol");
  EXPECT_EQ(Name(absl::string_view("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16)),
            "a proxy that announces its clients by the PROXY protocol");
  EXPECT_EQ(Name("*1\r\n$4\r\nPING\r\n"), "a Redis client");
  EXPECT_EQ(Answer("*1\r\n$4\r\nPING\r\n"),
            "-ERR This is a port of RPyC (Remote Python Call).\r\n");
  EXPECT_EQ(Name("\xff\xfd\x03\xff\xfb\x18"), "a telnet client");
  EXPECT_EQ(Name("hello?\r\n"), "a client of a protocol of text");
  EXPECT_EQ(Answer("hello?\r\n"), "This is a port of RPyC (Remote Python Call).\r\n");
  EXPECT_EQ(Name("\x01\x02\x03\x04\x05\x06"), "");
}

}  // namespace
}  // namespace rpyc
