#include "server/admin/spec.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/reason.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;

v1::ServerSpec Spec(const std::string& text) {
  v1::ServerSpec spec;
  spec.set_kind("plain");
  spec.set_service("CALCULATOR");
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &spec)) << text;
  return spec;
}

absl::StatusOr<ServerOptions> Convert(const std::string& text) {
  return OptionsFromSpec(Spec(text));
}

struct Refusal {
  std::string spec;
  std::string field;
};

class InvalidFieldTest : public testing::TestWithParam<Refusal> {};

TEST_P(InvalidFieldTest, IsNamed) {
  const absl::StatusOr<ServerOptions> options = Convert(GetParam().spec);
  ASSERT_FALSE(options.ok());
  EXPECT_EQ(options.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GetReason(options.status()).reason, "INVALID_FIELD");
  EXPECT_EQ(GetReason(options.status()).metadata.at("field"), GetParam().field);
  EXPECT_NE(options.status().message().find(GetParam().field), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    All, InvalidFieldTest,
    testing::ValuesIn<Refusal>({
        {"socket_path: '/tmp/s' reuse_addr: true", "spec.reuse_addr"},
        {"protocol_config { allow_pickle: true }", "spec.protocol_config.allow_pickle"},
        {"protocol_config { instantiate_custom_exceptions: true }",
         "spec.protocol_config.instantiate_custom_exceptions"},
        {"protocol_config { import_custom_exceptions: true }",
         "spec.protocol_config.import_custom_exceptions"},
        {"protocol_config { instantiate_oldstyle_exceptions: true }",
         "spec.protocol_config.instantiate_oldstyle_exceptions"},
        {"protocol_config { propagate_SystemExit_locally: true }",
         "spec.protocol_config.propagate_SystemExit_locally"},
        {"protocol_config { propagate_KeyboardInterrupt_locally: true }",
         "spec.protocol_config.propagate_KeyboardInterrupt_locally"},
        {"protocol_config { log_exceptions: false }", "spec.protocol_config.log_exceptions"},
        {"protocol_config { close_catchall: true }", "spec.protocol_config.close_catchall"},
        {"protocol_config { dialect: 4 }", "spec.protocol_config.dialect"},
        {"protocol_config { dialect: -1 }", "spec.protocol_config.dialect"},
        {"protocol_config { sync_request_timeout { seconds: 1 nanos: -1 } }",
         "spec.protocol_config.sync_request_timeout"},
        {"protocol_config { connid: '" + std::string(256, 'x') + "' }",
         "spec.protocol_config.connid"},
        {"protocol_config { exposed_prefix: '" + std::string(256, 'x') + "' }",
         "spec.protocol_config.exposed_prefix"},
        {"protocol_config { safe_attrs { names: '" + std::string(256, 'x') + "' } }",
         "spec.protocol_config.safe_attrs.names"},
        {"limits { max_frame_bytes: -1 }", "spec.limits.max_frame_bytes"},
        {"limits { max_frame_bytes: 4294967296 }", "spec.limits.max_frame_bytes"},
        {"limits { max_inflated_bytes: -1 }", "spec.limits.max_inflated_bytes"},
        {"limits { max_inflated_bytes: 4294967296 }", "spec.limits.max_inflated_bytes"},
        {"limits { max_nesting: -1 }", "spec.limits.max_nesting"},
        {"limits { max_nesting: 501 }", "spec.limits.max_nesting"},
        {"limits { max_int_digits: -1 }", "spec.limits.max_int_digits"},
        {"limits { max_local_objects: -1 }", "spec.limits.max_local_objects"},
        {"limits { max_read_ahead_bytes: -1 }", "spec.limits.max_read_ahead_bytes"},
        {"limits { max_callback_depth: -1 }", "spec.limits.max_callback_depth"},
        {"limits { max_callback_depth: 1001 }", "spec.limits.max_callback_depth"},
        {"limits { handshake_timeout { seconds: -1 } }", "spec.limits.handshake_timeout"},
        {"limits { idle_timeout { nanos: -1 } }", "spec.limits.idle_timeout"},
        {"limits { max_total_bytes: -1 }", "spec.limits.max_total_bytes"},
        {"limits { frame_timeout { nanos: -1 } }", "spec.limits.frame_timeout"},
        {"tls { certfile: '" + std::string(5000, 'x') + "' }", "spec.tls.certfile"},
        {"tls { keyfile: '\\000' }", "spec.tls.keyfile"},
        {"tls { ca_certs: 'a\\000b' }", "spec.tls.ca_certs"},
        {"tls { ciphers: '" + std::string(5000, 'x') + "' }", "spec.tls.ciphers"},
        {"tls { cert_reqs: 4 }", "spec.tls.cert_reqs"},
    }));

TEST(SpecTest, ARegistrarIsTakenAsItIs) {
  const ServerOptions none = *Convert("");
  EXPECT_FALSE(none.registrar.has_value());
  EXPECT_FALSE(none.auto_register.has_value());
  const ServerOptions empty = *Convert("registrar {} auto_register: false");
  EXPECT_EQ(empty.registrar->hostname, "");
  EXPECT_EQ(empty.registrar->protocol, RegistrarOptions::Protocol::kUdp);
  EXPECT_EQ(empty.auto_register, false);
  const ServerOptions full = *Convert(
      "registrar { hostname: 'r' port: 5 protocol: TCP timeout { seconds: 3 } "
      "advertised_hostname: '10.0.0.5' }");
  EXPECT_EQ(full.registrar->hostname, "r");
  EXPECT_EQ(full.registrar->port, 5);
  EXPECT_EQ(full.registrar->protocol, RegistrarOptions::Protocol::kTcp);
  EXPECT_EQ(full.registrar->timeout, absl::Seconds(3));
  EXPECT_EQ(full.registrar->advertised_hostname, "10.0.0.5");
}

// The check of the server lists the known kinds.
TEST(SpecTest, AnUnknownKindIsLeftToTheServer) {
  EXPECT_EQ(Convert("kind: 'none' nbthreads: 4")->kind, "none");
}

TEST(SpecTest, EveryHonouredFieldArrives) {
  const absl::StatusOr<ServerOptions> options = Convert(R"(
      hostname: 'example.org' port: 65535 ipv6: true allow_insecure: true backlog: 7
      reuse_addr: false nbthreads: 3 request_batch_size: 5
      max_memory_bytes: 1099511627776 max_cpu_time { seconds: 90 } niceness: 4 user: 'somebody'
      loops: 2 fiber_stack_kib: 512 max_fibers: 77
      protocol_config {
        allow_safe_attrs: false allow_exposed_attrs: false allow_public_attrs: true
        allow_all_attrs: true exposed_prefix: 'x_' allow_getattr: false
        allow_setattr: true allow_delattr: true safe_attrs { names: '__len__' names: 'x' }
        include_local_traceback: false include_local_version: false
        sync_request_timeout { seconds: 7 nanos: 500000000 } dialect: 6 connid: 'lab'
      }
      limits {
        max_frame_bytes: 4294967295 max_inflated_bytes: 2 max_nesting: 3 max_int_digits: 4
        max_local_objects: 5 max_sessions: 6 max_read_ahead_bytes: 7 max_callback_depth: 8
        handshake_timeout { nanos: 10000000 } idle_timeout { seconds: 9 }
        max_total_bytes: 11 frame_timeout { seconds: 12 }
      }
      tls {
        keyfile: 'key' certfile: 'cert' ca_certs: 'ca' cert_reqs: OPTIONAL ciphers: 'HIGH'
      })");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->kind, "plain");
  EXPECT_EQ(options->service, "CALCULATOR");
  EXPECT_EQ(options->hostname, "example.org");
  EXPECT_EQ(options->port, 65535);
  EXPECT_TRUE(options->ipv6);
  EXPECT_TRUE(options->allow_insecure);
  EXPECT_EQ(options->backlog, 7);
  EXPECT_FALSE(options->reuse_addr);
  EXPECT_EQ(options->nbthreads, 3);
  EXPECT_EQ(options->request_batch_size, 5);
  EXPECT_EQ(options->max_memory_bytes, int64_t{1} << 40);
  EXPECT_EQ(options->max_cpu_time, absl::Seconds(90));
  EXPECT_EQ(options->niceness, 4);
  EXPECT_EQ(options->user, "somebody");
  EXPECT_EQ(options->loops, 2);
  EXPECT_EQ(options->fiber_stack_kib, 512);
  EXPECT_EQ(options->max_fibers, 77);
  EXPECT_FALSE(options->protocol_config.allow_safe_attrs);
  EXPECT_FALSE(options->protocol_config.allow_exposed_attrs);
  EXPECT_TRUE(options->protocol_config.allow_public_attrs);
  EXPECT_TRUE(options->protocol_config.allow_all_attrs);
  EXPECT_EQ(options->protocol_config.exposed_prefix, "x_");
  EXPECT_FALSE(options->protocol_config.allow_getattr);
  EXPECT_TRUE(options->protocol_config.allow_setattr);
  EXPECT_TRUE(options->protocol_config.allow_delattr);
  EXPECT_EQ(options->protocol_config.safe_attrs,
            (absl::flat_hash_set<std::string>{"__len__", "x"}));
  EXPECT_EQ(options->protocol_config.sync_request_timeout, absl::Seconds(7.5));
  EXPECT_EQ(options->protocol_config.dialect, 6);
  EXPECT_EQ(options->protocol_config.connid, "lab");
  EXPECT_FALSE(options->protocol_config.include_local_traceback);
  EXPECT_FALSE(options->protocol_config.include_local_version);
  EXPECT_EQ(options->limits.max_frame_bytes, 4294967295u);
  EXPECT_EQ(options->limits.max_inflated_bytes, 2u);
  EXPECT_GE(options->limits.max_decoded_bytes, options->limits.max_frame_bytes);
  EXPECT_EQ(options->limits.max_nesting, 3);
  EXPECT_EQ(options->limits.max_int_digits, 4);
  EXPECT_EQ(options->limits.max_local_objects, 5u);
  EXPECT_EQ(options->max_sessions, 6);
  EXPECT_EQ(options->limits.max_read_ahead_bytes, 7u);
  EXPECT_EQ(options->limits.max_callback_depth, 8);
  EXPECT_EQ(options->limits.idle_timeout, absl::Seconds(9));
  EXPECT_EQ(options->limits.max_total_bytes, 11u);
  EXPECT_EQ(options->limits.frame_timeout, absl::Seconds(12));
  EXPECT_EQ(options->handshake_timeout, absl::Milliseconds(10));
  EXPECT_EQ(*options->tls, (TlsOptions{.keyfile = "key",
                                       .certfile = "cert",
                                       .ca_certs = "ca",
                                       .cert_reqs = CertReqs::kOptional,
                                       .ciphers = "HIGH"}));
  EXPECT_EQ(Convert("socket_path: '/run/s'")->socket_path, "/run/s");
}

TEST(SpecTest, UnsetAndZeroAreTheDefaults) {
  const ServerOptions defaults;
  const absl::StatusOr<ServerOptions> options = Convert("protocol_config {} limits {}");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->reuse_addr);
  EXPECT_EQ(options->max_sessions, 0);  // means the server's default
  EXPECT_FALSE(options->tls.has_value());
  EXPECT_EQ(options->handshake_timeout, absl::Seconds(10));
  EXPECT_EQ(options->limits.max_frame_bytes, defaults.limits.max_frame_bytes);
  EXPECT_EQ(options->limits.max_decoded_bytes, defaults.limits.max_decoded_bytes);
  EXPECT_EQ(options->protocol_config.exposed_prefix, "exposed_");
}

