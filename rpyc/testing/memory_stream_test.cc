#include "rpyc/testing/memory_stream.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace rpyc {
namespace {

absl::StatusOr<std::string> Read(Stream& stream, size_t at_most) {
  std::string into(at_most, '\0');
  absl::StatusOr<ReadResult> result =
      stream.ReadSome(absl::MakeSpan(into), ReadHint::kBetweenFrames);
  if (!result.ok()) return result.status();
  if (result->outcome != ReadResult::kData) return "(eof)";
  into.resize(result->bytes);
  return into;
}

TEST(MemoryStream, CarriesBytesBothWays) {
  auto [client, server] = MemoryStream::MakePair();
  ASSERT_TRUE(client->WriteSome({"re", "quest"}).ok());
  EXPECT_EQ(*Read(*server, 3), "req");
  EXPECT_EQ(*Read(*server, 100), "uest");
  server->Send("reply");
  EXPECT_EQ(client->peer_writes(), 1);
  EXPECT_EQ(client->Received(), "reply");
  EXPECT_EQ(client->Received(), "");
}

TEST(MemoryStream, EndsAfterWhatWasWritten) {
  auto [client, server] = MemoryStream::MakePair();
  client->Send("last");
  client->CloseWrite();
  EXPECT_EQ(*Read(*server, 100), "last");
  EXPECT_EQ(*Read(*server, 100), "(eof)");
  EXPECT_TRUE(server->WriteSome({"still"}).ok());
  server->Shutdown();
  EXPECT_EQ(server->WriteSome({"no"}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client->Received(), "still");
  EXPECT_TRUE(client->peer_closed());
}

TEST(MemoryStream, BoundsReads) {
  auto [client, server] = MemoryStream::MakePair();
  server->set_max_read_bytes(1);
  client->Send("ab");
  EXPECT_EQ(*Read(*server, 100), "a");
  EXPECT_EQ(*Read(*server, 100), "b");
}

TEST(MemoryStream, ShutdownWakesAReader) {
  auto [client, server] = MemoryStream::MakePair();
  std::thread reader([&server = *server] { EXPECT_EQ(*Read(server, 1), "(eof)"); });
  server->Shutdown();
  reader.join();
}

}  // namespace
}  // namespace rpyc
