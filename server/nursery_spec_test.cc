#include "server/nursery_spec.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/time/time.h"

namespace rpyc {
namespace {

NurserySpec Decoded(const NurserySpec& spec) {
  absl::StatusOr<NurserySpec> decoded = DecodeNurserySpec(EncodeNurserySpec(spec));
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  return *std::move(decoded);
}

TEST(NurserySpecTest, EveryFieldArrives) {
  NurserySpec spec;
  ServerOptions& options = spec.options;
  options.kind = "a kind";
  options.service = "A SERVICE";
  options.hostname = "::";
  options.port = 65535;
  options.socket_path = "/a/path";
  options.ipv6 = options.ipv6_only = options.allow_insecure = true;
  options.backlog = 5;
  options.reuse_addr = false;
  options.tls = {.keyfile = "a key",
                 .certfile = "a certificate",
                 .ca_certs = "authorities",
                 .cert_reqs = CertReqs::kOptional,
                 .ciphers = "ALL"};
  options.handshake_timeout = absl::Milliseconds(1500);
  options.nbthreads = 6;
  options.request_batch_size = 7;
  options.max_memory_bytes = int64_t{5} << 40;
  options.max_cpu_time = absl::Seconds(90);
  options.niceness = 19;
  options.user = "somebody";
  options.max_sessions = 8;
  ProtocolConfig& config = options.protocol_config;
  config.allow_safe_attrs = config.allow_exposed_attrs = config.allow_getattr = false;
  config.allow_public_attrs = config.allow_all_attrs = true;
  config.allow_setattr = config.allow_delattr = config.bind_threads = true;
  config.safe_attrs = {"__len__", "__iter__"};
  config.exposed_prefix = "x_";
  config.include_local_traceback = config.include_local_version = false;
  config.sync_request_timeout = absl::InfiniteDuration();
  config.connid = std::string("a \0 label", 9);
  config.dialect = 6;
  Limits& limits = options.limits;
  limits.max_frame_bytes = 4294967295u;
  limits.max_inflated_bytes = 2;
  limits.max_decoded_bytes = 3;
  limits.max_nesting = 4;
  limits.max_int_digits = 5;
  limits.max_local_objects = size_t{1} << 60;
  limits.max_read_ahead_bytes = 7;
  limits.max_callback_depth = 8;
  limits.max_total_bytes = 9;
  limits.frame_timeout = absl::Seconds(10);
  limits.idle_timeout = absl::Nanoseconds(9);
  spec.pem = {.key = {"k", "key text"}, .certificate = {"c", "text"}, .ca_certs = {"a", "more"}};

  const NurserySpec got = Decoded(spec);
  const ServerOptions& other = got.options;
  EXPECT_EQ(other.kind, options.kind);
  EXPECT_EQ(other.service, options.service);
  EXPECT_EQ(other.hostname, options.hostname);
  EXPECT_EQ(other.port, options.port);
  EXPECT_EQ(other.socket_path, options.socket_path);
  EXPECT_TRUE(other.ipv6 && other.ipv6_only && other.allow_insecure);
  EXPECT_EQ(other.backlog, options.backlog);
  EXPECT_FALSE(other.reuse_addr);
  EXPECT_EQ(other.tls, options.tls);
  EXPECT_EQ(other.handshake_timeout, options.handshake_timeout);
  EXPECT_EQ(other.nbthreads, options.nbthreads);
  EXPECT_EQ(other.request_batch_size, options.request_batch_size);
  EXPECT_EQ(other.max_memory_bytes, options.max_memory_bytes);
  EXPECT_EQ(other.max_cpu_time, options.max_cpu_time);
  EXPECT_EQ(other.niceness, options.niceness);
  EXPECT_EQ(other.user, options.user);
  EXPECT_EQ(other.max_sessions, options.max_sessions);
  EXPECT_FALSE(other.protocol_config.allow_safe_attrs);
  EXPECT_FALSE(other.protocol_config.allow_exposed_attrs);
  EXPECT_FALSE(other.protocol_config.allow_getattr);
  EXPECT_TRUE(other.protocol_config.allow_public_attrs && other.protocol_config.allow_all_attrs);
  EXPECT_TRUE(other.protocol_config.allow_setattr && other.protocol_config.allow_delattr);
  EXPECT_TRUE(other.protocol_config.bind_threads);
  EXPECT_EQ(other.protocol_config.safe_attrs, config.safe_attrs);
  EXPECT_EQ(other.protocol_config.exposed_prefix, config.exposed_prefix);
  EXPECT_FALSE(other.protocol_config.include_local_traceback);
  EXPECT_FALSE(other.protocol_config.include_local_version);
  EXPECT_EQ(other.protocol_config.sync_request_timeout, absl::InfiniteDuration());
  EXPECT_EQ(other.protocol_config.connid, config.connid);
  EXPECT_EQ(other.protocol_config.dialect, config.dialect);
  EXPECT_EQ(other.limits.max_frame_bytes, limits.max_frame_bytes);
  EXPECT_EQ(other.limits.max_inflated_bytes, limits.max_inflated_bytes);
  EXPECT_EQ(other.limits.max_decoded_bytes, limits.max_decoded_bytes);
  EXPECT_EQ(other.limits.max_nesting, limits.max_nesting);
  EXPECT_EQ(other.limits.max_int_digits, limits.max_int_digits);
  EXPECT_EQ(other.limits.max_local_objects, limits.max_local_objects);
  EXPECT_EQ(other.limits.max_read_ahead_bytes, limits.max_read_ahead_bytes);
  EXPECT_EQ(other.limits.max_callback_depth, limits.max_callback_depth);
  EXPECT_EQ(other.limits.max_total_bytes, limits.max_total_bytes);
  EXPECT_EQ(other.limits.frame_timeout, limits.frame_timeout);
  EXPECT_EQ(other.limits.idle_timeout, limits.idle_timeout);
  EXPECT_EQ(got.pem.key.name, "k");
  EXPECT_EQ(got.pem.key.text, "key text");
  EXPECT_EQ(got.pem.certificate.text, "text");
  EXPECT_EQ(got.pem.ca_certs.text, "more");
}

TEST(NurserySpecTest, WhatIsNotGivenStaysSo) {
  const NurserySpec got = Decoded({});
  EXPECT_FALSE(got.options.tls.has_value());
  EXPECT_FALSE(got.options.protocol_config.safe_attrs.has_value());
  EXPECT_EQ(got.options.protocol_config.sync_request_timeout, absl::Seconds(30));
}

TEST(NurserySpecTest, AuthoritiesOfAWholeSystem) {
  NurserySpec spec;
  spec.pem.ca_certs.text = std::string(4 << 20, 'x');
  EXPECT_EQ(Decoded(spec).pem.ca_certs.text, spec.pem.ca_certs.text);
}

TEST(NurserySpecTest, OtherBytesAreNone) {
  const std::string good = EncodeNurserySpec({});
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(DecodeNurserySpec(good.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(DecodeNurserySpec(EncodePem({})).ok());
  EXPECT_FALSE(DecodePem(good).ok());
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(0xff);
    DecodeNurserySpec(changed).status().IgnoreError();  // any result will do, but no crash
  }
}

}  // namespace
}  // namespace rpyc