TEST(SpecTest, AnEmptySetOfSafeAttrsIsNotAnUnsetOne) {
  EXPECT_FALSE(Convert("")->protocol_config.safe_attrs.has_value());
  EXPECT_TRUE(Convert("protocol_config { safe_attrs {} }")->protocol_config.safe_attrs->empty());
}

TEST(SpecTest, ANegativeTimeoutIsForEver) {
  for (const char* timeout : {"seconds: -1", "nanos: -1", "seconds: -3 nanos: -5"}) {
    const auto options =
        Convert(absl::StrCat("protocol_config { sync_request_timeout { ", timeout, " } }"));
    EXPECT_EQ(options->protocol_config.sync_request_timeout, absl::InfiniteDuration()) << timeout;
  }
}

// A value that says what the host does anyway is accepted.
TEST(SpecTest, HarmlessValuesPass) {
  const absl::StatusOr<ServerOptions> options = Convert(R"(
      auto_register: false
      protocol_config {
        allow_setattr: false allow_delattr: false allow_pickle: false dialect: 0
        instantiate_custom_exceptions: false import_custom_exceptions: false
        instantiate_oldstyle_exceptions: false propagate_SystemExit_locally: false
        propagate_KeyboardInterrupt_locally: false close_catchall: false bind_threads: false
      }
      limits { handshake_timeout {} idle_timeout {} })");
  EXPECT_TRUE(options.ok()) << options.status();
}

