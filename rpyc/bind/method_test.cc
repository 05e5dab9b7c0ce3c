#include "rpyc/bind/method.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/bind/class_def.h"
#include "rpyc/bind/instance.h"
#include "rpyc/errors.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using testing::Failure;

struct Base {
  int base_value = 7;
  int Get() const { return base_value; }
};

class Thing : public Base {
 public:
  explicit Thing(int number = 0) : number_(number) {}
  std::string Who(const CallContext& context, int n) const {
    return context.peer() + std::to_string(number_ + n);
  }
  Thing& Add(int n) {
    number_ += n;
    return *this;
  }
  const Thing& Other() const {
    static const Thing other;
    return other;
  }
  int number() const { return number_; }

  friend void RpycExpose(ClassDef<Thing>& c) {
    c.Expose("who", &Thing::Who, Arg("n") = 1);
    c.Expose("context_first", [](const CallContext& context, const Thing& self, int n) {
      return context.peer() + std::to_string(self.number_ + n);
    });
    c.Expose("self_first", [](const Thing& self, const CallContext& context) {
      return context.peer() + std::to_string(self.number_);
    });
    c.Expose("owner", [](std::shared_ptr<Thing> self) { return self.use_count() > 1; });
    c.Expose("owner_again", [](const CallContext&, const std::shared_ptr<Thing>& self,
                               std::shared_ptr<Thing> other) { return self == other; });
    c.Expose("base", [](const Base& self) { return self.base_value; });
    c.Expose("get", &Thing::Get);
    c.Expose("add", &Thing::Add);
    c.Expose("other", &Thing::Other);
    c.Expose("free", [] { return 5; });
    c.Expose("__add__", [](const Thing& self, int n) { return self.number_ + n; });
    c.Expose("__rmul__", [](const Thing& self, int n) { return self.number_ * n; });
    c.Expose("__lt__", [](const Thing& self, int n) { return self.number_ < n; });
    c.Expose("__contains__", [](const Thing& self, int n) { return self.number_ == n; });
  }

 private:
  int number_;
};

class MethodTest : public ::testing::Test {
 protected:
  absl::StatusOr<Value> Call(absl::string_view name, std::vector<Value> positional = {},
                             std::vector<std::pair<std::string, Value>> keyword = {}) {
    return object_->CallAttr(context_, {name, true}, {std::move(positional), std::move(keyword)});
  }

  const CallContext context_ = [] {
    auto caller = std::make_shared<CallContext::Caller>();
    caller->peer = "peer";
    return CallContext(caller);
  }();
  const std::shared_ptr<Thing> thing_ = std::make_shared<Thing>(40);
  const std::shared_ptr<Object> object_ = std::make_shared<Instance>(ClassOf<Thing>(), thing_);
};

TEST_F(MethodTest, TheContextIsNoArgument) {
  EXPECT_EQ(*Call("who", {2}), Value("peer42"));
  EXPECT_EQ(*Call("who"), Value("peer41"));
  EXPECT_EQ(*Call("who", {}, {{"n", 3}}), Value("peer43"));
  EXPECT_EQ(*Call("context_first", {2}), Value("peer42"));
  EXPECT_EQ(*Call("self_first"), Value("peer40"));
  EXPECT_EQ(ClassOf<Thing>()->Find("who")->signature.ToString(), "(n: int = 1) -> str");
  EXPECT_EQ(Failure(Call("context_first", {"x"})),
            "TypeError: context_first() argument 1: expected int, got str");
}

TEST_F(MethodTest, TheObjectAndItsOwner) {
  EXPECT_EQ(*Call("owner"), Value(true));
  EXPECT_EQ(*Call("owner_again", {Value(object_)}), Value(true));
  EXPECT_EQ(*Call("base"), Value(7));
  EXPECT_EQ(*Call("get"), Value(7));
  EXPECT_EQ(*Call("free"), Value(5));
  EXPECT_TRUE(ClassOf<Thing>()->Find("get")->needs_object);
  EXPECT_TRUE(ClassOf<Thing>()->Find("owner_again")->needs_object);
  EXPECT_FALSE(ClassOf<Thing>()->Find("free")->needs_object);
}

TEST_F(MethodTest, AReferenceToItsClassIsTheObject) {
  EXPECT_EQ(Call("add", {2})->AsObject()->get(), object_.get());
  EXPECT_EQ(thing_->number(), 42);
  EXPECT_EQ(Failure(Call("other")),
            "RuntimeError: a C++ function returned a reference to another object than its own; it "
            "must return a std::shared_ptr");
}

