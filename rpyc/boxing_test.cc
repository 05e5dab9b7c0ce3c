#include "rpyc/boxing.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "rpyc/errors.h"
#include "rpyc/object.h"

namespace rpyc {
namespace {

Value IdPackOf(absl::string_view name, int64_t class_id, int64_t instance_id) {
  return Value::Tuple({Value(name), Value(class_id), Value(instance_id)});
}
Value Boxed(int label, Value content) { return Value::Tuple({Value(label), std::move(content)}); }

// What one connection boxes with. Its peer is played by hand: nothing is ever asked of it.
class Side {
 public:
  // What arrives from the peer.
  absl::StatusOr<Value> Receive(const Value& boxed) {
    const std::string bytes = *brine::EncodeToString(boxed, limits_);
    brine::Reader reader(bytes, limits_);
    return boxing_.Unbox(&reader);
  }
  // What the peer is sent for `value`.
  Value Send(Value value) {
    OutBuffer out;
    const absl::Status boxed = boxing_.Box(std::move(value), &out);
    return boxed.ok() ? *brine::Decode(out.ToString(), limits_) : Value(boxed.ToString());
  }
  LocalObjects& table() { return table_; }
  ProxyCache& proxies() { return proxies_; }

 private:
  const Limits limits_;
  LocalObjects table_{1000};
  ProxyCache proxies_{1000, nullptr};
  Boxing boxing_{limits_, &table_, &proxies_};
};

TEST(Chaining, AProxyTravelsOnUnderItsOwnersIdPack) {
  Side a, c;
  const Value id_pack = IdPackOf("builtins.function", 9783776, 139703299299040);
  const Value proxy = *a.Receive(Boxed(4, id_pack));
  EXPECT_EQ(c.Send(proxy), Boxed(4, id_pack)) << "REMOTE_REF: ours, for all the next peer knows";
  EXPECT_EQ(c.table().size(), 1u);
  EXPECT_EQ(*c.Receive(Boxed(3, id_pack)), proxy) << "given back, it is the same";
  EXPECT_EQ(a.Send(proxy), Boxed(3, id_pack)) << "home again it is the owner's own";
  EXPECT_EQ(a.table().size(), 0u);
}

TEST(Chaining, TheTableKeepsTheProxyForTheNextPeer) {
  Side a, c;
  const Value id_pack = IdPackOf("builtins.list", 16, 32);
  Value proxy = *a.Receive(Boxed(4, id_pack));
  EXPECT_EQ(c.Send(Value::Tuple({proxy, proxy})),
            Boxed(2, Value::Tuple({Boxed(4, id_pack), Boxed(4, id_pack)})));
  proxy = Value();
  EXPECT_TRUE(a.proxies().TakeReleases().empty());
  const Value held = *c.Receive(Boxed(3, id_pack));
  EXPECT_EQ(*c.table().Release(**held.AsObject(), 1), nullptr);
  EXPECT_NE(*c.table().Release(**held.AsObject(), 1), nullptr) << "sent twice, so counted twice";
  EXPECT_EQ(c.table().size(), 0u);
}

TEST(Chaining, AProxyDiesWithItsLastHolderAndTheOwnerIsTold) {
  Side a, c;
  const Value id_pack = IdPackOf("builtins.list", 16, 32);
  ASSERT_TRUE(a.Receive(Boxed(4, id_pack)).ok());
  EXPECT_EQ(a.proxies().TakeReleases().size(), 1u);
  c.Send(*a.Receive(Boxed(4, id_pack)));
  EXPECT_TRUE(a.proxies().TakeReleases().empty());
  c.table().Clear();
  EXPECT_EQ(a.proxies().TakeReleases().size(), 1u);
}

TEST(Chaining, WhatAPeerForgesIsItsOwnObjectAndNoOther) {
  class Thing : public Object {
   public:
    absl::string_view type_name() const override { return "cpp.Thing"; }
    int64_t class_id() const override { return class_id_; }

   private:
    const int64_t class_id_ = NewObjectId();
  };
  Side a, c;
  const auto ours = std::make_shared<Thing>();
  const Value sent = c.Send(Value(std::shared_ptr<Object>(ours)));
  ASSERT_EQ(sent.items()[0], Value(4));
  // A calls an object of its own as we call ours to C.
  const Value forged = *a.Receive(Boxed(4, sent.items()[1]));
  const Value passed_on = c.Send(forged);
  EXPECT_NE(passed_on, sent);
  EXPECT_EQ(*c.Receive(Boxed(3, sent.items()[1])), Value(std::shared_ptr<Object>(ours)));
  EXPECT_EQ(*c.Receive(Boxed(3, passed_on.items()[1])), forged);
  EXPECT_EQ(a.Send(forged), Boxed(3, sent.items()[1])) << "to A it is what A calls it";
  // And A cannot reach by a name what was given to C alone.
  EXPECT_EQ(ToException(a.Receive(Boxed(3, sent.items()[1])).status()).name, "KeyError");
}

TEST(Chaining, TheSameIdPackFromTwoPeersIsTwoObjects) {
  Side a, b, c;
  const Value id_pack = IdPackOf("builtins.function", 16, 32);
  const Value first = *a.Receive(Boxed(4, id_pack)), second = *b.Receive(Boxed(4, id_pack));
  const Value one = c.Send(first), two = c.Send(second);
  EXPECT_EQ(one, Boxed(4, id_pack));
  EXPECT_NE(two, one);
  EXPECT_EQ(two.items()[1].items()[0], Value("builtins.function")) << "its kind stays";
  EXPECT_EQ(*c.Receive(Boxed(3, one.items()[1])), first);
  EXPECT_EQ(*c.Receive(Boxed(3, two.items()[1])), second);
  EXPECT_EQ(b.Send(second), Boxed(3, id_pack));
}

TEST(Chaining, ThePeerMayWriteAnIdPackInAnyWay) {
  Side a, c;
  const Limits limits;
  // (4, ("x", 16, 32)) with the ints in the long form.
  const std::string odd("\x11\x54\x12\x08\x0ax\x16\x02\x31\x36\x16\x02\x33\x32", 14);
  brine::Reader reader(odd, limits);
  absl::StatusOr<std::shared_ptr<NetrefObject>> proxy =
      a.proxies().Receive(absl::string_view(odd).substr(2), limits);
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  EXPECT_EQ(c.Send(Value(std::shared_ptr<Object>(*proxy))), Boxed(4, IdPackOf("x", 16, 32)));
}

}  // namespace
}  // namespace rpyc
