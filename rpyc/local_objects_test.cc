#include "rpyc/local_objects.h"

#include <string>

#include "gtest/gtest.h"
#include "rpyc/brine.h"
#include "rpyc/limits.h"
#include "rpyc/object.h"

namespace rpyc {
namespace {

class Thing : public Object {
 public:
  explicit Thing(const void* identity = nullptr, int64_t class_id = 7)
      : identity_(identity), class_id_(class_id) {}
  absl::string_view type_name() const override { return "cpp.Thing"; }
  int64_t class_id() const override { return class_id_; }
  const void* identity() const override { return identity_ ? identity_ : this; }

 private:
  const void* const identity_;
  const int64_t class_id_;
};

// A proxy of another peer's object, which that peer calls `id_pack`.
class Proxy : public Thing {
 public:
  explicit Proxy(const Value& id_pack)
      : Thing(nullptr, NewObjectId()),
        origin_(*brine::EncodeToString(id_pack, Limits())),
        is_class_(id_pack.items().size() == 3 && id_pack.items()[2] == Value(0)) {}
  absl::string_view origin_id_pack() const override { return origin_; }
  bool is_class() const override { return is_class_; }

 private:
  const std::string origin_;
  const bool is_class_;
};

std::shared_ptr<Proxy> MakeProxy(int64_t class_id, int64_t instance_id) {
  return std::make_shared<Proxy>(
      Value::Tuple({Value("cpp.Thing"), Value(class_id), Value(instance_id)}));
}

TEST(LocalObjects, CountsWhatIsSentAndTakesBackWhatIsReleased) {
  LocalObjects table(10);
  auto thing = std::make_shared<Thing>();
  const IdPack first = *table.Add(thing);
  EXPECT_EQ(*table.Add(thing), first);
  EXPECT_EQ(table.Find(first), thing);
  EXPECT_EQ(*table.Release(*thing, 1), nullptr);
  EXPECT_EQ(*table.Add(thing), first) << "a reference on its way keeps it";
  EXPECT_EQ(*table.Release(*thing, 2), thing) << "the caller destroys it";
  EXPECT_EQ(table.Find(first), nullptr);
  EXPECT_EQ(table.size(), 0u);
}

TEST(LocalObjects, IdsAreNeverUsedAgain) {
  LocalObjects table(10);
  auto thing = std::make_shared<Thing>();
  const int64_t first = table.Add(thing)->instance_id;
  ASSERT_TRUE(table.Release(*thing, 1).ok());
  EXPECT_GT(table.Add(thing)->instance_id, first);
}

TEST(LocalObjects, WrappersOfOneThingAreOne) {
  int cpp_object = 0;
  LocalObjects table(10);
  const IdPack a = *table.Add(std::make_shared<Thing>(&cpp_object));
  const IdPack b = *table.Add(std::make_shared<Thing>(&cpp_object));
  EXPECT_EQ(a, b);
  const IdPack other_class = *table.Add(std::make_shared<Thing>(&cpp_object, 8));
  EXPECT_NE(a.instance_id, other_class.instance_id) << "its first member, say";
}

TEST(LocalObjects, EveryPartOfAnIdPackMustMatch) {
  LocalObjects table(10);
  auto thing = std::make_shared<Thing>();
  const IdPack id = *table.Add(thing);
  EXPECT_EQ(table.Find({id.name, id.class_id + 1, id.instance_id}), nullptr);
  EXPECT_EQ(table.Find({id.name, id.class_id, id.instance_id + 1}), nullptr);
  EXPECT_EQ(table.Find({"cpp.Other", id.class_id, id.instance_id}), nullptr);
}

TEST(LocalObjects, RefusesNonsense) {
  LocalObjects table(1);
  auto thing = std::make_shared<Thing>();
  EXPECT_EQ(table.Release(*thing, 1).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(table.Add(thing).ok());
  EXPECT_FALSE(table.Release(*thing, 0).ok());
  EXPECT_FALSE(table.Release(*thing, -5).ok());
  EXPECT_EQ(table.Add(std::make_shared<Thing>()).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(table.Add(thing).ok()) << "known ones still count";
  EXPECT_EQ(*table.Release(*thing, 1'000'000), thing) << "too many: gone, as in RPyC";
}

TEST(LocalObjects, ClearHandsOverTheOwners) {
  LocalObjects table(10);
  auto thing = std::make_shared<Thing>();
  ASSERT_TRUE(table.Add(thing).ok());
  EXPECT_EQ(table.Clear().size(), 1u);
  EXPECT_EQ(thing.use_count(), 1);
}

TEST(LocalObjects, AProxyKeepsTheIdPackOfItsOwner) {
  LocalObjects table(10);
  const auto proxy = MakeProxy(1000, 2000);
  const IdPack sent = *table.Add(proxy);
  EXPECT_EQ(sent, (IdPack{"cpp.Thing", 1000, 2000}));
  EXPECT_EQ(*table.Add(proxy), sent);
  EXPECT_EQ(table.Find(sent), proxy);
  EXPECT_EQ(*table.Release(*proxy, 2), proxy);
  EXPECT_EQ(*table.Add(MakeProxy(1000, 0)), (IdPack{"cpp.Thing", 1000, 0})) << "a class";
}

TEST(LocalObjects, TwoOwnersMayCallTheirsTheSame) {
  LocalObjects table(10);
  const auto first = MakeProxy(1000, 2000), second = MakeProxy(1000, 2000);
  const IdPack a = *table.Add(first), b = *table.Add(second);
  EXPECT_NE(a, b);
  EXPECT_EQ(table.Find(a), first);
  EXPECT_EQ(table.Find(b), second);
  EXPECT_EQ(*table.Add(second), b);
  EXPECT_EQ(*table.Release(*first, 1), first);
  EXPECT_EQ(table.Find(a), nullptr);
  EXPECT_EQ(table.Find(b), second);
  EXPECT_EQ(*table.Add(second), b) << "also when the other one is gone";

  const auto class_a = MakeProxy(3000, 0), class_b = MakeProxy(3000, 0);
  EXPECT_EQ(table.Find(*table.Add(class_a)), class_a);
  const IdPack other = *table.Add(class_b);
  EXPECT_EQ(other.instance_id, 0) << "still a class";
  EXPECT_EQ(table.Find(other), class_b);
}

TEST(LocalObjects, APeerCannotNameAnObjectOfOurs) {
  LocalObjects table(100);
  const auto ours = std::make_shared<Thing>();
  const IdPack sent = *table.Add(ours);
  // What we gave out, what we are about to give out, and our class: before and after.
  for (const int64_t instance_id : {sent.instance_id, sent.instance_id + 2, int64_t{0}}) {
    for (const int64_t class_id : {sent.class_id, sent.instance_id + 2, int64_t{2000}}) {
      if (instance_id == 0 && class_id == 2000) continue;
      const auto forged = MakeProxy(class_id, instance_id);
      const IdPack id = *table.Add(forged);
      EXPECT_EQ(table.Find(id), forged);
      EXPECT_NE(id.class_id, class_id);
      EXPECT_NE(id, sent);
    }
  }
  EXPECT_EQ(table.Find(sent), ours);
  for (int i = 0; i < 20; ++i) {
    const auto next = std::make_shared<Thing>();
    EXPECT_EQ(table.Find(*table.Add(next)), next);
  }
}

TEST(LocalObjects, AnOddIdPackIsReplaced) {
  LocalObjects table(10);
  for (const Value& odd :
       {Value(), Value(5), Value::Tuple({Value("cpp.Thing"), Value("text"), Value("ids")}),
        Value::Tuple({Value("cpp.Thing"), Value(2), Value(BigInt{"99999999999999999999"})}),
        Value::Tuple({Value("cpp.Thing"), Value(2), Value(4), Value(6)}),
        Value::Tuple({Value(Bytes{"cpp.Thing"}), Value(2), Value(4)})}) {
    const auto proxy = std::make_shared<Proxy>(odd);
    const IdPack id = *table.Add(proxy);
    EXPECT_TRUE(IsObjectIdOfOurs(id.class_id) && IsObjectIdOfOurs(id.instance_id));
    EXPECT_EQ(table.Find(id), proxy) << odd.DebugString();
  }
}

}  // namespace
}  // namespace rpyc
