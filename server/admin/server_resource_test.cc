#include "server/admin/server_resource.h"

#include <gtest/gtest.h>

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/reason.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;

ServerRecord Record() {
  ServerRecord record;
  record.id = "calculator";
  record.options.kind = "plain";
  record.options.service = "CALCULATOR";
  record.snapshot.state = ServerState::kListening;
  record.snapshot.hostname = "127.0.0.1";
  record.snapshot.port = 18861;
  record.snapshot.start_time = absl::FromUnixMillis(1'700'000'000'250);
  return record;
}

TEST(ServerResourceTest, ShowsTheRecord) {
  ServerRecord record = Record();
  record.snapshot.connections_total = 10;
  record.snapshot.connections_open = 2;
  record.snapshot.connections_refused = 3;
  record.snapshot.calls_total = 40;
  record.snapshot.calls_failed = 5;
  record.snapshot.abandoned_calls = 1;
  const v1::Server server = ServerResource(record);
  EXPECT_EQ(server.name(), "servers/calculator");
  EXPECT_EQ(server.spec().kind(), "plain");
  EXPECT_EQ(server.state(), v1::Server::LISTENING);
  EXPECT_EQ(server.hostname(), "127.0.0.1");
  EXPECT_EQ(server.port(), 18861);
  EXPECT_EQ(server.start_time().seconds(), 1'700'000'000);
  EXPECT_EQ(server.start_time().nanos(), 250'000'000);
  EXPECT_EQ(server.connections_total(), 10);
  EXPECT_EQ(server.connections_open(), 2);
  EXPECT_EQ(server.connections_refused(), 3);
  EXPECT_EQ(server.calls_total(), 40);
  EXPECT_EQ(server.calls_failed(), 5);
  EXPECT_EQ(server.abandoned_calls(), 1);
  EXPECT_FALSE(server.has_last_error());
}

TEST(ServerResourceTest, ShowsTheLastError) {
  ServerRecord record = Record();
  record.snapshot.state = ServerState::kFailed;
  record.snapshot.last_error = ReasonStatus(absl::StatusCode::kInternal, "X", "accept: broken");
  const v1::Server server = ServerResource(record);
  EXPECT_EQ(server.state(), v1::Server::FAILED);
  EXPECT_EQ(server.last_error().code(), 13);
  EXPECT_EQ(server.last_error().message(), "accept: broken");
  EXPECT_EQ(server.last_error().details_size(), 1);
}

TEST(ServerResourceTest, EtagIsOfSpecStateAndAddress) {
  const std::string etag = ServerResource(Record()).etag();
  EXPECT_FALSE(etag.empty());
  EXPECT_EQ(ServerResource(Record()).etag(), etag);

  const auto etag_after = [](const std::function<void(ServerRecord*)>& change) {
    ServerRecord record = Record();
    change(&record);
    return ServerResource(record).etag();
  };
  EXPECT_EQ(etag_after([](ServerRecord* r) {
              r->snapshot.connections_total = r->snapshot.connections_open = 7;
              r->snapshot.calls_total = r->snapshot.calls_failed = 8;
              r->snapshot.connections_refused = r->snapshot.abandoned_calls = 9;
            }),
            etag);
  EXPECT_NE(etag_after([](ServerRecord* r) { r->snapshot.state = ServerState::kDraining; }), etag);
  EXPECT_NE(etag_after([](ServerRecord* r) { r->options.limits.max_nesting = 3; }), etag);
  EXPECT_NE(etag_after([](ServerRecord* r) { r->snapshot.port = 1; }), etag);
  // This is another server under the same id.
  EXPECT_NE(etag_after([](ServerRecord* r) { r->snapshot.start_time += absl::Nanoseconds(1); }),
            etag);
}

}  // namespace
}  // namespace rpyc
