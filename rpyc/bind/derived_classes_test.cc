#include "rpyc/bind/derived_classes.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/bind/testing/exposed_object.h"
#include "rpyc/service.h"

namespace rpyc {
namespace {

using testing::Call;
using testing::kNoCaller;
using testing::ObjectOf;
using testing::ToValue;

std::string ClassOfValue(const Value& value) { return std::string(value.type_name()); }

class Axis {
 public:
  virtual ~Axis() = default;
  virtual std::string kind() const { return "axis"; }
  friend void RpycExpose(ClassDef<Axis>& c) { c.Expose("kind", &Axis::kind); }
};

// This base moves Axis to another address.
struct Powered {
  virtual ~Powered() = default;
  int volts = 24;
  friend void RpycExpose(ClassDef<Powered>& c) { c.Property("volts", &Powered::volts); }
};
class Stage : public Powered, public Axis {
 public:
  std::string kind() const override { return "stage"; }
  int turn() { return ++turns_; }
  friend void RpycExpose(ClassDef<Stage>& c) {
    c.Base<Axis>().Base<Powered>();
    c.Expose("turn", &Stage::turn);
  }

 private:
  int turns_ = 0;
};
class FineStage : public Stage {
 public:
  friend void RpycExpose(ClassDef<FineStage>& c) {
    c.Base<Stage>();
    c.Expose("fine", [](const FineStage&) { return true; });
  }
};
// Python is not told of this class.
class SecretStage : public Stage {};

struct Lab {
  std::shared_ptr<Axis> axis = std::make_shared<Stage>();
  std::vector<std::shared_ptr<Axis>> axes = {std::make_shared<Axis>(), axis};
  std::shared_ptr<Axis> Find() { return axis; }
  Axis& Refer() { return *axis; }
  const Axis& ReferToConst() const { return *axis; }
  friend void RpycExpose(ClassDef<Lab>& c) {
    c.Expose("find", &Lab::Find);
    c.Expose("refer", &Lab::Refer);
    c.Expose("refer_to_const", &Lab::ReferToConst);
    c.Property("axis", &Lab::axis);
    c.Property("axes", &Lab::axes);
    c.Expose("maybe", [](const Lab& self) { return std::optional(self.axis); });
    c.Expose("each", [](const Lab& self) { return Iterator(self.axes); });
    c.Expose("Stage", Class<Stage>());
  }
};

TEST(DerivedClasses, AnObjectIsWhatItIsWhereverItGoesOut) {
  const auto lab = std::make_shared<Lab>();
  const std::shared_ptr<Object> root = *Service::Shared("LAB", lab).MakeRoot();
  const Value axis = *Call(root, "find");
  EXPECT_EQ(ClassOfValue(axis), "cpp.Stage");
  EXPECT_EQ(*Call(ObjectOf(axis), "turn"), Value(1));
  EXPECT_EQ(*Call(ObjectOf(axis), "kind"), Value("stage"));
  EXPECT_EQ(*ObjectOf(axis)->GetAttr(kNoCaller, {"volts", true}), Value(24));
  EXPECT_TRUE(*Class<Stage>().Get()->HasInstance(kNoCaller, *ObjectOf(axis)));
  EXPECT_TRUE(*Class<Axis>().Get()->HasInstance(kNoCaller, *ObjectOf(axis)));
  EXPECT_EQ(ClassOfValue(*root->GetAttr(kNoCaller, {"axis", true})), "cpp.Stage");
  EXPECT_EQ(ClassOfValue(root->GetAttr(kNoCaller, {"axes", true})->items()[0]), "cpp.Axis");
  EXPECT_EQ(ClassOfValue(root->GetAttr(kNoCaller, {"axes", true})->items()[1]), "cpp.Stage");
  EXPECT_EQ(ClassOfValue(*Call(root, "maybe")), "cpp.Stage");
  EXPECT_EQ(ClassOfValue(*Call(root, "refer")), "cpp.Stage");
  EXPECT_EQ(ClassOfValue(*Call(root, "refer_to_const")), "cpp.Stage");
  EXPECT_EQ(ClassOfValue((*ObjectOf(*Call(root, "each"))->NextItems(kNoCaller, 9))[1]),
            "cpp.Stage");
}

TEST(DerivedClasses, OneObjectByWhateverPointer) {
  ClassOf<Stage>();
  const auto stage = std::make_shared<Stage>();
  const auto whole = ObjectOf(ToValue(stage));
  for (const Value& other : {ToValue<Axis>(stage), ToValue<Powered>(stage)}) {
    EXPECT_EQ(ObjectOf(other)->identity(), whole->identity());
    EXPECT_EQ(ObjectOf(other)->class_id(), whole->class_id());
    EXPECT_TRUE(whole->IsSameAs(*ObjectOf(other)));
  }
  EXPECT_EQ(Call(whole, "turn")->DebugString(), "1");
  Value axis = ToValue<Axis>(stage);
  EXPECT_EQ(Cast<std::shared_ptr<Powered>>::From(axis)->get(), stage.get());
  EXPECT_EQ(Cast<std::shared_ptr<Stage>>::From(axis)->get(), stage.get());
}

TEST(DerivedClasses, OfATypeThatIsNotKnownTheNearestThatIs) {
  ClassOf<Stage>();
  const auto secret = std::make_shared<SecretStage>();
  EXPECT_EQ(ClassOfValue(ToValue<Axis>(secret)), "cpp.Stage");
  EXPECT_EQ(ClassOfValue(ToValue<Powered>(secret)), "cpp.Stage");
  EXPECT_EQ(*Call(ObjectOf(ToValue<Axis>(secret)), "turn"), Value(1));
  EXPECT_EQ(*Call(ObjectOf(ToValue<Powered>(secret)), "turn"), Value(2));
}

TEST(DerivedClasses, AClassThatBecomesKnownLater) {
  const auto fine = std::make_shared<FineStage>();
  // No earlier test names FineStage; the nearest class has been found and is remembered.
  ClassOf<Stage>();
  EXPECT_EQ(ClassOfValue(ToValue<Axis>(fine)), "cpp.Stage");
  Service("S").Expose("f", [](const std::vector<std::shared_ptr<FineStage>>&) {});
  EXPECT_EQ(ClassOfValue(ToValue<Axis>(fine)), "cpp.FineStage");
  EXPECT_EQ(ClassOfValue(ToValue<Stage>(fine)), "cpp.FineStage");
  EXPECT_EQ(*Call(ObjectOf(ToValue<Axis>(fine)), "fine"), Value(true));
}

// Each of these classes becomes known in only one way.
struct Plant {
  virtual ~Plant() = default;
  friend void RpycExpose(ClassDef<Plant>&) {}
};
template <int kWay>
struct Flower : Plant {
  friend void RpycExpose(ClassDef<Flower>& c) { c.template Base<Plant>(); }
};

TEST(DerivedClasses, AnyFunctionOrClassThatNamesItMakesItKnown) {
  const std::function<void()> ways[] = {
      [] { Service("S").Expose("f", [](const Flower<0>&) {}); },
      [] { Service("S").Expose("f", [](std::function<void(std::shared_ptr<Flower<1>>)>) {}); },
      [] { Service("S").Expose("f", [] { return std::optional<Flower<2>>(); }); },
      [] { Service("S").Expose("Flower", Class<Flower<3>>()); },
      [] { Service("S").Property("flower", [] { return std::make_shared<Flower<4>>(); }); },
  };
  const std::shared_ptr<Plant> plants[] = {
      std::make_shared<Flower<0>>(), std::make_shared<Flower<1>>(), std::make_shared<Flower<2>>(),
      std::make_shared<Flower<3>>(), std::make_shared<Flower<4>>()};
  for (size_t i = 0; i < std::size(ways); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(ClassOfValue(ToValue(plants[i])), "cpp.Plant");
    ways[i]();
    EXPECT_EQ(ClassOfValue(ToValue(plants[i])), "cpp.Flower<" + std::to_string(i) + ">");
  }
}

// This object has two bases of class Axis.
struct Left : Axis {
  friend void RpycExpose(ClassDef<Left>& c) { c.Base<Axis>(); }
};
struct Right : Axis {
  friend void RpycExpose(ClassDef<Right>& c) { c.Base<Axis>(); }
};
struct Gantry : Left, Right {
  friend void RpycExpose(ClassDef<Gantry>& c) { c.Base<Left>().Base<Right>(); }
};

TEST(DerivedClasses, ABaseThatAnObjectHasTwice) {
  ClassOf<Gantry>();
  const auto gantry = std::make_shared<Gantry>();
  const Value left = ToValue<Axis>(std::shared_ptr<Left>(gantry));
  const Value right = ToValue<Axis>(std::shared_ptr<Right>(gantry));
  EXPECT_EQ(ClassOfValue(left), "cpp.Gantry");
  EXPECT_EQ(ClassOfValue(right), "cpp.Gantry");
  EXPECT_EQ(ObjectOf(left)->identity(), static_cast<const void*>(gantry.get()));
  EXPECT_EQ(ObjectOf(right)->identity(), static_cast<const void*>(gantry.get()));
}

// This base is virtual.
struct Motor : virtual Axis {
  friend void RpycExpose(ClassDef<Motor>& c) { c.Base<Axis>(); }
};

TEST(DerivedClasses, AVirtualBase) {
  ClassOf<Motor>();
  const auto motor = std::make_shared<Motor>();
  EXPECT_EQ(ClassOfValue(ToValue<Axis>(motor)), "cpp.Motor");
  EXPECT_EQ(*Call(ObjectOf(ToValue<Axis>(motor)), "kind"), Value("axis"));
}

TEST(DerivedClasses, ASharedRootIsWhatItIs) {
  ClassOf<Stage>();
  const std::shared_ptr<Axis> axis = std::make_shared<Stage>();
  const auto root = *Service::Shared("AXIS", axis).MakeRoot();
  EXPECT_EQ(root->type_name(), "cpp.Stage");
  EXPECT_EQ(*Call(root, "turn"), Value(1));
}

struct Vessel {
  virtual ~Vessel() = default;
  friend void RpycExpose(ClassDef<Vessel>&) {}
};
template <int kNumber>
struct Boat : Vessel {
  friend void RpycExpose(ClassDef<Boat>& c) { c.template Base<Vessel>(); }
};

TEST(DerivedClasses, ClassesAreMadeAndLookedUpByManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&wrong] {
      const std::shared_ptr<Vessel> boats[] = {
          std::make_shared<Boat<0>>(), std::make_shared<Boat<1>>(), std::make_shared<Boat<2>>()};
      for (int round = 0; round < 200; ++round) {
        for (const auto& boat : boats) ToValue(boat);
      }
      ClassOf<Boat<0>>();
      ClassOf<Boat<1>>();
      ClassOf<Boat<2>>();
      for (const auto& boat : boats) {
        if (ClassOfValue(ToValue(boat)) == "cpp.Vessel") ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace rpyc
