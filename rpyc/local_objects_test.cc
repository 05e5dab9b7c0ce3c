#include "rpyc/local_objects.h"

#include <string>

#include "gtest/gtest.h"
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

}  // namespace
}  // namespace rpyc
