// These tests cover enumerations as Python sees them and as arguments.

#include "rpyc/cast/enum.h"

#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/cast/testing/conversion.h"
#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/materialize.h"
#include "rpyc/python_ops.h"
#include "rpyc/service.h"
#include "rpyc/testing/fake_peer.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using testing::AttributeOrFailure;
using testing::CallMethod;
using testing::Failure;
using testing::FakePeer;
using testing::ReprOf;
using testing::ReprOfTaken;

enum class State : int8_t { kLost = -1, kIdle, kMoving, kBusy = 1 };
void RpycExpose(EnumDef<State>& e) {
  e.Doc("What an axis does.")
      .Members({{"LOST", State::kLost},
                {"IDLE", State::kIdle},
                {"MOVING", State::kMoving},
                {"BUSY", State::kBusy}});
}

enum Colour : uint64_t { kRed = 1, kBlue = std::numeric_limits<uint64_t>::max() };
void RpycExpose(EnumDef<Colour>& e) { e.Members({{"RED", kRed}, {"BLUE", kBlue}}); }

class Door {
 public:
  enum Rights { kNone = 0, kRead = 1, kWrite = 2, kAll = 3, kRun = 8 };
  friend void RpycExpose(EnumDef<Rights>& e) {
    e.Flags({{"READ", kRead}, {"WRITE", kWrite}, {"ALL", kAll}, {"RUN", kRun}});
  }
};

const CallContext kContext;

TEST(Enum, AMemberIsAnObjectWithANameAndANumber) {
  const Value moving = Cast<State>::To(State::kMoving);
  EXPECT_EQ(ReprOf(moving), "<State.MOVING: 1>");
  EXPECT_EQ(*(*moving.AsObject())->Str(kContext), "State.MOVING");
  EXPECT_EQ(moving.type_name(), "cpp.State");
  EXPECT_EQ(AttributeOrFailure(moving, "name"), Value("MOVING"));
  EXPECT_EQ(AttributeOrFailure(moving, "value"), Value(1));
  EXPECT_EQ(*CallMethod(moving, "__int__"), Value(1));
  EXPECT_EQ(*CallMethod(moving, "__index__"), Value(1));
  EXPECT_EQ(*CallMethod(moving, "__bool__"), Value(true));
  EXPECT_EQ(*CallMethod(Cast<State>::To(State::kIdle), "__bool__"), Value(false));
  // Each member is one object, also by its second name.
  EXPECT_EQ(moving, Cast<State>::To(State::kMoving));
  EXPECT_EQ(moving, Cast<State>::To(State::kBusy));
  EXPECT_NE(moving, Cast<State>::To(State::kIdle));
  EXPECT_EQ(Cast<State>::Name(), "State");
}

// hash() of CPython 3.11 gave these values.
TEST(Enum, HashesAsItsNumber) {
  EXPECT_EQ(*(*Cast<State>::To(State::kLost).AsObject())->Hash(kContext), Value(-2));
  EXPECT_EQ(*(*Cast<State>::To(State::kIdle).AsObject())->Hash(kContext), Value(0));
  EXPECT_EQ(*(*Cast<Colour>::To(kBlue).AsObject())->Hash(kContext), Value(7));
}

TEST(Enum, ComparesByItsNumber) {
  const Value moving = Cast<State>::To(State::kMoving);
  Object& object = **moving.AsObject();
  EXPECT_EQ(*object.Compare(kContext, "__eq__", Value(1)), Value(true));
  EXPECT_EQ(*object.Compare(kContext, "__ne__", Value(1.0)), Value(false));
  EXPECT_EQ(*object.Compare(kContext, "__lt__", Value(2)), Value(true));
  EXPECT_EQ(*object.Compare(kContext, "__le__", Value(0)), Value(false));
  EXPECT_EQ(*object.Compare(kContext, "__gt__", Cast<State>::To(State::kIdle)), Value(true));
  EXPECT_EQ(*object.Compare(kContext, "__ge__", Cast<Colour>::To(kRed)), Value(true));
  EXPECT_EQ(*object.Compare(kContext, "__eq__", Value("MOVING")), Value(NotImplemented()));
  FakePeer peer;
  peer.answers = {{"__index__", Value(1)}};
  EXPECT_EQ(*object.Compare(kContext, "__eq__", peer.Make("m.Mine")), Value(true));
  peer.answers = {};
  EXPECT_EQ(*object.Compare(kContext, "__eq__", peer.Make("m.Mine")), Value(NotImplemented()));
  peer.answers = {{"__index__", PyStatus("TimeoutError", "too late")}};
  EXPECT_EQ(Failure(object.Compare(kContext, "__eq__", peer.Make("m.Mine"))),
            "TimeoutError: too late");
}

