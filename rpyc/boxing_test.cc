#include "rpyc/boxing.h"

#include <cstdint>
#include <memory>
#include <set>
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
  explicit Side(std::shared_ptr<SharedObjects> shared = nullptr) : shared_(std::move(shared)) {}
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
  const std::shared_ptr<SharedObjects> shared_;
  LocalObjects table_{1000, shared_};
  ProxyCache proxies_{1000, nullptr};
  Boxing boxing_{limits_, &table_, &proxies_, shared_.get()};
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
  // This is (4, ("x", 16, 32)) with the ints in the long form.
  const std::string odd("\x11\x54\x12\x08\x0ax\x16\x02\x31\x36\x16\x02\x33\x32", 14);
  brine::Reader reader(odd, limits);
  absl::StatusOr<std::shared_ptr<NetrefObject>> proxy =
      a.proxies().Receive(absl::string_view(odd).substr(2), limits);
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  EXPECT_EQ(c.Send(Value(std::shared_ptr<Object>(*proxy))), Boxed(4, IdPackOf("x", 16, 32)));
}

class Thing : public Object {
 public:
  absl::string_view type_name() const override { return "cpp.Thing"; }
  int64_t class_id() const override { return 77; }
};
class ThingClass : public Thing {
 public:
  bool is_class() const override { return true; }
};

// The id_pack in a boxed reference, and the same with another last part.
Value PackIn(const Value& boxed) { return boxed.items()[1]; }
Value WithInstance(const Value& id_pack, Value instance) {
  return Value::Tuple({id_pack.items()[0], id_pack.items()[1], std::move(instance)});
}
Value Given(const Value& id_pack) { return Boxed(4, id_pack); }
const Object* ObjectOf(const absl::StatusOr<Value>& value) { return value->AsObject()->get(); }

TEST(Sharing, AnObjectOfAnotherConnectionIsThatObject) {
  const auto shared = std::make_shared<SharedObjects>();
  Side a(shared), b(shared);
  const auto thing = std::make_shared<Thing>();
  const Value id_pack = PackIn(a.Send(Value(thing)));
  EXPECT_EQ(ObjectOf(b.Receive(Given(id_pack))), thing.get());
  const auto releases = b.proxies().TakeReleases();
  ASSERT_EQ(releases.size(), 1u) << "the peer need not keep it for us";
  EXPECT_EQ(releases[0].count, 1);
  EXPECT_EQ(ObjectOf(a.Receive(Boxed(3, id_pack))), thing.get()) << "and by its own connection";
  // Handed out by the other connection it has a number of its own.
  const Value other = PackIn(b.Send(Value(thing)));
  EXPECT_NE(other, id_pack);
  EXPECT_EQ(other.items()[1], id_pack.items()[1]) << "but one class, for isinstance";
  EXPECT_EQ(ObjectOf(a.Receive(Given(other))), thing.get());
}

TEST(Sharing, ItIsFoundByARandomNumberAlone) {
  const auto shared = std::make_shared<SharedObjects>();
  Side a(shared), b(shared);
  const auto thing = std::make_shared<Thing>();
  const Value id_pack = PackIn(a.Send(Value(thing)));
  const BigInt* const number = id_pack.items()[2].AsBigInt();
  ASSERT_NE(number, nullptr);
  EXPECT_GE(number->decimal.size(), 30u) << "127 bits";
  const auto received = [&](Value forged) {
    const absl::StatusOr<Value> value = b.Receive(Given(forged));
    return value.ok() && ObjectOf(value) == thing.get();
  };
  EXPECT_TRUE(received(id_pack));
  std::string near = number->decimal;
  near.back() = near.back() == '9' ? '8' : static_cast<char>(near.back() + 1);
  EXPECT_FALSE(received(WithInstance(id_pack, BigInt{near})));
  EXPECT_FALSE(received(WithInstance(id_pack, BigInt{"-" + number->decimal})));
  EXPECT_FALSE(received(WithInstance(id_pack, BigInt{number->decimal + "0"})));
  EXPECT_FALSE(received(WithInstance(id_pack, BigInt{"18446744073709551615"})));
  for (const int64_t small : {int64_t{0}, int64_t{1}, int64_t{77}, INT64_MAX}) {
    EXPECT_FALSE(received(WithInstance(id_pack, Value(small))));
  }
  EXPECT_FALSE(received(Value::Tuple({"cpp.Other", id_pack.items()[1], id_pack.items()[2]})));
  std::set<std::string> numbers;
  for (int i = 0; i < 100; ++i) {
    numbers.insert(PackIn(a.Send(Value(std::make_shared<Thing>()))).items()[2].DebugString());
  }
  EXPECT_EQ(numbers.size(), 100u);
}

