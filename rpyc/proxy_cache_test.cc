#include "rpyc/proxy_cache.h"

#include "gtest/gtest.h"
#include "rpyc/brine.h"

namespace rpyc {
namespace {

std::string Pack(absl::string_view name, int id) {
  return *brine::EncodeToString(Value::Tuple({Value(name), Value(1), Value(id)}), Limits());
}

TEST(ProxyCache, OneProxyForOneObject) {
  ProxyCache cache(10, nullptr);
  const std::shared_ptr<NetrefObject> a = *cache.Receive(Pack("builtins.list", 5), Limits());
  EXPECT_EQ(*cache.Receive(Pack("builtins.list", 5), Limits()), a);
  EXPECT_NE(*cache.Receive(Pack("builtins.list", 6), Limits()), a);
  EXPECT_EQ(a->type_name(), "builtins.list");
  EXPECT_TRUE(a->BelongsTo(cache.owner()));
  EXPECT_FALSE(a->BelongsTo(ProxyCache(1, nullptr).owner()));
}

TEST(ProxyCache, ADeadProxyIsReleasedWithAllItsReferences) {
  ProxyCache cache(10, nullptr);
  const std::string id = Pack("builtins.list", 5);
  std::shared_ptr<NetrefObject> proxy = *cache.Receive(id, Limits());
  ASSERT_TRUE(cache.Receive(id, Limits()).ok());
  EXPECT_TRUE(cache.TakeReleases().empty());
  proxy.reset();
  const std::vector<NetrefOwner::Release> releases = cache.TakeReleases();
  ASSERT_EQ(releases.size(), 1u);
  EXPECT_EQ(releases[0].id_pack, id);
  EXPECT_EQ(releases[0].count, 2);
  EXPECT_TRUE(cache.TakeReleases().empty());
}

TEST(ProxyCache, ANewProxyBeforeTheOldReleaseWasSent) {
  ProxyCache cache(10, nullptr);
  const std::string id = Pack("builtins.list", 5);
  { const std::shared_ptr<NetrefObject> old = *cache.Receive(id, Limits()); }
  const std::shared_ptr<NetrefObject> again = *cache.Receive(id, Limits());
  EXPECT_EQ(cache.TakeReleases().size(), 1u);
  EXPECT_EQ(*cache.Receive(id, Limits()), again) << "the cache still knows it";
}

TEST(ProxyCache, AProxyMayOutliveItsConnection) {
  std::shared_ptr<NetrefObject> proxy;
  {
    ProxyCache cache(10, nullptr);
    proxy = *cache.Receive(Pack("builtins.list", 5), Limits());
  }
  proxy.reset();
}

TEST(ProxyCache, OverTheBoundTheReferenceIsGivenBack) {
  ProxyCache cache(1, nullptr);
  const std::shared_ptr<NetrefObject> held = *cache.Receive(Pack("builtins.list", 5), Limits());
  EXPECT_EQ(cache.Receive(Pack("builtins.list", 6), Limits()).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(cache.TakeReleases().size(), 1u);
  EXPECT_TRUE(cache.Receive(Pack("builtins.list", 5), Limits()).ok());
}

TEST(ProxyCache, RefusesWhatIsNotAnIdPack) {
  ProxyCache cache(10, nullptr);
  EXPECT_FALSE(cache.Receive("\x50", Limits()).ok());
  EXPECT_FALSE(
      cache.Receive(*brine::EncodeToString(Value::Tuple({1, 2, 3}), Limits()), Limits()).ok());
}

}  // namespace
}  // namespace rpyc