TEST(Enum, TakesMembersNamesAndNumbers) {
  EXPECT_EQ(ReprOfTaken<State>(Cast<State>::To(State::kMoving)), "<State.MOVING: 1>");
  EXPECT_EQ(ReprOfTaken<State>("BUSY"), "<State.MOVING: 1>");
  EXPECT_EQ(ReprOfTaken<State>(-1), "<State.LOST: -1>");
  EXPECT_EQ(ReprOfTaken<Colour>(BigInt{"18446744073709551615"}),
            "<Colour.BLUE: 18446744073709551615>");
  const std::string members = "LOST (-1), IDLE (0), MOVING (1)";
  EXPECT_EQ(ReprOfTaken<State>(7), "ValueError: 7 is no member of State: " + members);
  EXPECT_EQ(ReprOfTaken<State>(BigInt{"18446744073709551615"}),
            "ValueError: 18446744073709551615 is no member of State: " + members);
  EXPECT_EQ(ReprOfTaken<Colour>(-1),
            "ValueError: -1 is no member of Colour: RED (1), BLUE "
            "(18446744073709551615)");
  EXPECT_EQ(ReprOfTaken<State>("MOVIN"),
            "ValueError: 'MOVIN' is no member of State: " + members + "; did you mean \"MOVING\"?");
  const std::string expected = "TypeError: expected a member of State (its name, or its number), ";
  EXPECT_EQ(ReprOfTaken<State>(true), expected + "got bool: " + members);
  EXPECT_EQ(ReprOfTaken<State>(Value()), expected + "got NoneType: " + members);
  EXPECT_EQ(ReprOfTaken<State>(Cast<Colour>::To(kRed)), expected + "got cpp.Colour: " + members);
}

TEST(Enum, AsksAPeersObjectForANumberThenForText) {
  FakePeer peer;
  peer.answers = {{"__index__", Value(1)}};
  EXPECT_EQ(ReprOfTaken<State>(peer.Make("m.Mine")), "<State.MOVING: 1>");
  EXPECT_EQ(peer.asked, std::vector<std::string>{"__index__"});
  peer.answers = {{"__index__", Value(9)}};
  EXPECT_EQ(ReprOfTaken<State>(peer.Make("m.Mine")),
            "ValueError: 9 is no member of State: LOST (-1), IDLE (0), MOVING (1)");
  peer.answers = {{"__getitem__", Value("IDLE")}};
  peer.methods = {"casefold", "isidentifier", "maketrans"};
  EXPECT_EQ(ReprOfTaken<State>(peer.Make("m.Named")), "<State.IDLE: 0>");
  peer.answers = {{"__index__", PyStatus("EOFError", "gone")}};
  EXPECT_EQ(ReprOfTaken<State>(peer.Make("m.Mine")), "EOFError: gone");
  // An object that is no number is not asked.
  peer.asked.clear();
  EXPECT_NE(ReprOfTaken<State>(peer.Make("builtins.list")), "");
  EXPECT_EQ(peer.asked, std::vector<std::string>{});
}

TEST(Enum, AValueThatNobodyNamedDoesNotGoOut) {
  const Service service =
      Service("S").Expose("f", [] { return std::vector<State>{static_cast<State>(7)}; });
  EXPECT_EQ(
      Failure(
          (*service.MakeRoot())->CallAttr(kContext, {.name = "f", .exposed = true}, CallArgs())),
      "ValueError: the C++ value 7 is no member of State: LOST (-1), IDLE (0), MOVING (1)");
}