TEST(Sharing, OnlyWhileItsConnectionHoldsIt) {
  const auto shared = std::make_shared<SharedObjects>();
  Side b(shared);
  const auto thing = std::make_shared<Thing>();
  Value id_pack;
  {
    Side a(shared);
    id_pack = PackIn(a.Send(Value(thing)));
    a.Send(Value(thing));
    EXPECT_EQ(*a.table().Release(*thing, 1), nullptr);
    EXPECT_EQ(ObjectOf(b.Receive(Given(id_pack))), thing.get());
    EXPECT_NE(*a.table().Release(*thing, 1), nullptr);
    EXPECT_NE(ObjectOf(b.Receive(Given(id_pack))), thing.get()) << "given back";
    id_pack = PackIn(a.Send(Value(thing)));
    EXPECT_EQ(ObjectOf(b.Receive(Given(id_pack))), thing.get());
  }
  EXPECT_NE(ObjectOf(b.Receive(Given(id_pack))), thing.get()) << "its connection has ended";
}

TEST(Sharing, NothingOfAServiceThatDoesNotShare) {
  Side a, b, sharing(std::make_shared<SharedObjects>());
  const auto thing = std::make_shared<Thing>();
  const Value id_pack = PackIn(a.Send(Value(thing)));
  EXPECT_NE(id_pack.items()[2].AsInt(), nullptr) << "no longer than before";
  EXPECT_NE(ObjectOf(b.Receive(Given(id_pack))), thing.get());
  EXPECT_NE(ObjectOf(sharing.Receive(Given(id_pack))), thing.get());
  const Value secret = PackIn(sharing.Send(Value(thing)));
  EXPECT_NE(ObjectOf(b.Receive(Given(secret))), thing.get());
  EXPECT_NE(ObjectOf(Side(std::make_shared<SharedObjects>()).Receive(Given(secret))), thing.get());
  EXPECT_EQ(PackIn(sharing.Send(Value(std::make_shared<ThingClass>()))).items()[2], Value(0));
}

// A client in C++, whose proxies travel on under numbers of its own.
TEST(Sharing, AlsoByWayOfOurOwnClient) {
  const auto shared = std::make_shared<SharedObjects>();
  Side a(shared), b(shared), client_a, client_b;
  const auto thing = std::make_shared<Thing>();
  const Value sent = a.Send(Value(thing));
  const Value proxy = *client_a.Receive(sent);
  const Value given = client_b.Send(proxy);
  EXPECT_EQ(ObjectOf(b.Receive(given)), thing.get());
  EXPECT_NE(PackIn(given).items()[1], PackIn(sent).items()[1])
      << "a class id is believed of nobody";
  EXPECT_EQ(*client_b.Receive(Boxed(3, PackIn(given))), proxy);
  EXPECT_NE(*client_b.table().Release(**proxy.AsObject(), 1), nullptr);
  EXPECT_EQ(client_b.table().size(), 0u);
}

// Others pass on what a peer made up, and hand out none of their own by it.
TEST(Sharing, AForgedNumberIsTheForgersObject) {
  const auto shared = std::make_shared<SharedObjects>();
  Side a(shared), b(shared), middle(shared);
  const auto thing = std::make_shared<Thing>();
  const Value id_pack = PackIn(a.Send(Value(thing)));
  const Value forged = *Side().Receive(Given(id_pack));  // a netref of an unknown peer
  middle.Send(forged);
  middle.table().Clear();
  EXPECT_EQ(ObjectOf(b.Receive(Given(id_pack))), thing.get()) << "still the first one's";
}

}  // namespace
}  // namespace rpyc
