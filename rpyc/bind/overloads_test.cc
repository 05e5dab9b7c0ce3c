#include "rpyc/bind/overloads.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/bind/testing/exposed_object.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"
#include "rpyc/service.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using testing::Call;
using testing::Failure;
using testing::HelpSignature;
using testing::kNoCaller;
using testing::ToValue;

struct Shape {
  virtual ~Shape() = default;
  friend void RpycExpose(ClassDef<Shape>&) {}
};
struct Square : Shape {
  friend void RpycExpose(ClassDef<Square>& c) { c.Base<Shape>(); }
};
struct Unrelated {
  friend void RpycExpose(ClassDef<Unrelated>&) {}
};

// Its functions return which of them ran.
class Mover {
 public:
  Mover() = default;
  explicit Mover(int) : made_by_("int") {}
  explicit Mover(const std::string&) : made_by_("str") {}

  std::string To(double position) { return "double " + std::to_string(static_cast<int>(position)); }
  std::string To(const std::string& name) { return "str " + name; }
  std::string To(double, double) { return "two"; }

  friend void RpycExpose(ClassDef<Mover>& c) {
    c.Init<>();
    c.Init<int>(Arg("number"), "By number.");
    c.Init<std::string>(Arg("name"));
    c.Property("made_by", &Mover::made_by_);
    c.Expose("to", static_cast<std::string (Mover::*)(double)>(&Mover::To), Arg("position"),
             "To a position.");
    c.Expose("to", static_cast<std::string (Mover::*)(const std::string&)>(&Mover::To), Arg("name"),
             "To a place.");
    c.Expose("to", static_cast<std::string (Mover::*)(double, double)>(&Mover::To), Arg("x"),
             Arg("y"));
    c.Expose("number", [](const Mover&, double) { return "double"; });
    c.Expose("number", [](const Mover&, int64_t) { return "int"; });
    c.Expose("number", [](const Mover&, bool) { return "bool"; });
    c.Expose("anything", [](const Mover&, Value) { return "anything"; });
    c.Expose("anything", [](const Mover&, std::optional<int>) { return "int or None"; });
    c.Expose("shape", [](const Mover&, const Shape&) { return "Shape"; });
    c.Expose("shape", [](const Mover&, std::shared_ptr<Square>) { return "Square"; });
    c.Expose("small", [](const Mover&, int8_t) { return "small"; });
    c.Expose("small", [](const Mover&, const std::string&) { return "text"; });
    c.Expose("rest", [](const Mover&, int) { return "one"; });
    c.Expose("rest", [](const Mover&, const Args& args, const Kwargs& kwargs) {
      return std::to_string(args.size()) + " and " + std::to_string(kwargs.size());
    });
    c.Expose("items", [](const Mover&, const std::vector<int>& items) { return items.size(); });
    c.Expose("items", [](const Mover&, const std::vector<std::string>& items) { return items; });
    c.Expose("fails", [](const Mover&, int) { throw TypeError("its own"); });
    c.Expose("fails", [](const Mover&, double) { return "must not run"; });
    c.Expose("__add__", [](const Mover&, int) { return "plus int"; });
    c.Expose("__add__", [](const Mover&, const Mover&) { return "plus Mover"; });
    c.Expose("write", [](Mover&, int) { return 1; });
    c.Expose("write", [](const Mover&, const std::string&) { return 2; });
  }

 private:
  std::string made_by_ = "nothing";
};

class OverloadsTest : public ::testing::Test {
 protected:
  const std::shared_ptr<Object> mover_ = *ToValue(std::make_shared<Mover>()).AsObject();
};

TEST_F(OverloadsTest, ByTypesAndByArity) {
  EXPECT_EQ(*Call(mover_, "to", {2.0}), Value("double 2"));
  EXPECT_EQ(*Call(mover_, "to", {3}), Value("double 3")) << "converted";
  EXPECT_EQ(*Call(mover_, "to", {"home"}), Value("str home"));
  EXPECT_EQ(*Call(mover_, "to", {1.0, 2}), Value("two"));
  EXPECT_EQ(*Call(mover_, "to", {}, {{"name", "x"}}), Value("str x"));
  EXPECT_EQ(*Call(mover_, "to", {}, {{"y", 2.0}, {"x", 2.0}}), Value("two"));
}