TEST(Enum, FlagsCombine) {
  using Rights = Door::Rights;
  const Value read = Cast<Rights>::To(Door::kRead);
  const Value write = Cast<Rights>::To(Door::kWrite);
  EXPECT_EQ(*CallMethod(read, "__or__", {write}), Cast<Rights>::To(Door::kAll));
  EXPECT_EQ(ReprOf(CallMethod(read, "__or__", {Value(8)})), "<Rights.READ|RUN: 9>");
  EXPECT_EQ(ReprOf(CallMethod(read, "__invert__")), "<Rights.WRITE|RUN: 10>");
  EXPECT_EQ(ReprOf(CallMethod(read, "__and__", {write})), "<Rights: 0>");
  EXPECT_EQ(ReprOf(CallMethod(read, "__xor__", {read})), "<Rights: 0>");
  EXPECT_EQ(*CallMethod(read, "__or__", {Value(4)}), Value(NotImplemented()));
  EXPECT_EQ(*CallMethod(read, "__or__", {Value("WRITE")}), Value(NotImplemented()));
  EXPECT_EQ(*CallMethod(Cast<Rights>::To(Door::kAll), "__contains__", {read}), Value(true));
  EXPECT_EQ(*CallMethod(read, "__contains__", {write}), Value(false));
  EXPECT_EQ(ReprOfTaken<Rights>("READ | RUN"), "<Rights.READ|RUN: 9>");
  EXPECT_EQ(ReprOfTaken<Rights>(0), "<Rights: 0>");
  EXPECT_EQ(ReprOfTaken<Rights>("READ|"),
            "ValueError: 'READ|' is no member of Rights: READ (1), WRITE (2), ALL (3), RUN (8)");
  std::string many = "READ";
  for (int i = 0; i < 1000; ++i) many += "|READ";
  EXPECT_EQ(ReprOfTaken<Rights>(Value(many)).substr(0, 11), "ValueError:");
  EXPECT_EQ(ReprOfTaken<Rights>(4),
            "ValueError: 4 is no member of Rights: READ (1), WRITE (2), ALL (3), RUN (8)");
  // Members of an enumeration without flags do not combine.
  EXPECT_EQ(Failure(CallMethod(Cast<State>::To(State::kIdle), "__or__", {Value(1)})),
            "AttributeError: 'cpp.State' object has no attribute '__or__'");
}

enum class Overlap { kA = 3, kB = 6 };
void RpycExpose(EnumDef<Overlap>& e) { e.Flags({{"A", Overlap::kA}, {"B", Overlap::kB}}); }

TEST(Enum, FlagsMayOverlap) {
  EXPECT_EQ(ReprOfTaken<Overlap>(7), "<Overlap.A|B: 7>");
  EXPECT_EQ(ReprOfTaken<Overlap>(5), "ValueError: 5 is no member of Overlap: A (3), B (6)");
  EXPECT_EQ(ReprOf(CallMethod(Cast<Overlap>::To(Overlap::kA), "__or__", {Value(6)})),
            "<Overlap.A|B: 7>");
}

