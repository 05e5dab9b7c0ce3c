#include "rpyc/bind/translation.h"

#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/bind/class_def.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/netref.h"
#include "rpyc/service.h"
#include "rpyc/value.h"

namespace rpyc {
namespace {

class LimitError : public std::runtime_error {
 public:
  LimitError(const std::string& what, double limit) : std::runtime_error(what), limit_(limit) {}
  double limit() const { return limit_; }
  std::string axis = "x";

 private:
  double limit_;
};
class HardLimitError : public LimitError {
 public:
  using LimitError::LimitError;
};
class HiddenError : public HardLimitError {
 public:
  using HardLimitError::HardLimitError;
};
struct Fault {  // does not derive from std::exception
  int code = 0;
};

class TranslationTest : public ::testing::Test {
 protected:
  Service MakeService(absl::string_view name) {
    return Service(name).Expose("run", [this] { run_(); });
  }
  // Returns what Python gets if a method throws `thrown`.
  template <typename E>
  RemoteException Raised(E thrown) {
    run_ = [thrown] { throw thrown; };
    return Call();
  }
  RemoteException Call() {
    const std::shared_ptr<Object> root = *service_.MakeRoot();
    const absl::StatusOr<Value> result =
        root->CallAttr(Context(), {.name = "run", .exposed = true}, {});
    EXPECT_FALSE(result.ok());
    return result.ok() ? RemoteException() : ToException(result.status());
  }
  // Returns a context like that of a connection of the service.
  CallContext Context() const {
    auto caller = std::make_shared<CallContext::Caller>();
    caller->translations = service_.translations();
    return CallContext(std::move(caller));
  }
  template <typename E>
  std::string Summary(E thrown) {
    return Raised(std::move(thrown)).Summary();
  }