TEST_F(OverloadsTest, TheVeryTypeWinsWhateverTheOrder) {
  EXPECT_EQ(*Call(mover_, "number", {1.5}), Value("double"));
  EXPECT_EQ(*Call(mover_, "number", {5}), Value("int"));
  EXPECT_EQ(*Call(mover_, "number", {true}), Value("bool"));
  EXPECT_EQ(*Call(mover_, "number", {BigInt{"100000000000000000000"}}), Value("double"))
      << "too large for the int";
  EXPECT_EQ(*Call(mover_, "anything", {5}), Value("int or None"));
  EXPECT_EQ(*Call(mover_, "anything", {Value()}), Value("int or None"));
  EXPECT_EQ(*Call(mover_, "anything", {"x"}), Value("anything"));
  EXPECT_EQ(*Call(mover_, "shape", {ToValue(std::make_shared<Square>())}), Value("Square"));
  EXPECT_EQ(*Call(mover_, "shape", {ToValue(std::make_shared<Shape>())}), Value("Shape"));
  EXPECT_EQ(*Call(mover_, "rest", {5}), Value("one"));
  EXPECT_EQ(*Call(mover_, "rest", {"x"}), Value("1 and 0"));
  EXPECT_EQ(*Call(mover_, "rest", {5, 6}, {{"k", 7}}), Value("2 and 1"));
}

TEST_F(OverloadsTest, WhatNoneTakesIsATypeErrorThatListsThem) {
  EXPECT_EQ(Failure(Call(mover_, "to", {Value()})),
            "TypeError: no to() takes (NoneType); there are\n"
            "  to(position: float) -> str, but argument 'position': expected float, got NoneType\n"
            "  to(name: str) -> str, but argument 'name': expected str, got NoneType\n"
            "  to(x: float, y: float) -> str, but missing 1 required positional argument: 'y'");
  EXPECT_EQ(Failure(Call(mover_, "to", {1}, {{"speed", "x"}})),
            "TypeError: no to() takes (int, speed: str); there are\n"
            "  to(position: float) -> str, but got an unexpected keyword argument 'speed'\n"
            "  to(name: str) -> str, but got an unexpected keyword argument 'speed'\n"
            "  to(x: float, y: float) -> str, but got an unexpected keyword argument 'speed'");
  EXPECT_EQ(Failure(Call(mover_, "small", {300})),
            "TypeError: no small() takes (int); there are\n"
            "  small(arg0: int, /) -> str, but argument 1: int out of range for the C++ type: 300\n"
            "  small(arg0: str, /) -> str, but argument 1: expected str, got int");
}

TEST_F(OverloadsTest, WhatTheFunctionItselfThrowsIsFinal) {
  EXPECT_EQ(Failure(Call(mover_, "fails", {5})), "TypeError: its own");
}

TEST_F(OverloadsTest, AnIteratorIsReadOnce) {
  const auto once = [](std::vector<Value> items) {
    return Cast<Iterator>::To(Iterator(std::move(items)));
  };
  EXPECT_EQ(*Call(mover_, "items", {once({1, 2})}), Value(2));
  EXPECT_EQ(*Call(mover_, "items", {once({"a", "b"})}), Value::Tuple({"a", "b"}));
  EXPECT_EQ(*Call(mover_, "items", {List({"a", "b"}).ToValue()}), Value::Tuple({"a", "b"}));
  EXPECT_EQ(*Call(mover_, "items", {Value::Tuple({"a"})}), Value::Tuple({"a"}));
}