TEST(Enum, TheEnumerationItself) {
  const Value states = Cast<ClassReference>::To(Enum<State>());
  EXPECT_EQ(ReprOf(states), "<enum 'State'>");
  EXPECT_TRUE((*states.AsObject())->is_class());
  EXPECT_EQ(AttributeOrFailure(states, "IDLE"), Cast<State>::To(State::kIdle));
  EXPECT_EQ(AttributeOrFailure(states, "BUSY"), Cast<State>::To(State::kMoving));
  EXPECT_EQ(*(*states.AsObject())->GetAttr(kContext, {.name = "__name__", .exposed = false}),
            Value("State"));
  EXPECT_EQ(Materialize(kContext, states)->DebugString(),
            "(('LOST', -1), ('IDLE', 0), ('MOVING', 1), ('BUSY', 1))");
  EXPECT_EQ(*CallMethod(states, "__len__"), Value(3));
  EXPECT_EQ(*CallMethod(states, "__getitem__", {Value("LOST")}), Cast<State>::To(State::kLost));
  EXPECT_TRUE(IsPyStatus(CallMethod(states, "__getitem__", {Value("lost")}).status(), "KeyError"));
  EXPECT_TRUE(IsPyStatus(CallMethod(states, "__getitem__", {Value(0)}).status(), "KeyError"));
  EXPECT_EQ(*(*states.AsObject())->Call(kContext, {.positional = {Value(0)}, .keyword = {}}),
            Cast<State>::To(State::kIdle));
  EXPECT_EQ(*CallMethod(states, "__contains__", {Value(7)}), Value(false));
  EXPECT_EQ(*CallMethod(states, "__contains__", {Cast<State>::To(State::kIdle)}), Value(true));
  EXPECT_TRUE(
      *(*states.AsObject())->HasInstance(kContext, **Cast<State>::To(State::kIdle).AsObject()));
  EXPECT_FALSE(*(*states.AsObject())->HasInstance(kContext, **Cast<Colour>::To(kRed).AsObject()));
}

TEST(Enum, AKeyIsFoundByItsNumber) {
  const Value dict = Cast<std::map<State, int>>::To({{State::kIdle, 5}, {State::kMoving, 6}});
  EXPECT_EQ(ReprOf(dict), "{<State.IDLE: 0>: 5, <State.MOVING: 1>: 6}");
  EXPECT_EQ(*CallMethod(dict, "__getitem__", {Value(1)}), Value(6));
  EXPECT_EQ(*CallMethod(dict, "__getitem__", {Cast<State>::To(State::kMoving)}), Value(6));
  EXPECT_TRUE(*PyEquals(kContext, dict, Dict{{0, 5}, {1, 6}}.ToValue()));
  EXPECT_EQ((*Materialize(kContext, dict)).DebugString(), "((0, 5), (1, 6))");
  Value again = dict;
  EXPECT_EQ((FromPython<std::map<State, int>>(kContext, again)->at(State::kIdle)), 5);
  EXPECT_EQ(Cast<std::set<State>>::To({State::kIdle, State::kLost}).DebugString(),
            "frozenset({-1, 0})");
}

TEST(Enum, InOtherTypes) {
  EXPECT_EQ((ReprOfTaken<std::variant<State, std::string>>("IDLE")), "<State.IDLE: 0>");
  EXPECT_EQ((ReprOfTaken<std::variant<State, std::string>>("x")), "'x'");
  FakePeer peer;
  peer.answers = {{"__index__", Value(1)}};
  Value row = Value::Tuple({peer.Make("m.Mine"), peer.Make("m.Mine"), Value("IDLE")});
  EXPECT_EQ(*FromPython<std::vector<State>>(kContext, row),
            (std::vector<State>{State::kMoving, State::kMoving, State::kIdle}));
}

enum class Twice { kA };
void RpycExpose(EnumDef<Twice>& e) { e.Members({{"A", Twice::kA}, {"A", Twice::kA}}); }
enum class Keyword { kA };
void RpycExpose(EnumDef<Keyword>& e) { e.Members({{"None", Keyword::kA}}); }
enum class Empty { kA };
void RpycExpose(EnumDef<Empty>&) {}

TEST(EnumDeathTest, AWrongDefinitionEndsTheProgram) {
  EXPECT_DEATH(EnumOf<Twice>(),
               "rpyc: cannot expose the enum cpp.Twice: it has two members named A");
  EXPECT_DEATH(
      EnumOf<Keyword>(),
      "cannot expose the enum cpp.Keyword: 'None' is no name that Python can write after a dot");
  EXPECT_DEATH(EnumOf<Empty>(), "cannot expose the enum cpp.Empty: it lists no members");
}

}  // namespace
}  // namespace rpyc
