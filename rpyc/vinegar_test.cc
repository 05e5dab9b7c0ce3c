#include "rpyc/vinegar.h"

#include "gtest/gtest.h"
#include "rpyc/object.h"

namespace rpyc {
namespace {

class Opaque : public Object {
 public:
  absl::string_view type_name() const override { return "cpp.Opaque"; }
  int64_t class_id() const override { return 1; }
};

TEST(Vinegar, DumpsAsRpycDoes) {
  const Value dumped = vinegar::Dump({.name = "ValueError", .args = {Value("bad"), Value(1)}},
                                     {.include_traceback = false, .version = "5.x"});
  EXPECT_EQ(dumped.DebugString(),
            "(('builtins', 'ValueError'), ('bad', 1), (('_remote_version', '5.x'),), "
            "'<traceback denied>')");
}

TEST(Vinegar, StopIterationIsTheNumberOne) {
  EXPECT_EQ(vinegar::Dump({.name = "StopIteration"}, {}), Value(1));
  EXPECT_NE(vinegar::Dump({.module = "mine", .name = "StopIteration"}, {}), Value(1));
}

TEST(Vinegar, MakesATracebackThatEndsInTheMessage) {
  const Value dumped = vinegar::Dump({.name = "KeyError", .args = {Value("k")}}, {});
  EXPECT_EQ(*dumped.items()[3].AsStr(),
            "Traceback (most recent call last):\n  C++\nKeyError: 'k'\n");
}

// Each as the last line of Python's traceback has it; seen with real clients by tests/interop.
TEST(Vinegar, ReadsAsPythonDoes) {
  const auto summary = [](std::string name, std::vector<Value> args,
                          std::vector<std::pair<std::string, Value>> attributes = {}) {
    return RemoteException{
        .name = std::move(name), .args = std::move(args), .attributes = std::move(attributes)}
        .Summary();
  };
  EXPECT_EQ(summary("KeyError", {"none"}), "KeyError: 'none'");
  EXPECT_EQ(summary("KeyError", {"it's"}), "KeyError: \"it's\"");
  EXPECT_EQ(summary("KeyError", {5}), "KeyError: 5");
  EXPECT_EQ(summary("KeyError", {"a", 1}), "KeyError: ('a', 1)");
  EXPECT_EQ(summary("KeyError", {}), "KeyError");
  EXPECT_EQ(summary("KeyError", {""}), "KeyError: ''");
  EXPECT_EQ(summary("ValueError", {"none"}), "ValueError: none");
  EXPECT_EQ(summary("ValueError", {""}), "ValueError");
  EXPECT_EQ(summary("ValueError", {5}), "ValueError: 5");
  EXPECT_EQ(summary("ValueError", {Value()}), "ValueError: None");
  EXPECT_EQ(summary("ValueError", {Value::Tuple({1, 2})}), "ValueError: (1, 2)");
  EXPECT_EQ(summary("ValueError", {2, "x"}), "ValueError: (2, 'x')");
  EXPECT_EQ(summary("OSError", {2, "gone"}), "OSError: [Errno 2] gone");
  EXPECT_EQ(summary("TimeoutError", {110, "late"}), "TimeoutError: [Errno 110] late");
  EXPECT_EQ(summary("OSError", {"gone"}), "OSError: gone");
  EXPECT_EQ(summary("FileNotFoundError", {2, "gone", "/x"}),
            "FileNotFoundError: [Errno 2] gone: '/x'");
  EXPECT_EQ(summary("FileNotFoundError", {2, "gone"},
                    {{"filename", "/x"}, {"filename2", "/y"}, {"errno", 2}}),
            "FileNotFoundError: [Errno 2] gone: '/x' -> '/y'");
  EXPECT_EQ(summary("FileNotFoundError", {2, "gone"}, {{"filename", Value()}}),
            "FileNotFoundError: [Errno 2] gone");
  EXPECT_EQ((RemoteException{.module = "lab", .name = "KeyError", .args = {"k"}}.Summary()),
            "lab.KeyError: k");
  EXPECT_EQ((RemoteException{.module = "__main__", .name = "Mine", .args = {"k"}}.Summary()),
            "Mine: k");
}

TEST(Vinegar, WhatCannotTravelBecomesText) {
  const Value dumped = vinegar::Dump(
      {.name = "ValueError",
       .args = {Value(std::make_shared<Opaque>()), Value::Tuple({Value(std::string("\xff"))})},
       .attributes = {{"where", Value(std::make_shared<Opaque>())}}},
      {});
  EXPECT_TRUE(dumped.by_value());
  for (const Value& arg : dumped.items()[1].items()) EXPECT_NE(arg.AsStr(), nullptr);
}

TEST(Vinegar, TheNextPeerGetsTheTracebacksOfBothHops) {
  // What a Python 6.0.2 in the middle sends: its own traceback, whose last line is str(exception),
  // and that has the remote part in it.
  RemoteException first = vinegar::Load(vinegar::Dump(
      {.name = "ValueError", .args = {Value("bad")}, .traceback = "Origin\nValueError: bad\n"},
      {}));
  EXPECT_EQ(first.remote_traceback, "Origin\nValueError: bad\n");
  first.traceback = "Middle\nValueError: bad\n";
  const RemoteException second = vinegar::Load(vinegar::Dump(first, {}));
  EXPECT_EQ(second.remote_traceback,
            "Middle\nValueError: bad\n\n========= Remote Traceback (1) =========\n"
            "Origin\nValueError: bad\n\n");
  EXPECT_EQ(second.TracebackText(),
            "Traceback (most recent call last):\n  C++\nValueError: bad"
            "\n\n========= Remote Traceback (2) =========\n" +
                *second.remote_traceback + "\n");
}

TEST(Vinegar, ADeniedTracebackHidesThePeersToo) {
  const Value dumped = vinegar::Dump({.name = "ValueError", .remote_traceback = "secret"},
                                     {.include_traceback = false});
  EXPECT_EQ(*dumped.items()[3].AsStr(), "<traceback denied>");
}

Value Raised(Value module, Value name, std::vector<Value> attributes = {}) {
  return Value::Tuple({Value::Tuple({std::move(module), std::move(name)}), Value::Tuple({}),
                       Value::Tuple(std::move(attributes)), Value("")});
}

TEST(Vinegar, AClassThatAPeerDidNotKnowHasItsOwnNameAgain) {
  const RemoteException again =
      vinegar::Load(Raised("rpyc.core.vinegar/lab.errors", "lab.errors.LimitError"));
  EXPECT_TRUE(again.Is("lab.errors", "LimitError"));
  for (const auto& [module, name] :
       std::vector<std::pair<std::string, std::string>>{{"rpyc.core.vinegar/lab", "LimitError"},
                                                        {"rpyc.core.vinegar/lab", "labLimitError"},
                                                        {"rpyc.core.vinegar", "lab.LimitError"}}) {
    EXPECT_TRUE(vinegar::Load(Raised(module, name)).Is(module, name)) << module << " " << name;
  }
}

TEST(Vinegar, WhatEveryExceptionHasIsNotTakenFromThePeer) {
  std::vector<Value> attributes;
  for (const char* name : {"code", "_remote_version", "_remote_tb", "__class__", "args", "add_note",
                           "with_traceback"}) {
    attributes.push_back(Value::Tuple({Value(name), Value(1)}));
  }
  const RemoteException got = vinegar::Load(Raised("builtins", "SystemExit", attributes));
  ASSERT_EQ(got.attributes.size(), 1u);
  EXPECT_EQ(got.attributes[0].first, "code");
}

TEST(Vinegar, WhatIsNoExceptionIsATypeErrorOfOurs) {
  const std::vector<Value> no_exceptions = {
      Value(),
      Value(2),
      Value("ValueError"),
      Value::Tuple({}),
      Raised(Value(1), "ValueError"),
      Raised("builtins", Value(Bytes{"ValueError"})),
      Raised("builtins", std::string("Value\0Error", 11)),
      Value::Tuple(
          {Value::Tuple({Value("builtins")}), Value::Tuple({}), Value::Tuple({}), Value("")}),
      Value::Tuple({Value::Tuple({Value("a"), Value("b")}), Value(1), Value::Tuple({}), Value("")}),
      Value::Tuple({Value::Tuple({Value("a"), Value("b")}), Value::Tuple({}), Value(1), Value("")}),
      Value::Tuple(
          {Value::Tuple({Value("a"), Value("b")}), Value::Tuple({}), Value::Tuple({}), Value()}),
  };
  for (const Value& dumped : no_exceptions) {
    const RemoteException got = vinegar::Load(dumped);
    EXPECT_TRUE(got.Is("TypeError")) << dumped.DebugString();
    EXPECT_EQ(got.remote_traceback, std::nullopt);
  }
}

TEST(Vinegar, OddAttributesAreLeftOut) {
  const RemoteException got = vinegar::Load(Raised(
      "mine", "Odd",
      {Value(1), Value::Tuple({Value("a")}), Value::Tuple({Value(1), Value(2)}),
       Value::Tuple({Value("a"), Value("b"), Value("c")}), Value::Tuple({Value("ok"), Value(1)})}));
  ASSERT_EQ(got.attributes.size(), 1u);
  EXPECT_EQ(got.attributes[0].first, "ok");
}

}  // namespace
}  // namespace rpyc