TEST_F(OverloadsTest, OperatorsLeaveWhatNoneTakesToTheOtherOperand) {
  EXPECT_EQ(*Call(mover_, "__add__", {5}), Value("plus int"));
  EXPECT_EQ(*Call(mover_, "__add__", {Value(mover_)}), Value("plus Mover"));
  EXPECT_EQ(*Call(mover_, "__add__", {"x"}), Value(NotImplemented()));
}

TEST_F(OverloadsTest, Constructors) {
  const auto type = Class<Mover>().Get();
  const auto made_by = [&](CallArgs args) {
    return *(*type->Call(kNoCaller, std::move(args))->AsObject())
                ->GetAttr(kNoCaller, {"made_by", true});
  };
  EXPECT_EQ(made_by({}), Value("nothing"));
  EXPECT_EQ(made_by({{5}, {}}), Value("int"));
  EXPECT_EQ(made_by({{}, {{"name", "x"}}}), Value("str"));
  EXPECT_EQ(Failure(type->Call(kNoCaller, {{1.5}, {}})).substr(0, 56),
            "TypeError: no Mover() takes (float); there are\n  Mover()");
}

TEST_F(OverloadsTest, HelpShowsThemAll) {
  const Member& to = *ClassOf<Mover>()->Find("to");
  EXPECT_EQ(to.signature.ToString(),
            "(position: float) -> str\nto(name: str) -> str\nto(x: float, y: float) -> str");
  EXPECT_EQ(to.doc, "To a position.\nTo a place.");
  EXPECT_EQ(HelpSignature(*mover_->GetAttr(kNoCaller, {"to", true})), to.signature.ToString());
  EXPECT_EQ(HelpSignature(*Class<Mover>().Get()->GetAttr(kNoCaller, {"to", true})),
            "(self, position: float) -> str\nto(self, name: str) -> str\n"
            "to(self, x: float, y: float) -> str");
}

TEST_F(OverloadsTest, ThroughTheClassAndOfADerivedOne) {
  const auto type = Class<Mover>().Get();
  EXPECT_EQ(*Call(type, "to", {Value(mover_), "home"}), Value("str home"));
  const Value bound = *mover_->GetAttr(kNoCaller, {"to", true});
  EXPECT_EQ(*(*bound.AsObject())->Call(kNoCaller, {{2}, {}}), Value("double 2"));
}

// This class has its Mover at another address, and its own name hides those of the base.
struct Padding {
  virtual ~Padding() = default;
};
struct Derived : Padding, Mover {
  friend void RpycExpose(ClassDef<Derived>& c) {
    c.Base<Mover>();
    c.Expose("number", [](const Derived&, const std::string&) { return "of its own"; });
  }
};

TEST_F(OverloadsTest, ADerivedClassHidesThem) {
  const auto derived = *ToValue(std::make_shared<Derived>()).AsObject();
  EXPECT_EQ(*Call(derived, "to", {"home"}), Value("str home"));
  EXPECT_EQ(*Call(derived, "number", {"x"}), Value("of its own"));
  EXPECT_FALSE(Call(derived, "number", {5}).ok());
}

TEST_F(OverloadsTest, OfAReadOnlyObject) {
  const auto read_only =
      *Cast<std::shared_ptr<const Mover>>::To(std::make_shared<Mover>()).AsObject();
  EXPECT_EQ(*Call(read_only, "number", {5}), Value("int"));
  EXPECT_FALSE(Call(read_only, "write", {5}).ok()) << "one of the functions may change it";
}

TEST_F(OverloadsTest, OfAService) {
  const auto root = *Service("S")
                         .Expose("f", [](int) { return "int"; })
                         .Expose("f", [](const Unrelated&) { return "Unrelated"; })
                         .Expose("f", [](int, int) { return "two"; })
                         .MakeRoot();
  EXPECT_EQ(*Call(root, "f", {5}), Value("int"));
  EXPECT_EQ(*Call(root, "f", {5, 6}), Value("two"));
  EXPECT_EQ(*Call(root, "f", {ToValue(std::make_shared<Unrelated>())}), Value("Unrelated"));
}

}  // namespace
}  // namespace rpyc