  std::function<void()> run_;  // what the service's only method does
  Service service_ = MakeService("LAB");
};

TEST_F(TranslationTest, NamesClassMessageAndAttributes) {
  service_.Translate<LimitError>(
      "lab.errors.LimitError", ErrorAttribute("limit", &LimitError::limit),
      ErrorAttribute("axis", &LimitError::axis), ErrorAttribute("twice", [](const LimitError& e) {
        return std::vector<double>{e.limit(), 2 * e.limit()};
      }));
  const RemoteException raised = Raised(LimitError("too far", 5));
  EXPECT_TRUE(raised.Is("lab.errors", "LimitError"));
  EXPECT_EQ(raised.Summary(), "lab.errors.LimitError: too far");
  EXPECT_EQ(raised.attributes,
            (std::vector<std::pair<std::string, Value>>{
                {"limit", 5.0}, {"axis", "x"}, {"twice", Value::Tuple({5.0, 10.0})}}));
}

TEST_F(TranslationTest, MayBeABuiltinAndHaveArgumentsOfItsOwn) {
  service_.Translate<LimitError>("ValueError")
      .Translate<Fault>("OSError",
                        ErrorArgs(&Fault::code, [](const Fault&) { return "no answer"; }));
  EXPECT_EQ(Summary(LimitError("too far", 5)), "ValueError: too far");
  EXPECT_EQ(Summary(Fault{5}), "OSError: [Errno 5] no answer");
}

TEST_F(TranslationTest, TheMostDerivedWinsInWhateverOrder) {
  service_.Translate<LimitError>("lab.LimitError");
  service_.Translate<HardLimitError>("lab.HardLimitError");
  service_.Translate<std::exception>("lab.Error");
  service_.Translate<std::runtime_error>("lab.RuntimeError");
  EXPECT_EQ(Summary(LimitError("a", 1)), "lab.LimitError: a");
  EXPECT_EQ(Summary(HardLimitError("b", 1)), "lab.HardLimitError: b");
  EXPECT_EQ(Summary(HiddenError("c", 1)), "lab.HardLimitError: c");
  EXPECT_EQ(Summary(std::runtime_error("d")), "lab.RuntimeError: d");
  EXPECT_EQ(Summary(std::logic_error("e")), "lab.Error: e");

  service_ = MakeService("OTHER");
  service_.Translate<HardLimitError>("lab.HardLimitError").Translate<LimitError>("lab.LimitError");
  EXPECT_EQ(Summary(LimitError("a", 1)), "lab.LimitError: a");
  EXPECT_EQ(Summary(HiddenError("b", 1)), "lab.HardLimitError: b");
}

TEST_F(TranslationTest, TheTableOfTheLibraryIsPartOfThat) {
  service_.Translate<std::exception>("lab.Error").Translate<std::logic_error>("lab.Bug");
  EXPECT_EQ(Summary(KeyError("k")), "KeyError: 'k'");
  EXPECT_EQ(Summary(std::out_of_range("o")), "IndexError: o");
  EXPECT_EQ(Summary(std::logic_error("l")), "lab.Bug: l");
  service_.Translate<std::out_of_range>("lab.OutOfReach");
  EXPECT_EQ(Summary(std::out_of_range("o")), "lab.OutOfReach: o");
  EXPECT_EQ(Summary(std::invalid_argument("i")), "ValueError: i");
}

TEST_F(TranslationTest, WithoutOneNothingChanges) {
  EXPECT_EQ(Summary(LimitError("too far", 5)), "RuntimeError: too far");
  EXPECT_EQ(Summary(Fault{5}), "RuntimeError: a C++ exception of unknown type");
}

TEST_F(TranslationTest, TheLaterOfTwoForOneClassHolds) {
  service_.Translate<LimitError>("lab.Old").Translate<LimitError>("lab.New");
  EXPECT_EQ(Summary(LimitError("x", 1)), "lab.New: x");
}

TEST_F(TranslationTest, HoldsForConstructorsIteratorsAndCauses) {
  service_.Translate<LimitError>("lab.LimitError");
  service_.Expose("items", [] {
    return Iterator([]() -> std::optional<int> { throw LimitError("in an iterator", 1); });
  });
  const std::shared_ptr<Object> root = *service_.MakeRoot();
  const Value items = *root->CallAttr(Context(), {.name = "items", .exposed = true}, {});
  EXPECT_EQ(ToException((*items.AsObject())->NextItems(Context(), 1).status()).Summary(),
            "lab.LimitError: in an iterator");

  run_ = [] {
    try {
      throw LimitError("inner", 1);
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  };
  const std::string traceback = Call().TracebackText();
  EXPECT_NE(traceback.find("lab.LimitError: inner\n\nThe above exception was the direct cause"),
            traceback.npos)
      << traceback;
}

struct Root {
  Root() { throw LimitError("no root", 1); }
  friend void RpycExpose(ClassDef<Root>&) {}
};

TEST_F(TranslationTest, HoldsForTheRoot) {
  Service service = Service::Of<Root>("ROOT").Translate<LimitError>("lab.LimitError");
  EXPECT_EQ(ToException(service.MakeRoot().status()).Summary(), "lab.LimitError: no root");
}

TEST_F(TranslationTest, AGetterThatThrowsIsARuntimeError) {
  service_.Translate<LimitError>(
      "lab.LimitError",
      ErrorAttribute("x", [](const LimitError&) -> int { throw std::runtime_error("no x"); }));
  EXPECT_EQ(Summary(LimitError("too far", 5)),
            "RuntimeError: a LimitError was thrown, and describing it as lab.LimitError threw: "
            "no x");
}

// --- What a peer raises. ---

RemoteException FromPeer(std::string name) {
  return {.module = "lab",
          .name = std::move(name),
          .args = {"too far"},
          .attributes = {{"limit", 5.0}},
          .remote_traceback = "Their side\n"};
}

LimitError Made(const RemoteError& error) {
  const Value* limit = error.attribute("limit");
  return LimitError(error.args().empty() ? "" : *error.args()[0].AsStr(),
                    limit == nullptr ? 0 : *limit->AsFloat());
}

TEST_F(TranslationTest, WhatIsRebuiltIsThrownWithTheRemoteErrorInIt) {
  service_.Translate<LimitError>("lab.LimitError", Rebuild(&Made));
  const Netref failed(PyStatus(FromPeer("LimitError")), Context());
  try {
    failed.as<int>();
    FAIL();
  } catch (const LimitError& error) {
    EXPECT_STREQ(error.what(), "too far");
    EXPECT_EQ(error.limit(), 5);
    try {
      std::rethrow_if_nested(error);
      FAIL();
    } catch (const RemoteError& remote) {
      EXPECT_EQ(remote.traceback(), "Their side\n");
    }
  }
  EXPECT_THROW(failed.Len(), LimitError);
  EXPECT_FALSE(failed.get<int>().ok()) << "and does not throw";
  EXPECT_THROW(Netref(PyStatus(FromPeer("Other")), Context()).as<int>(), RemoteError);
  EXPECT_THROW(Netref(PyStatus(FromPeer("LimitError"))).as<int>(), RemoteError)
      << "of a connection whose service says nothing of it";
}

TEST_F(TranslationTest, WhatIsNotRebuiltStaysARemoteError) {
  service_.Translate<LimitError>("lab.LimitError");
  EXPECT_THROW(Netref(PyStatus(FromPeer("LimitError")), Context()).as<int>(), RemoteError);
}

TEST_F(TranslationTest, PassingThroughItIsItself) {
  service_.Translate<LimitError>("lab.LimitError", ErrorAttribute("limit", &LimitError::limit),
                                 Rebuild(&Made));
  run_ = [context = Context()] { Netref(PyStatus(FromPeer("LimitError")), context).as<int>(); };
  const RemoteException raised = Call();
  EXPECT_EQ(raised.Summary(), "lab.LimitError: too far");
  EXPECT_EQ(raised.attributes, (std::vector<std::pair<std::string, Value>>{{"limit", Value(5.0)}}));
  EXPECT_NE(raised.TracebackText().find("Their side"), std::string::npos);
}

// --- Mistakes. ---

using TranslationDeathTest = TranslationTest;

TEST_F(TranslationDeathTest, ANameThatPythonCouldNotHaveEndsTheProgram) {
  EXPECT_DEATH(service_.Translate<LimitError>("LimitError"),
               "rpyc: service LAB: Translate<LimitError>: Python has no builtin exception "
               "'LimitError'; name a module too, as in 'lab.LimitError'");
  EXPECT_DEATH(service_.Translate<LimitError>("lab.Limit Error"), "is no name of a Python class");
  EXPECT_DEATH(service_.Translate<LimitError>(".LimitError"), "is no name of a Python class");
  EXPECT_DEATH(
      service_.Translate<LimitError>("lab.LimitError", ErrorAttribute("args", &LimitError::limit)),
      "an exception can have no attribute 'args'");
  EXPECT_DEATH(
      service_.Translate<LimitError>("lab.LimitError", ErrorAttribute("limit", &LimitError::limit),
                                     ErrorAttribute("limit", &LimitError::axis)),
      "two attributes are named 'limit'");
}

}  // namespace
}  // namespace rpyc
