#include "server/kinds/fiber_switch.h"

#include <sys/resource.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/kinds/sanitizers.h"

namespace rpyc {
namespace {

constexpr size_t kStackBytes = 256 << 10;

FiberStack Stack() {
  absl::StatusOr<FiberStack> stack = FiberStack::Map(kStackBytes);
  EXPECT_TRUE(stack.ok()) << stack.status();
  return *std::move(stack);
}

// Makes a FiberSwitch that its body gets as an argument.
std::unique_ptr<FiberSwitch> Make(std::function<void(FiberSwitch&)> body,
                                  const ThreadLocals& locals = {}) {
  auto self = std::make_shared<FiberSwitch*>();
  auto made = std::make_unique<FiberSwitch>(Stack(), locals, [self, body] { body(**self); });
  *self = made.get();
  return made;
}

TEST(FiberSwitchTest, GoesOnWhereItWas) {
  std::vector<int> steps;
  const auto fiber = Make([&](FiberSwitch& self) {
    for (int i = 0; i < 3; ++i) {
      steps.push_back(i);
      self.Suspend();
    }
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(fiber->Resume());
    EXPECT_EQ(steps.size(), i + 1u);
  }
  EXPECT_FALSE(fiber->Resume());
}

TEST(FiberSwitchTest, OneThatNeverBegan) {
  bool begun = false;
  Make([&](FiberSwitch&) { begun = true; });
  EXPECT_FALSE(begun);
}

TEST(FiberSwitchTest, AnExceptionStaysOnItsStack) {
  std::string caught;
  const auto fiber = Make([&](FiberSwitch& self) {
    try {
      self.Suspend();
      throw std::runtime_error("thrown");
    } catch (const std::runtime_error& e) {
      caught = e.what();
    }
  });
  fiber->Resume();
  EXPECT_FALSE(fiber->Resume());
  EXPECT_EQ(caught, "thrown");
}

// Each fiber handles an exception of its own when the other runs.
TEST(FiberSwitchTest, TwoThatWaitInACatch) {
  std::vector<std::string> caught;
  const auto body = [&caught](const std::string& what) {
    return [&caught, what](FiberSwitch& self) {
      try {
        throw std::runtime_error(what);
      } catch (...) {
        self.Suspend();
        try {
          throw;  // rethrows what this fiber handles
        } catch (const std::runtime_error& e) {
          caught.emplace_back(e.what());
        }
        self.Suspend();
      }
      EXPECT_EQ(std::current_exception(), nullptr);
    };
  };
  const auto first = Make(body("first")), second = Make(body("second"));
  first->Resume();
  second->Resume();
  EXPECT_EQ(std::current_exception(), nullptr);
  first->Resume();
  second->Resume();
  EXPECT_FALSE(first->Resume());
  EXPECT_FALSE(second->Resume());
  EXPECT_EQ(caught, (std::vector<std::string>{"first", "second"}));
}

TEST(FiberSwitchTest, ADestructorThatWaitsWhileItsStackUnwinds) {
  int uncaught = -1;
  const auto fiber = Make([&](FiberSwitch& self) {
    struct Waits {
      FiberSwitch& self;
      int& uncaught;
      ~Waits() {
        self.Suspend();
        uncaught = std::uncaught_exceptions();
      }
    };
    try {
      const Waits waits{self, uncaught};
      throw std::runtime_error("unwinding");
    } catch (const std::runtime_error&) {
    }
  });
  EXPECT_TRUE(fiber->Resume());
  EXPECT_EQ(std::uncaught_exceptions(), 0);
  EXPECT_FALSE(fiber->Resume());
  EXPECT_EQ(uncaught, 1);
}

TEST(FiberSwitchTest, EachHasItsOwnLocals) {
  ThreadLocals::Current().discard_depth = 7;
  ThreadLocals locals;
  locals.id = 42;
  const auto fiber = Make(
      [](FiberSwitch& self) {
        EXPECT_EQ(ThreadLocals::Current().id, 42u);
        EXPECT_EQ(ThreadLocals::Current().discard_depth, 0);
        ThreadLocals::Current().discard_depth = 3;
        self.Suspend();
        EXPECT_EQ(ThreadLocals::Current().discard_depth, 3);
      },
      locals);
  fiber->Resume();
  EXPECT_EQ(ThreadLocals::Current().discard_depth, 7);
  fiber->Resume();
  EXPECT_EQ(std::exchange(ThreadLocals::Current().discard_depth, 0), 7);
}

[[gnu::noinline]] int Deeper(int levels) {
  volatile char frame[512] = {static_cast<char>(levels)};
  return levels == 0 ? frame[0] : Deeper(levels - 1) + frame[0];
}

TEST(FiberSwitchTest, KnowsWhatIsLeft) {
  const auto fiber = Make([](FiberSwitch& self) {
    EXPECT_LT(self.bytes_left(), kStackBytes);
    EXPECT_GT(self.bytes_left(), kStackBytes / 2);
    Deeper(100);  // this fits
  });
  EXPECT_FALSE(fiber->Resume());
}

TEST(FiberSwitchDeathTest, AnOverflowEndsAtTheGuard) {
  const auto overflow = [] {
    const rlimit none = {0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    Make([](FiberSwitch&) { Deeper(static_cast<int>(kStackBytes)); })->Resume();
  };
  EXPECT_DEATH(overflow(), "");
}

TEST(FiberStackTest, TakesNoMoreThanThereIs) {
  EXPECT_EQ(FiberStack::Map(size_t{1} << 62).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(FiberStackTest, MayBeUsedFromEndToEnd) {
  const FiberStack stack = Stack();
  stack.low()[0] = 1;
  stack.low()[stack.bytes() - 1] = 1;
  EXPECT_EQ(stack.bytes(), kStackBytes);
}

}  // namespace
}  // namespace rpyc
