#include "rpyc/transport/tls_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <initializer_list>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "rpyc/dict.h"
#include "rpyc/testing/memory_stream.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/socket.h"
#include "rpyc/transport/testing/test_certificates.h"

namespace rpyc {
namespace {

using Event = Stream::Event;

constexpr absl::Time kNow = absl::InfinitePast();  // it does not wait

// Makes bytes in which a missing or swapped piece shows.
std::string Pattern(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 2654435761u >> 13);
  return text;
}

// Reads what can be read now, to the end or an error.
std::string ReadAll(Stream& stream, absl::Time deadline) {
  std::string all;
  std::string piece(50'000, '\0');
  for (;;) {
    const absl::StatusOr<ReadResult> read =
        stream.ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames, deadline);
    if (!read.ok() || read->outcome != ReadResult::kData) return all;
    all.append(piece, 0, read->bytes);
  }
}

// A stream that takes at most so many bytes a write, and none at every other write.
class Sluggish : public Stream {
 public:
  Sluggish(std::unique_ptr<Stream> inner, size_t most) : inner_(std::move(inner)), most_(most) {}
  absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint hint,
                                      absl::Time deadline) override {
    return inner_->ReadSome(into, hint, deadline);
  }
  absl::StatusOr<ReadResult> ReadAhead(size_t bytes) override { return inner_->ReadAhead(bytes); }
  size_t read_ahead_bytes() const override { return inner_->read_ahead_bytes(); }
  absl::string_view read_ahead() const override { return inner_->read_ahead(); }
  absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) override {
    if (std::exchange(takes_, !takes_)) return 0;
    return inner_->WriteSome({chunks[0].substr(0, most_)});
  }
  bool Wait(Event event, absl::Time deadline) override { return inner_->Wait(event, deadline); }
  void Shutdown() override { inner_->Shutdown(); }

 private:
  const std::unique_ptr<Stream> inner_;
  const size_t most_;
  bool takes_ = false;
};

class TlsStreamTest : public testing::Test {
 protected:
  TlsStreamTest() {
    const TestCertificate made =
        authority_.Issue({.subject = "CN=server.example",
                          .extensions = {{"subjectAltName", "DNS:server.example,IP:127.0.0.1"}}});
    server_options_ = {.keyfile = directory_.Write("server.key", made.key),
                       .certfile = directory_.Write("server.pem", made.certificate)};
    ca_certs_ = directory_.Write("ca.pem", authority_.certificate());
  }

  // Has the server ask for certificates, and the client show one.
  void ClientShows(const TestCertificate& certificate) {
    client_options_.keyfile = directory_.Write("client.key", certificate.key);
    client_options_.certfile = directory_.Write("client.pem", certificate.certificate);
  }

  void Make(std::unique_ptr<Stream> client, std::unique_ptr<Stream> server,
            const std::string& host = "server.example") {
    client_ = std::make_unique<TlsStream>(
        std::move(client), *TlsClientContext::Load(client_options_)->NewConnection(host));
    server_ = std::make_unique<TlsStream>(std::move(server),
                                          (*TlsContext::Load(server_options_))->NewConnection());
  }
  void MakeOverMemory(const std::string& host = "server.example") {
    auto [client, server] = MemoryStream::MakePair();
    client_below_ = client.get();
    server_below_ = server.get();
    Make(std::move(client), std::move(server), host);
  }
  void MakeOverSockets() {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    Make(std::make_unique<SocketStream>(Socket(Fd(ends[0]), "server", false)),
         std::make_unique<SocketStream>(Socket(Fd(ends[1]), "client", false)));
  }

  // Lets the ends make the handshake in turn until both have a result.
  void ShakeHands() {
    client_shook_ = server_shook_ = absl::DeadlineExceededError("not begun");
    for (int i = 0; i < 100; ++i) {
      if (absl::IsDeadlineExceeded(client_shook_)) client_shook_ = client_->Handshake(kNow);
      if (absl::IsDeadlineExceeded(server_shook_)) server_shook_ = server_->Handshake(kNow);
    }
  }
  void Connect() {
    MakeOverMemory();
    ShakeHands();
    ASSERT_TRUE(client_shook_.ok()) << client_shook_;
    ASSERT_TRUE(server_shook_.ok()) << server_shook_;
  }
  // What the client's first read returns after the server has refused it.
  absl::Status ClientsFirstRead() {
    char byte;
    return client_->ReadSome(absl::MakeSpan(&byte, 1), ReadHint::kBetweenFrames, kNow).status();
  }