TEST_F(MethodTest, OperatorsLeaveWhatTheyDoNotKnowToTheOtherOperand) {
  EXPECT_EQ(*Call("__add__", {2}), Value(42));
  EXPECT_EQ(*Call("__add__", {"2"}), Value(NotImplemented()));
  EXPECT_EQ(*Call("__rmul__", {Value()}), Value(NotImplemented()));
  EXPECT_EQ(*object_->Compare(context_, "__lt__", Value("2")), Value(NotImplemented()));
  EXPECT_EQ(*object_->Compare(context_, "__lt__", BigInt{"100000000000000000000"}),
            Value(NotImplemented()));
  EXPECT_EQ(Failure(Call("__add__", {BigInt{"100000000000000000000"}})),
            "OverflowError: __add__() argument 1: int out of range for the C++ type: "
            "100000000000000000000");
  EXPECT_EQ(Failure(Call("__contains__", {"2"})),
            "TypeError: __contains__() argument 1: expected int, got str");
}

// Returns in words how `callable` answers a call.
template <typename F, typename... Extras>
class Function {
 public:
  Function(F callable, Extras... extras)
      : member_(MakeMethod<void>("f", std::move(callable), std::move(extras)...)) {}
  std::string signature() const { return member_.signature.ToString(); }
  std::string operator()(std::vector<Value> positional,
                         std::vector<std::pair<std::string, Value>> keyword = {}) const {
    absl::StatusOr<std::vector<Value>> bound =
        BindArguments("f", member_.signature, {std::move(positional), std::move(keyword)});
    if (!bound.ok()) return ToException(bound.status()).Summary();
    const absl::StatusOr<Value> result =
        Invoke(member_, member_.body, {CallContext(), nullptr}, absl::MakeSpan(*bound));
    return result.ok() ? result->DebugString() : ToException(result.status()).Summary();
  }

 private:
  const Member member_;
};

std::string Joined(const Args& args) {
  std::string text;
  for (const Value& value : args) text += value.DebugString() + " ";
  return text;
}
std::string Joined(const Kwargs& kwargs) {
  std::string text;
  for (const auto& [name, value] : kwargs) text += name + "=" + value.DebugString() + " ";
  return text;
}

TEST(Arguments, AllFurtherPositionalOnes) {
  const Function f([](int a, const Args& rest) { return std::to_string(a) + ": " + Joined(rest); });
  EXPECT_EQ(f.signature(), "(arg0: int, /, *args) -> str");
  EXPECT_EQ(f({1}), "'1: '");
  EXPECT_EQ(f({1, 2, None()}), "'1: 2 None '");
  EXPECT_EQ(f({}), "TypeError: f() missing 1 required positional argument: 1");
  EXPECT_EQ(f({1}, {{"args", 2}}), "TypeError: f() got an unexpected keyword argument 'args'");
}

TEST(Arguments, AllFurtherKeywords) {
  const Function f(
      [](int a, const Kwargs& rest) {
        return std::to_string(a) + ": " + Joined(rest) + (rest.Find("y") ? "y" : "-");
      },
      Arg("a") = 5);
  EXPECT_EQ(f.signature(), "(a: int = 5, **kwargs) -> str");
  EXPECT_EQ(f({}), "'5: -'");
  EXPECT_EQ(f({}, {{"x", 1}, {"a", 2}, {"y", "z"}}), "\"2: x=1 y='z' y\"");
  EXPECT_EQ(f({}, {{"x", 1}, {"y", 2}, {"x", 3}}), "'5: x=3 y=2 y'") << "the last one wins";
  EXPECT_EQ(f({1}, {{"a", 2}}), "TypeError: f() got multiple values for argument 'a'");
  EXPECT_EQ(f({1, 2}), "TypeError: f() takes from 0 to 1 positional arguments but 2 were given");
  EXPECT_EQ(f({}, {{"kwargs", 2}}), "'5: kwargs=2 -'");
}

TEST(Arguments, BothAndParametersPassedByKeywordOnly) {
  const Function f(
      [](const CallContext&, int a, const Args& args, int b, const Kwargs& kwargs) {
        return std::to_string(a) + " " + std::to_string(b) + ": " + Joined(args) + "| " +
               Joined(kwargs);
      },
      Arg("a"), Arg("b") = 9, "Docs.");
  EXPECT_EQ(f.signature(), "(a: int, *args, b: int = 9, **kwargs) -> str");
  EXPECT_EQ(f({1, 2, 3}, {{"b", 4}, {"c", 5}}), "'1 4: 2 3 | c=5 '");
  EXPECT_EQ(f({1, 2}), "'1 9: 2 | '");
  EXPECT_EQ(f({}, {{"b", 1}}), "TypeError: f() missing 1 required positional argument: 'a'");
}

}  // namespace
}  // namespace rpyc
