#include "rpyc/cast/callback.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/bind/class_def.h"
#include "rpyc/bind/testing/exposed_object.h"
#include "rpyc/errors.h"
#include "rpyc/object.h"
#include "rpyc/service.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using testing::Failure;
using testing::HelpSignature;

int Twice(int n) { return 2 * n; }

struct Thing {
  int number = 0;
  friend void RpycExpose(ClassDef<Thing>& c) { c.Property("number", &Thing::number); }
};

class CallbackCastTest : public ::testing::Test {
 protected:
  // Exposes `function` and calls it with `args`.
  template <typename F>
  absl::StatusOr<Value> Run(F function, std::vector<Value> args) {
    const Service service = Service("TEST").Expose("run", std::move(function), "Runs.");
    return (*service.MakeRoot())
        ->CallAttr({}, {.name = "run", .exposed = true},
                   {.positional = std::move(args), .keyword = {}});
  }
};

TEST_F(CallbackCastTest, ALambdaIsACallable) {
  const Value twice = Cast<int (*)(int)>::To(&Twice);
  EXPECT_EQ((*twice.AsObject())->Call({}, {.positional = {Value(4)}, .keyword = {}}).value(),
            Value(8));
  int calls = 0;
  const auto count = [&calls] { ++calls; };
  const Value counting = Cast<decltype(count)>::To(count);
  EXPECT_EQ((*counting.AsObject())->Call({}, {}).value(), Value());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(Failure((*counting.AsObject())->Call({}, {.positional = {1}, .keyword = {}})),
            "TypeError: <lambda>() takes 0 positional arguments but 1 was given");
  EXPECT_EQ(Failure((*twice.AsObject())->Call({}, {.positional = {"x"}, .keyword = {}})),
            "TypeError: <lambda>() argument 1: expected int, got str");
}

TEST_F(CallbackCastTest, ItTellsOfItself) {
  const Value twice = Cast<std::function<int(int)>>::To(&Twice);
  Object& object = **twice.AsObject();
  EXPECT_EQ(object.type_name(), "builtins.builtin_function_or_method");
  EXPECT_EQ(object.Repr({}).value(), "<function <lambda>>");
  EXPECT_EQ(object.GetAttr({}, {.name = "__name__", .exposed = false}).value(), Value("<lambda>"));
  EXPECT_EQ(HelpSignature(twice), "(arg0: int, /) -> int");
  EXPECT_TRUE(object.IsCallable({}).value());
}

TEST_F(CallbackCastTest, AFunctionIsTakenAndCalled) {
  const Value twice = Cast<int (*)(int)>::To(&Twice);
  EXPECT_EQ(Run([](std::function<int(int)> f, int n) { return f(f(n)); }, {twice, 3}).value(),
            Value(12));
  EXPECT_EQ(Run([](const std::function<Netref(Netref)>& f, Netref n) { return f(n); }, {twice, 3})
                .value(),
            Value(6));
  EXPECT_EQ(Run([](Netref f, Args args) { return f(args); }, {twice, 4}).value(), Value(8));
  EXPECT_EQ(Run(
                [](std::vector<std::function<int(int)>> all) {
                  int sum = 0;
                  for (const auto& each : all) sum += each(1);
                  return sum;
                },
                {Value::Tuple({twice, twice})})
                .value(),
            Value(4));
}

TEST_F(CallbackCastTest, WhatIsNotCallableIsNamed) {
  const auto take = [](std::function<void()>) {};
  EXPECT_EQ(Failure(Run(take, {5})), "TypeError: run() argument 1: expected a callable, got int");
  EXPECT_EQ(Failure(Run(take, {Cast<Thing>::To(Thing())})),
            "TypeError: run() argument 1: expected a callable, got cpp.Thing");
  EXPECT_TRUE(Run([](std::optional<std::function<void()>> f) { return !f; }, {Value()}).value() ==
              Value(true));
}

TEST_F(CallbackCastTest, WhatItRaisesIsThrown) {
  const auto raises = [] { throw KeyError("mine"); };
  const Value f = Cast<decltype(raises)>::To(raises);
  EXPECT_EQ(Failure(Run([](std::function<void()> f) { f(); }, {f})), "KeyError: 'mine'");
  EXPECT_EQ(Run(
                [](std::function<void()> f) {
                  try {
                    f();
                  } catch (const RemoteError& e) {
                    return std::string(e.what());
                  }
                  return std::string();
                },
                {f})
                .value(),
            Value("KeyError: 'mine'"));
  EXPECT_EQ(Run([](std::function<absl::Status()> f) { return !f().ok(); }, {f}).value(),
            Value(true));
  const Value twice = Cast<int (*)(int)>::To(&Twice);
  EXPECT_EQ(Failure(Run([](std::function<std::string(int)> f) { return f(1); }, {twice})),
            "TypeError: expected str, got int");
  EXPECT_EQ(
      Failure(Run([](std::function<absl::StatusOr<std::string>(int)> f) { return f(1); }, {twice})),
      "TypeError: expected str, got int");
}

TEST_F(CallbackCastTest, AFunctionComesBackAsACallable) {
  absl::StatusOr<Value> add = Run([](int a) { return [a](int b) { return a + b; }; }, {2});
  EXPECT_EQ((*add->AsObject())->Call({}, {.positional = {3}, .keyword = {}}).value(), Value(5));
  EXPECT_EQ(Run([] { return std::function<void()>(); }, {}).value(), Value());
  // Objects pass through it unchanged.
  absl::StatusOr<Value> number = Run(
      [](std::function<int(std::shared_ptr<Thing>)> f) {
        return f(std::make_shared<Thing>(Thing{.number = 7}));
      },
      {Cast<std::function<int(std::shared_ptr<Thing>)>>::To(
          [](std::shared_ptr<Thing> thing) { return thing->number; })});
  EXPECT_EQ(number.value(), Value(7));
}

TEST_F(CallbackCastTest, TheSignatureSaysSo) {
  const Service service = Service("TEST").Expose(
      "apply", [](std::function<double(int, std::string)>, std::function<void()>) {}, Arg("f"),
      Arg("done") = [] {});
  EXPECT_EQ(service.root_class().Find("apply")->signature.parameters[0].type,
            "Callable[[int, str], float]");
  EXPECT_EQ(service.root_class().Find("apply")->signature.parameters[1].type, "Callable[[], None]");
}

}  // namespace
}  // namespace rpyc
