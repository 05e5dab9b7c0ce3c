#include "server/host_flags.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rpyc {
namespace {

absl::StatusOr<HostFlags> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "host");
  return ParseHostFlags(static_cast<int>(arguments.size()), arguments.data());
}

TEST(HostFlags, Defaults) {
  const HostFlags flags = *Parse({});
  EXPECT_FALSE(flags.help);
  EXPECT_FALSE(flags.version);
  EXPECT_EQ(flags.admin_address, "127.0.0.1:18810");
  EXPECT_TRUE(flags.servers.empty());
  EXPECT_EQ(flags.drain_timeout, absl::Seconds(10));
  EXPECT_EQ(flags.log_level, "info");
}

TEST(HostFlags, Values) {
  const HostFlags flags = *Parse({"--admin_address=[::1]:0", "--drain_timeout=1m30s",
                                  "--log_level=debug", "--help", "--version"});
  EXPECT_TRUE(flags.help);
  EXPECT_TRUE(flags.version);
  EXPECT_EQ(flags.admin_address, "[::1]:0");
  EXPECT_EQ(flags.drain_timeout, absl::Seconds(90));
  EXPECT_EQ(flags.log_level, "debug");
  EXPECT_EQ(Parse({"--admin_address="})->admin_address, "");
  EXPECT_EQ(Parse({"--admin_address=", "--help"})->admin_address, "");
  EXPECT_EQ(Parse({"--admin_address", "unix:/a=b"})->admin_address, "unix:/a=b");
}

TEST(HostFlags, Registry) {
  EXPECT_EQ(Parse({})->registry.address, "");
  const HostFlags flags = *Parse({"--registry_address=[::1]:0", "--registry_pruning_timeout=5m",
                                  "--registry_allow_listing", "--registry_max_registrations=7",
                                  "--registry_max_per_source=3", "--registry_etcd=a:1,b:2"});
  EXPECT_EQ(flags.registry.address, "[::1]:0");
  EXPECT_EQ(flags.registry.pruning_timeout, absl::Minutes(5));
  EXPECT_TRUE(flags.registry.allow_listing);
  EXPECT_EQ(flags.registry.limits.max_registrations, 7);
  EXPECT_EQ(flags.registry.limits.max_registrations_per_source, 3);
  EXPECT_EQ(flags.registry.etcd, "a:1,b:2");
  EXPECT_EQ(Parse({"--registry_address=:1", "--registry_snapshot=f"})->registry.snapshot_file, "f");
  for (const char* wrong :
       {"--registry_address=x", "--registry_address=unix:/x", "--registry_max_per_source=0",
        "--registry_snapshot=f", "--registry_etcd=a:1", "--registry_pruning_timeout=0s"}) {
    EXPECT_FALSE(Parse({wrong}).ok()) << wrong;
  }
}

TEST(HostFlags, Servers) {
  const HostFlags flags =
      *Parse({"--server=threaded:CALCULATOR@127.0.0.1:18861", "--server=k:my.svc@[::1]:0",
              "--server=threaded:ECHO@unix:/run/a@b:c"});
  ASSERT_EQ(flags.servers.size(), 3u);
  EXPECT_EQ(flags.servers[0].kind, "threaded");
  EXPECT_EQ(flags.servers[0].service, "CALCULATOR");
  EXPECT_EQ(flags.servers[0].hostname, "127.0.0.1");
  EXPECT_EQ(flags.servers[0].port, 18861);
  EXPECT_FALSE(flags.servers[0].ipv6);
  EXPECT_FALSE(flags.servers[0].allow_insecure);
  EXPECT_EQ(flags.servers[1].kind, "k");
  EXPECT_EQ(flags.servers[1].service, "my.svc");
  EXPECT_EQ(flags.servers[1].hostname, "::1");
  EXPECT_TRUE(flags.servers[1].ipv6);
  EXPECT_EQ(flags.servers[2].service, "ECHO");
  EXPECT_EQ(flags.servers[2].hostname, "");
  EXPECT_EQ(flags.servers[2].socket_path, "/run/a@b:c");
  EXPECT_TRUE(Parse({"--server=a:b@0.0.0.0:1", "--allow_insecure"})->servers[0].allow_insecure);
}

TEST(HostFlags, InheritedSockets) {
  const HostFlags flags =
      *Parse({"--server=threaded:ECHO@fd:lab.socket", "--server=threaded:ECHO@fd.example:3",
              "--server=threaded:ECHO@fd:3", "--allow_insecure"});
  ASSERT_EQ(flags.servers.size(), 3u);
  EXPECT_EQ(flags.inherited_sockets, (std::vector<std::string>{"lab.socket", "", "3"}));
  EXPECT_EQ(flags.servers[0].service, "ECHO");
  EXPECT_EQ(flags.servers[0].hostname, "");
  EXPECT_TRUE(flags.servers[2].allow_insecure);
}

TEST(HostFlags, WhatIsWrongIsSaidInOneLine) {
  const std::vector<std::vector<const char*>> wrong = {
      {"--bogus"},
      {"--bogus=1"},
      {"-x"},
      {"stray"},
      {"--help", "stray"},
      {"--server=threaded:ECHO@127.0.0.1:1", "stray"},
      {"--server", "threaded:ECHO@127.0.0.1:1", "stray"},
      {"--server"},
      {"--server="},
      {"--server=ECHO"},
      {"--server=threaded:ECHO"},
      {"--server=ECHO@127.0.0.1:1"},
      {"--server=:ECHO@127.0.0.1:1"},
      {"--server=threaded:@127.0.0.1:1"},
      {"--server=threaded:ECHO@127.0.0.1"},
      {"--server=threaded:ECHO@127.0.0.1:99999"},
      {"--server=threaded:ECHO@::1:1"},
      {"--server=threaded:ECHO@fd:"},
      {"--server=threaded:ECHO@fd:2"},
      {"--server=threaded:ECHO@fd:99999999999"},
      {"--admin_address=here"},
      {"--admin_address"},
      {"--admin_address=:1", "--admin_address=:2"},
      {"--drain_timeout=10"},
      {"--drain_timeout=-1s"},
      {"--drain_timeout=soon"},
      {"--log_level=loud"},
      {"--log_level="},
      {"--allow_insecure=maybe"},
      {"--config=file"},
  };
  for (const std::vector<const char*>& arguments : wrong) {
    const absl::Status status = Parse(arguments).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << arguments.front();
    EXPECT_FALSE(status.message().empty()) << arguments.front();
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos) << status.message();
  }
}

TEST(HostFlags, AFlagThatIsNearIsNamed) {
  const auto message = [](const char* argument) {
    return std::string(Parse({argument}).status().message());
  };
  EXPECT_EQ(message("--admin_adress=127.0.0.1:1"),
            "The following argument was not expected: --admin_adress=127.0.0.1:1; did you mean "
            "\"--admin_address\"?");
  EXPECT_EQ(message("--log-level"),
            "The following argument was not expected: --log-level; did you mean \"--log_level\"?");
  EXPECT_EQ(message("--bogus"), "The following argument was not expected: --bogus");
}

TEST(HostFlags, HelpNamesEveryFlag) {
  const std::string help = HostFlagsHelp("demo_host");
  for (const char* flag : {"demo_host", "--admin_address", "--server", "--allow_insecure",
                           "--drain_timeout", "--log_level", "--registry_address",
                           "--registry_etcd", "--help", "--version", "127.0.0.1:18810"}) {
    EXPECT_NE(help.find(flag), std::string::npos) << flag;
  }
}

}  // namespace
}  // namespace rpyc
