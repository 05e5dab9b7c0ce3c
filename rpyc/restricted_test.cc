#include "rpyc/restricted.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "rpyc/access_policy.h"
#include "rpyc/bind/class_def.h"
#include "rpyc/errors.h"
#include "rpyc/protocol_config.h"

namespace rpyc {
namespace {

struct Thing {
  int foo = 1;
  int bar = 2;
  friend void RpycExpose(ClassDef<Thing>& c) {
    c.Property("foo", &Thing::foo);
    c.Property("bar", &Thing::bar);
    c.Public("plain", [](const Thing&) { return 3; });
    c.Expose("__len__", [](const Thing&) { return 4; });
    c.Expose("__eq__", [](const Thing&, int) { return true; });
  }
};

// Asks as a peer does: the access rules first.
class Peer {
 public:
  explicit Peer(const Value& object) : object_(*object.AsObject()) {}

  std::string Get(absl::string_view name) const {
    const auto found = ResolveAttribute(config_, Access::kGet, name, *object_);
    return Words(found.ok() ? object_->GetAttr(CallContext(), *found) : found.status());
  }
  std::string Call(absl::string_view name) const {
    const auto found = ResolveAttribute(config_, Access::kGet, name, *object_);
    return Words(found.ok() ? object_->CallAttr(CallContext(), *found, {}) : found.status());
  }
  std::string Set(absl::string_view name) const {
    const auto found = ResolveAttribute(config_, Access::kSet, name, *object_);
    if (!found.ok()) return Words(found.status());
    const absl::Status set = object_->SetAttr(CallContext(), *found, 5);
    return set.ok() ? "set" : Words(set);
  }
  std::string Delete(absl::string_view name) const {
    const auto found = ResolveAttribute(config_, Access::kDelete, name, *object_);
    return Words(found.ok() ? object_->DelAttr(CallContext(), *found) : found.status());
  }
  ProtocolConfig& config() { return config_; }
  Object& object() const { return *object_; }

 private:
  static std::string Words(const absl::StatusOr<Value>& result) {
    return result.ok() ? result->DebugString() : ToException(result.status()).Summary();
  }

  const std::shared_ptr<Object> object_;
  ProtocolConfig config_;
};

TEST(Restricted, ShowsOnlyWhatIsNamed) {
  const auto thing = std::make_shared<Thing>();
  Peer peer(Restricted(thing, {"foo", "plain", "__len__"}, {{"bar"}}));
  EXPECT_EQ(peer.Get("foo"), "1");
  EXPECT_EQ(peer.Call("plain"), "3") << "whatever the configuration says";
  EXPECT_EQ(peer.Call("__len__"), "4");
  EXPECT_EQ(peer.Get("bar"), "AttributeError: bar");
  EXPECT_EQ(peer.Get("__doc__"), "AttributeError: __doc__");
  EXPECT_EQ(peer.Set("foo"), "AttributeError: foo");
  EXPECT_EQ(peer.Set("bar"), "set");
  EXPECT_EQ(thing->bar, 5);
  EXPECT_EQ(*peer.object().Dir({}), (std::vector<std::string>{"__len__", "foo", "plain"}));
  EXPECT_TRUE(peer.object().SpecialMethods({})->empty());
}

TEST(Restricted, NoConfigurationOpensIt) {
  Peer peer(Restricted(std::make_shared<Thing>(), {"foo"}));
  peer.config().allow_all_attrs = peer.config().allow_delattr = true;
  EXPECT_EQ(peer.Get("bar"), "AttributeError: bar");
  EXPECT_EQ(peer.Delete("foo"), "AttributeError: foo");
  EXPECT_EQ(peer.Set("foo"), "set") << "what may be read, unless said otherwise";
}

TEST(Restricted, AnswersToTheExposedPrefixToo) {
  Peer peer(Restricted(std::make_shared<Thing>(), {"foo", "plain", "__len__"}, {{"bar"}}));
  EXPECT_EQ(peer.Get("exposed_foo"), "1");
  EXPECT_EQ(peer.Get("exposed_bar"), "AttributeError: exposed_bar");
  EXPECT_EQ(peer.Set("exposed_bar"), "set");
  EXPECT_EQ(peer.Set("exposed_foo"), "AttributeError: exposed_foo");
  EXPECT_EQ(peer.Call("exposed_plain"), "AttributeError: exposed_plain") << "is not exposed";
  EXPECT_EQ(peer.Call("exposed___len__"), "AttributeError: exposed___len__");
  peer.config().exposed_prefix = "my_";
  EXPECT_EQ(peer.Get("my_foo"), "1");
  EXPECT_EQ(peer.Get("exposed_foo"), "AttributeError: exposed_foo");
  peer.config().exposed_prefix = "";
  EXPECT_EQ(peer.Get("exposed_foo"), "AttributeError: exposed_foo");
}

TEST(Restricted, ComparesByIdentity) {
  Peer peer(Restricted(std::make_shared<Thing>(), {"foo"}));
  EXPECT_TRUE(ResolveAttribute(peer.config(), Access::kGet, "__eq__", peer.object()).ok());
  EXPECT_EQ(*peer.object().Compare(CallContext(), "__eq__", 5), Value(NotImplemented()));
  EXPECT_EQ(peer.Call("__eq__"), "AttributeError: __eq__");
  peer.config().allow_safe_attrs = false;
  EXPECT_FALSE(ResolveAttribute(peer.config(), Access::kGet, "__eq__", peer.object()).ok());
}

}  // namespace
}  // namespace rpyc
