#include "registry/etcd/etcd_record.h"

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace rpyc {
namespace {

TEST(EtcdRecord, IsReadAsItIsWritten) {
  const Registration registration = {.key = {"A B", "::1", 18861},
                                     .source = "fe80::1%eth0",
                                     .register_time = absl::FromUnixMillis(1'800'000'000'001),
                                     .refresh_time = absl::FromUnixMillis(1'800'000'000'002),
                                     .expire_time = absl::FromUnixMillis(1'800'000'240'002)};
  EXPECT_EQ(EtcdValue(registration), "fe80::1%eth0\t1800000000001\t1800000000002\t1800000240002");
  const auto read = ParseEtcdRecord("A%20B@[::1]:18861", EtcdValue(registration));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->key, registration.key);
  EXPECT_EQ(read->source, registration.source);
  EXPECT_EQ(read->register_time, registration.register_time);
  EXPECT_EQ(read->refresh_time, registration.refresh_time);
  EXPECT_EQ(read->expire_time, registration.expire_time);
}

TEST(EtcdRecord, WhatOthersWroteIsNone) {
  for (const char* value :
       {"", "a", "a\t1\t2", "a\t1\t2\t3\t4", "a\tx\t2\t3", "a\t-1\t2\t3",
        "a\t1\t2\t99999999999999999999", "a\t1\t2\t9999999999999999", "\xff\t1\t2\t3"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseEtcdRecord("A@h:1", value).status())) << value;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(ParseEtcdRecord("A", "a\t1\t2\t3").status()));
}

}  // namespace
}  // namespace rpyc