// A client may start a server with the spec of another server.
TEST(SpecTest, WhatIsShownCanBeGivenBack) {
  for (const char* text :
       {"", "tls {}",
        "tls { keyfile: 'k' certfile: 'c' ca_certs: 'a' cert_reqs: REQUIRED ciphers: 'x' } "
        "limits { handshake_timeout { seconds: 1 } }",
        "socket_path: '/run/s'", "hostname: '::1' port: 5 ipv6: true reuse_addr: false",
        "hostname: '::' ipv6: true ipv6_only: true", "registrar {}",
        "registrar { hostname: 'r' port: 5 protocol: TCP advertised_hostname: '::1' } "
        "auto_register: false",
        "protocol_config { exposed_prefix: '' } limits { max_nesting: 3 }",
        "protocol_config { safe_attrs { names: 'b' names: 'a' names: 'c' } connid: 'x' dialect: 5 "
        "}",
        "protocol_config { sync_request_timeout { seconds: -1 } safe_attrs {} }",
        "protocol_config { sync_request_timeout { nanos: 1 } } limits { idle_timeout { seconds: 1 "
        "} }"}) {
    const v1::ServerSpec shown = SpecFromOptions(*Convert(text));
    const absl::StatusOr<ServerOptions> again = OptionsFromSpec(shown);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(shown, SpecFromOptions(*again)))
        << shown.DebugString();
  }
}

TEST(SpecTest, DefaultsAreShown) {
  const v1::ServerSpec shown = SpecFromOptions(*Convert(""));
  EXPECT_TRUE(shown.reuse_addr());
  EXPECT_EQ(shown.protocol_config().exposed_prefix(), "exposed_");
  EXPECT_TRUE(shown.protocol_config().allow_safe_attrs());
  EXPECT_FALSE(shown.protocol_config().has_safe_attrs());
  EXPECT_EQ(shown.protocol_config().sync_request_timeout().seconds(), 30);
  EXPECT_EQ(shown.limits().max_frame_bytes(), 64 << 20);
  EXPECT_EQ(shown.limits().max_read_ahead_bytes(), 16 << 20);
  EXPECT_EQ(shown.limits().max_callback_depth(), 64);
}

}  // namespace
}  // namespace rpyc
