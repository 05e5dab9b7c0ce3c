#include "registry/registration_id.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace rpyc {
namespace {

TEST(RegistrationId, EachKeyHasOne) {
  const struct {
    RegistrationKey key;
    const char* id;
  } kCases[] = {
      {{"CALCULATOR", "10.0.0.5", 18861}, "CALCULATOR@10.0.0.5:18861"},
      {{"A", "::1", 1}, "A@[::1]:1"},
      {{"A", "fe80::1%eth0", 65535}, "A@[fe80::1%25eth0]:65535"},
      {{"A/B @%\xc3\xbc", "host.example", 1}, "A%2FB%20%40%25%C3%BC@host.example:1"},
  };
  for (const auto& each : kCases) {
    EXPECT_EQ(RegistrationId(each.key), each.id);
    const auto parsed = ParseRegistrationId(each.id);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, each.key);
  }
}

TEST(RegistrationId, OthersAreNone) {
  for (const char* id :
       {"", "A", "A@", "A@h", "A@h:x", "A@h:65536", "A@::1:1", "A/B@h:1", "A@h:01", "%41@h:1",
        "A%2@h:1", "A%2g@h:1", "A%2f@h:1", "A%FF@h:1", "A@unix:/x", "A@@h:1", "A @h:1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseRegistrationId(id).status())) << id;
  }
}

}  // namespace
}  // namespace rpyc