  TestAuthority authority_;
  TestDirectory directory_;
  TlsOptions server_options_;
  TlsClientOptions client_options_;
  std::string ca_certs_;
  std::unique_ptr<TlsStream> client_, server_;
  MemoryStream* client_below_ = nullptr;
  MemoryStream* server_below_ = nullptr;
  absl::Status client_shook_, server_shook_;
};

#define EXPECT_SAYS(status, expected_code, words)                          \
  EXPECT_EQ((status).code(), absl::StatusCode::expected_code) << (status); \
  EXPECT_TRUE(absl::StrContains((status).message(), words)) << (status)

// --- Handshakes. ---

TEST_F(TlsStreamTest, ShakesHandsInPiecesWithoutWaiting) {
  MakeOverMemory();
  EXPECT_EQ(server_->Handshake(kNow).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(server_->wants(), Event::kReadable);
  EXPECT_EQ(client_->Handshake(kNow).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(client_->wants(), Event::kReadable);
  EXPECT_EQ(server_->Handshake(kNow).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(client_->Handshake(kNow).ok());
  EXPECT_TRUE(server_->Handshake(kNow).ok());
  EXPECT_TRUE(server_->Handshake(kNow).ok());
  EXPECT_TRUE(server_->peer_certificate().is_none());
}

TEST_F(TlsStreamTest, ShakesHandsByteByByte) {
  MakeOverMemory();
  client_below_->set_max_read_bytes(1);
  server_below_->set_max_read_bytes(1);
  ShakeHands();
  EXPECT_TRUE(client_shook_.ok()) << client_shook_;
  EXPECT_TRUE(server_shook_.ok()) << server_shook_;
}

TEST_F(TlsStreamTest, ShakesHandsThroughAStreamThatTakesLittle) {
  auto [client, server] = MemoryStream::MakePair();
  Make(std::make_unique<Sluggish>(std::move(client), 100), std::move(server));
  EXPECT_EQ(client_->Handshake(kNow).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(client_->wants(), Event::kWritable);
  ShakeHands();
  EXPECT_TRUE(client_shook_.ok()) << client_shook_;
  EXPECT_TRUE(server_shook_.ok()) << server_shook_;
}

TEST_F(TlsStreamTest, ShakesHandsOnThreads) {
  MakeOverSockets();
  auto server = std::async(std::launch::async,
                           [&] { return server_->Handshake(absl::Now() + absl::Seconds(20)); });
  EXPECT_TRUE(client_->Handshake(absl::InfiniteFuture()).ok());
  EXPECT_TRUE(server.get().ok());
}

TEST_F(TlsStreamTest, ASilentPeerIsWaitedForUntilTheDeadline) {
  MakeOverSockets();
  EXPECT_EQ(server_->Handshake(absl::Now() + absl::Milliseconds(1)).code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(TlsStreamTest, APeerThatDoesNotSpeakTls) {
  for (const std::string& said : {std::string("GET / HTTP/1.1\r\n\r\n"), Pattern(40),
                                  std::string("\0\0\0\x05\0hello\n", 11)}) {
    MakeOverMemory();
    client_below_->Send(said);
    const absl::Status status = server_->Handshake(kNow);
    EXPECT_SAYS(status, kUnauthenticated, "TLS handshake: ");
    EXPECT_GT(status.message().size(), 20u) << status;
    // The error stays, and a reader gets it too.
    EXPECT_EQ(server_->Handshake(kNow), status);
    char byte;
    EXPECT_EQ(server_->ReadSome(absl::MakeSpan(&byte, 1), ReadHint::kBetweenFrames).status(),
              status);
    EXPECT_EQ(server_->WriteSome({"x"}).status(), status);
    EXPECT_TRUE(server_->Wait(Event::kReadable, kNow));
  }
}

TEST_F(TlsStreamTest, APeerThatGoesInTheMiddle) {
  MakeOverMemory();
  client_->Handshake(kNow).IgnoreError();
  server_below_->set_max_read_bytes(50);
  char piece[50];
  ASSERT_TRUE(server_below_->ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames).ok());
  auto [client, server] = MemoryStream::MakePair();
  client->Send({piece, sizeof(piece)});
  client->CloseWrite();
  Make(std::move(client), std::move(server));
  EXPECT_SAYS(server_->Handshake(kNow), kUnavailable, "ended the connection");
}

TEST_F(TlsStreamTest, WithoutMemoryForItTheHandshakeFails) {
  TlsStream stream(std::move(MemoryStream::MakePair().first), SslPtr());
  EXPECT_EQ(stream.Handshake(kNow).code(), absl::StatusCode::kResourceExhausted);
}

// --- Certificates. ---

TEST_F(TlsStreamTest, BothSeeTheOthersCertificate) {
  server_options_.ca_certs = ca_certs_;
  client_options_.ca_certs = ca_certs_;
  ClientShows(authority_.Issue({.subject = "CN=client.example"}));
  Connect();
  const auto subject = [](const TlsStream& stream) {
    return Dict::Of(stream.peer_certificate()).value().Get("subject").value().DebugString();
  };
  EXPECT_EQ(subject(*server_), "((('commonName', 'client.example'),),)");
  EXPECT_EQ(subject(*client_), "((('commonName', 'server.example'),),)");
}

TEST_F(TlsStreamTest, AClientThatDoesNotVerifyBelievesAnything) {
  const TestAuthority other("another");
  server_options_.certfile = directory_.Write("server.pem", other.Issue().certificate);
  const TestCertificate expired = other.Issue({.until = -absl::Minutes(1)});
  server_options_.keyfile = directory_.Write("server.key", expired.key);
  server_options_.certfile = directory_.Write("server.pem", expired.certificate);
  Connect();
  EXPECT_TRUE(Dict::Of(client_->peer_certificate()).value().empty());
}

TEST_F(TlsStreamTest, AClientThatVerifiesTheServer) {
  client_options_.ca_certs = directory_.Write("other.pem", TestAuthority("another").certificate());
  MakeOverMemory();
  ShakeHands();
  EXPECT_SAYS(client_shook_, kUnauthenticated, "certificate verify failed: unable to get local");
  EXPECT_SAYS(server_shook_, kUnauthenticated, "alert unknown ca");
}

TEST_F(TlsStreamTest, AClientThatChecksTheName) {
  client_options_.ca_certs = ca_certs_;
  client_options_.check_hostname = true;
  for (const char* host : {"server.example", "127.0.0.1"}) {
    MakeOverMemory(host);
    ShakeHands();
    EXPECT_TRUE(client_shook_.ok()) << client_shook_;
  }
  for (const char* host : {"other.example", "127.0.0.2", "::1"}) {
    MakeOverMemory(host);
    ShakeHands();
    EXPECT_SAYS(client_shook_, kUnauthenticated, "mismatch");
  }
  client_options_.server_name = "server.example";
  MakeOverMemory("10.0.0.1");
  ShakeHands();
  EXPECT_TRUE(client_shook_.ok()) << client_shook_;
  client_options_.server_name = "";
  EXPECT_FALSE(TlsClientContext::Load(client_options_)->NewConnection("").ok());
}

TEST_F(TlsStreamTest, AClientWithoutTheCertificateItNeeds) {
  server_options_.ca_certs = ca_certs_;
  MakeOverMemory();
  ShakeHands();
  EXPECT_SAYS(server_shook_, kUnauthenticated, "peer did not return a certificate");
  // With TLS 1.3 the client notices when it reads.
  EXPECT_TRUE(client_shook_.ok());
  EXPECT_SAYS(ClientsFirstRead(), kUnavailable, "certificate required");
  // A server that does not require a certificate does without.
  server_options_.cert_reqs = CertReqs::kOptional;
  Connect();
  EXPECT_TRUE(server_->peer_certificate().is_none());
}

TEST_F(TlsStreamTest, AClientWithACertificateThatIsNoGood) {
  server_options_.ca_certs = ca_certs_;
  for (const CertReqs reqs : {CertReqs::kRequired, CertReqs::kOptional}) {
    server_options_.cert_reqs = reqs;
    ClientShows(authority_.Issue({.until = -absl::Minutes(1)}));
    MakeOverMemory();
    ShakeHands();
    EXPECT_SAYS(server_shook_, kUnauthenticated, "certificate has expired");
    EXPECT_SAYS(ClientsFirstRead(), kUnavailable, "certificate expired");
    ClientShows(TestAuthority("another").Issue());
    MakeOverMemory();
    ShakeHands();
    EXPECT_SAYS(server_shook_, kUnauthenticated, "unable to get local issuer certificate");
    EXPECT_SAYS(ClientsFirstRead(), kUnavailable, "unknown ca");
  }
  server_options_.cert_reqs = CertReqs::kNone;
  Connect();
  EXPECT_TRUE(server_->peer_certificate().is_none());
}

TEST_F(TlsStreamTest, ACertificateThatPythonCouldNotShow) {
  server_options_.ca_certs = ca_certs_;
  ClientShows(authority_.Issue({.extensions = {{"subjectAltName", "DER:30:03:82:01:ff"}}}));
  MakeOverMemory();
  ShakeHands();
  EXPECT_SAYS(server_shook_, kUnauthenticated, "not UTF-8");
}

// --- Data. ---

TEST_F(TlsStreamTest, AMessageIsOneReadAndOneWrite) {
  Connect();
  const int64_t before = server_below_->peer_writes();
  // Small chunks share a record.
  const std::vector<absl::string_view> chunks = {"head", "", " and body", " and tail"};
  EXPECT_EQ(*client_->WriteSome(chunks), 22u);
  EXPECT_EQ(server_below_->peer_writes(), before + 1);
  std::string into(1000, '\0');
  const absl::StatusOr<ReadResult> read =
      server_->ReadSome(absl::MakeSpan(into), ReadHint::kBetweenFrames);
  EXPECT_EQ(into.substr(0, read->bytes), "head and body and tail");
  EXPECT_EQ(server_below_->last_hint(), ReadHint::kBetweenFrames);
  const std::string record(22 + 22, '\0');  // TLS 1.3 adds 22 bytes
  EXPECT_EQ(*client_->WriteSome(chunks), 22u);
  EXPECT_EQ(server_below_->Received().size(), record.size());
}

TEST_F(TlsStreamTest, ALargeMessageIsFewReadsAndWrites) {
  Connect();
  const std::string data = Pattern(1 << 20);
  const int64_t before = server_below_->peer_writes();
  ASSERT_TRUE(client_->WriteAll({data}).ok());
  EXPECT_LE(server_below_->peer_writes() - before, 10);
  std::string all(data.size(), '\0');
  size_t bytes = 0, reads = 0;
  while (bytes < data.size()) {
    const absl::StatusOr<ReadResult> read = server_->ReadSome(
        absl::MakeSpan(&all[bytes], data.size() - bytes), ReadHint::kInsideFrame, kNow);
    ASSERT_TRUE(read.ok() && read->outcome == ReadResult::kData);
    bytes += read->bytes;
    ++reads;
  }
  EXPECT_TRUE(all == data);
  EXPECT_LE(reads, 12u);
}

TEST_F(TlsStreamTest, ChunksOfAllSizesArriveInOrder) {
  Connect();
  const std::string data = Pattern(700'000);
  std::vector<absl::string_view> chunks;
  size_t position = 0;
  for (size_t i = 0; position < data.size(); ++i) {
    const size_t sizes[] = {0, 1, 5000, 16384, 16383, 40000, 3, 12000};
    chunks.push_back(absl::string_view(data).substr(position, sizes[i % 8]));
    position += chunks.back().size();
  }
  for (absl::Span<const absl::string_view> rest = chunks; !rest.empty();) {
    size_t written = *client_->WriteSome(rest);
    ASSERT_GT(written, 0u);
    while (!rest.empty() && written >= rest.front().size()) {
      written -= rest.front().size();
      rest.remove_prefix(1);
    }
    if (rest.empty()) break;
    const absl::string_view part = rest.front().substr(written);
    ASSERT_TRUE(client_->WriteAll({part}).ok());
    rest.remove_prefix(1);
  }
  EXPECT_TRUE(ReadAll(*server_, kNow) == data);
}

TEST_F(TlsStreamTest, WhatIsNotTakenIsNotWrittenAndMayComeInOtherPieces) {
  auto [client, server] = MemoryStream::MakePair();
  Make(std::make_unique<Sluggish>(std::move(client), 1000), std::move(server));
  ShakeHands();
  ASSERT_TRUE(server_shook_.ok()) << server_shook_;
  const std::string data = Pattern(300'000);
  // The outbox writes so: sometimes the rest of the first chunk, sometimes all chunks, always from
  // the byte that was reported, and copied to another address.
  size_t written = 0, none = 0;
  for (int i = 0; written < data.size(); ++i) {
    const std::string copy = data.substr(written);
    const absl::string_view rest = copy;
    const size_t cut = std::min<size_t>(rest.size(), i % 3 == 0 ? 700 : 20'000);
    const absl::StatusOr<size_t> taken =
        i % 3 == 2 ? client_->WriteSome({rest.substr(0, cut), rest.substr(cut)})
                   : client_->WriteSome({rest.substr(0, cut)});
    ASSERT_TRUE(taken.ok());
    ASSERT_LE(*taken, i % 3 == 2 ? rest.size() : cut);
    none += *taken == 0;
    written += *taken;
  }
  EXPECT_GT(none, 10u);
  EXPECT_TRUE(ReadAll(*server_, kNow) == data);
  EXPECT_TRUE(client_->WriteAll({"last"}).ok());
  EXPECT_EQ(ReadAll(*server_, kNow), "last");
}

TEST_F(TlsStreamTest, CarriesMuchBothWaysAtOnce) {
  MakeOverSockets();
  auto shook =
      std::async(std::launch::async, [&] { return server_->Handshake(absl::InfiniteFuture()); });
  ASSERT_TRUE(client_->Handshake(absl::InfiniteFuture()).ok());
  ASSERT_TRUE(shook.get().ok());
  const std::string data = Pattern(16 << 20);
  const auto read = [&data](Stream& stream) {
    std::string all(data.size(), '\0');
    for (size_t bytes = 0; bytes < all.size();) {
      const absl::StatusOr<ReadResult> read = stream.ReadSome(
          absl::MakeSpan(&all[bytes], std::min<size_t>(all.size() - bytes, 100'000)),
          ReadHint::kInsideFrame);
      if (!read.ok() || read->outcome != ReadResult::kData) break;
      bytes += read->bytes;
    }
    return all == data;
  };
  auto client_writes = std::async(std::launch::async, [&] { return client_->WriteAll({data}); });
  auto server_writes = std::async(std::launch::async, [&] { return server_->WriteAll({data}); });
  auto client_reads = std::async(std::launch::async, [&] { return read(*client_); });
  EXPECT_TRUE(read(*server_));
  EXPECT_TRUE(client_reads.get());
  EXPECT_TRUE(client_writes.get().ok());
  EXPECT_TRUE(server_writes.get().ok());
}

TEST_F(TlsStreamTest, ReadsAheadWhatWasSaid) {
  Connect();
  EXPECT_EQ(server_->ReadAhead(100)->outcome, ReadResult::kWouldBlock);
  ASSERT_TRUE(client_->WriteAll({"first and second"}).ok());
  EXPECT_EQ(server_->ReadAhead(5)->bytes, 5u);
  EXPECT_EQ(server_->read_ahead(), "first");
  ASSERT_TRUE(server_->ReadAhead(100).ok());
  EXPECT_EQ(server_->read_ahead(), "first and second");
  EXPECT_EQ(server_->read_ahead_bytes(), 16u);
  EXPECT_TRUE(server_->Wait(Event::kReadable, kNow));
  std::string into(9, '\0');
  EXPECT_EQ(server_->ReadSome(absl::MakeSpan(into), ReadHint::kBetweenFrames)->bytes, 9u);
  EXPECT_EQ(into, "first and");
  EXPECT_EQ(server_->read_ahead(), " second");
  EXPECT_EQ(ReadAll(*server_, kNow), " second");
  EXPECT_EQ(server_->read_ahead_bytes(), 0u);
  client_below_->CloseWrite();
  EXPECT_EQ(server_->ReadAhead(100)->outcome, ReadResult::kEof);
}

TEST_F(TlsStreamTest, WaitsForWhatIsNotReadYet) {
  Connect();
  EXPECT_FALSE(server_->Wait(Event::kReadable, kNow));
  EXPECT_TRUE(server_->Wait(Event::kWritable, kNow));
  ASSERT_TRUE(client_->WriteAll({"one record", " and another"}).ok());
  char byte;
  ASSERT_TRUE(server_->ReadSome(absl::MakeSpan(&byte, 1), ReadHint::kBetweenFrames).ok());
  // The inner stream has nothing more.
  EXPECT_FALSE(server_below_->Wait(Event::kReadable, kNow));
  EXPECT_TRUE(server_->Wait(Event::kReadable, kNow));
  EXPECT_EQ(ReadAll(*server_, kNow), "ne record and another");
  EXPECT_FALSE(server_->Wait(Event::kReadable, kNow));
}

TEST_F(TlsStreamTest, WaitsNoLongerThanItsDeadline) {
  Connect();
  char byte;
  const auto read = [&](ReadHint hint, absl::Time deadline) {
    return server_->ReadSome(absl::MakeSpan(&byte, 1), hint, deadline)->outcome;
  };
  EXPECT_EQ(read(ReadHint::kBetweenFrames, kNow), ReadResult::kWouldBlock);
  EXPECT_EQ(read(ReadHint::kBetweenFrames, absl::Now() + absl::Milliseconds(1)),
            ReadResult::kWouldBlock);
  EXPECT_EQ(server_below_->last_hint(), ReadHint::kBetweenFrames);
  EXPECT_EQ(read(ReadHint::kInsideFrame, kNow), ReadResult::kWouldBlock);
  EXPECT_EQ(server_below_->last_hint(), ReadHint::kInsideFrame);
}

TEST_F(TlsStreamTest, ARecordThatHasBegunIsInsideAFrame) {
  // The record ends in its head, behind its head, and in its body.
  for (const size_t cut : {3, 5, 6, 100}) {
    Connect();
    ASSERT_TRUE(client_->WriteAll({std::string(1000, 'x')}).ok());
    const std::string record = server_below_->Received();
    client_below_->Send(record.substr(0, cut));
    EXPECT_EQ(ReadAll(*server_, kNow), "");
    EXPECT_EQ(server_below_->last_hint(), ReadHint::kInsideFrame) << cut;
    client_below_->Send(record.substr(cut));
    EXPECT_EQ(ReadAll(*server_, kNow).size(), 1000u);
    EXPECT_EQ(server_below_->last_hint(), ReadHint::kBetweenFrames) << cut;
  }
}

// A stock Python peer has Nagle's algorithm on, and sends nothing small before the acknowledgement.
TEST_F(TlsStreamTest, WhatHasNoAnswerIsAcknowledged) {
  Connect();
  const int shaken = server_below_->acknowledgements();
  EXPECT_GE(shaken, 1);  // for the client's last message of the handshake
  ASSERT_TRUE(client_->WriteAll({"data"}).ok());
  EXPECT_EQ(ReadAll(*server_, kNow), "data");
  EXPECT_EQ(server_below_->acknowledgements(), shaken);  // the reader decides
  server_->Acknowledge();
  EXPECT_EQ(server_below_->acknowledgements(), shaken + 1);
}

// --- Ends. ---

TEST_F(TlsStreamTest, TheEndBelowIsTheEnd) {
  for (const size_t cut : {0, 3, 100}) {
    Connect();
    ASSERT_TRUE(client_->WriteAll({"whole"}).ok());
    std::string sent = server_below_->Received();
    ASSERT_TRUE(client_->WriteAll({std::string(1000, 'x')}).ok());
    sent += server_below_->Received().substr(0, cut);
    client_below_->Send(sent);
    client_below_->CloseWrite();
    EXPECT_EQ(ReadAll(*server_, absl::InfiniteFuture()), "whole");
    char byte;
    EXPECT_EQ(server_->ReadSome(absl::MakeSpan(&byte, 1), ReadHint::kBetweenFrames)->outcome,
              ReadResult::kEof);
  }
}

TEST_F(TlsStreamTest, ARecordThatWasChanged) {
  Connect();
  ASSERT_TRUE(client_->WriteAll({"good"}).ok());
  std::string sent = server_below_->Received();
  ASSERT_TRUE(client_->WriteAll({"bad"}).ok());
  sent += server_below_->Received();
  sent.back() ^= 1;
  client_below_->Send(sent);
  EXPECT_EQ(ReadAll(*server_, kNow), "good");
  char byte;
  const absl::Status status =
      server_->ReadSome(absl::MakeSpan(&byte, 1), ReadHint::kBetweenFrames).status();
  EXPECT_SAYS(status, kUnavailable, "bad record mac");
  // The other end gets an alert.
  EXPECT_SAYS(ClientsFirstRead(), kUnavailable, "alert bad record mac");
  EXPECT_EQ(server_->WriteSome({"x"}).status(), status);
}

TEST_F(TlsStreamTest, ShutdownSendsCloseNotifyOnce) {
  constexpr size_t kAlertRecordBytes = 5 + 2 + 1 + 16;  // with TLS 1.3
  Connect();
  server_->Shutdown();
  server_->Shutdown();
  ASSERT_TRUE(client_below_->ReadAhead(1000).ok());
  EXPECT_EQ(client_below_->read_ahead_bytes(), kAlertRecordBytes);
  char byte;
  const absl::StatusOr<ReadResult> end =
      client_->ReadSome(absl::MakeSpan(&byte, 1), ReadHint::kBetweenFrames, kNow);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->outcome, ReadResult::kEof);
}

TEST_F(TlsStreamTest, ShutdownBeforeTheHandshakeSendsNothing) {
  MakeOverMemory();
  server_->Shutdown();
  ASSERT_TRUE(client_below_->ReadAhead(1000).ok());
  EXPECT_EQ(client_below_->read_ahead_bytes(), 0u);
}

TEST_F(TlsStreamTest, PeersThatDoNotSpeakTlsAreNamedAndTold) {
  MakeOverMemory();
  const absl::string_view request = "GET / HTTP/1.1\r\n\r\n";
  ASSERT_TRUE(client_below_->WriteAll({request}).ok());
  EXPECT_EQ(server_->Handshake(kNow),
            absl::UnauthenticatedError("TLS handshake: the peer does not speak TLS: it seems to be "
                                       "an HTTP client"));
  ASSERT_TRUE(client_below_->ReadAhead(1000).ok());
  EXPECT_TRUE(absl::StartsWith(client_below_->read_ahead(), "HTTP/1.1 400 ")) << "not told";

  MakeOverMemory();
  EXPECT_TRUE(absl::IsDeadlineExceeded(client_->Handshake(kNow)));
  const absl::string_view greeting = "SSH-2.0-OpenSSH_9.2p1\r\n";
  ASSERT_TRUE(server_below_->WriteAll({greeting}).ok());
  EXPECT_EQ(
      client_->Handshake(kNow),
      absl::UnauthenticatedError("TLS handshake: the peer does not speak TLS: it seems to be ssh"));

  MakeOverMemory();
  EXPECT_TRUE(absl::IsDeadlineExceeded(client_->Handshake(kNow)));
  const absl::string_view alert("\x15\x03\x01\0\x02\x02\x0a", 7);  // a port of RPyC answers so
  ASSERT_TRUE(server_below_->WriteAll({alert}).ok());
  EXPECT_TRUE(absl::EndsWith(client_->Handshake(kNow).message(),
                             ": the port seems to be one of RPyC without TLS"));
}

TEST_F(TlsStreamTest, ShutdownWakesReaderAndWriter) {
  MakeOverSockets();
  auto shook =
      std::async(std::launch::async, [&] { return server_->Handshake(absl::InfiniteFuture()); });
  ASSERT_TRUE(client_->Handshake(absl::InfiniteFuture()).ok());
  ASSERT_TRUE(shook.get().ok());
  const std::string data(64 << 20, 'x');  // more than two sockets hold
  auto read =
      std::async(std::launch::async, [&] { return ReadAll(*server_, absl::InfiniteFuture()); });
  auto written = std::async(std::launch::async, [&] { return server_->WriteAll({data}); });
  server_->Shutdown();
  EXPECT_EQ(read.get(), "");
  EXPECT_EQ(written.get().code(), absl::StatusCode::kUnavailable);
}

TEST_F(TlsStreamTest, NothingIsReadAfterShutdown) {
  Connect();
  ASSERT_TRUE(client_->WriteAll({"two"}).ok());
  char byte;
  ASSERT_TRUE(server_->ReadSome(absl::MakeSpan(&byte, 1), ReadHint::kBetweenFrames).ok());
  server_->Shutdown();
  server_->Shutdown();
  EXPECT_EQ(ReadAll(*server_, absl::InfiniteFuture()), "");
  EXPECT_EQ(ReadAll(*client_, absl::InfiniteFuture()), "");
}

}  // namespace
}  // namespace rpyc
