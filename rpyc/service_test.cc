#include "rpyc/service.h"

#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

const CallContext kNobody;

class Account {
 public:
  int Deposit(int cents) { return balance_ += cents; }
  absl::StatusOr<int> Withdraw(int cents) {
    if (cents > balance_) return absl::OutOfRangeError("not enough");
    return balance_ -= cents;
  }
  int balance() const { return balance_; }
  bool operator==(const Account& other) const { return balance_ == other.balance_; }

  friend void RpycExpose(ClassDef<Account>& c) {
    c.Doc("A bank account.");
    c.Expose("deposit", &Account::Deposit, Arg("cents"), "Adds cents.");
    c.Expose("withdraw", &Account::Withdraw, Arg("cents"));
    c.Property("balance", &Account::balance, "In cents.");
    c.Expose("__len__", [](const Account& self) { return self.balance(); });
    c.Expose("__eq__",
             [](Account& self, const std::shared_ptr<Account>& other) { return self == *other; });
    c.Expose("__str__",
             [](Account& self) { return "Account of " + std::to_string(self.balance()); });
  }

 private:
  int balance_ = 0;
};

class Bank {
 public:
  std::shared_ptr<Account> open() { return accounts_.emplace_back(std::make_shared<Account>()); }
  int transfer(std::shared_ptr<Account> from, std::shared_ptr<Account> to, int cents) {
    from->Withdraw(cents).IgnoreError();
    return to->Deposit(cents);
  }
  size_t size() const { return accounts_.size(); }
  friend void RpycExpose(ClassDef<Bank>& c) {
    c.Expose("open", &Bank::open);
    c.Expose("transfer", &Bank::transfer);
    c.Expose("size", &Bank::size);
  }

 private:
  std::vector<std::shared_ptr<Account>> accounts_;
};

std::shared_ptr<Object> Root(const Service& service) { return *service.MakeRoot(); }

absl::StatusOr<Value> Call(const std::shared_ptr<Object>& object, absl::string_view name,
                           std::vector<Value> positional = {},
                           std::vector<std::pair<std::string, Value>> keyword = {}) {
  return object->CallAttr(kNobody, {name, true}, {std::move(positional), std::move(keyword)});
}

// "TypeError: ..." of a failed call.
std::string Failure(const absl::StatusOr<Value>& result) {
  if (result.ok()) return "no error but " + result->DebugString();
  EXPECT_TRUE(IsPyStatus(result.status())) << result.status();
  return ToException(result.status()).Summary();
}

// Calls a function service with one argument.
template <typename F>
absl::StatusOr<Value> Through(F function, Value argument) {
  return Call(Root(Service("S").Expose("f", std::move(function), Arg("x"))), "f",
              {std::move(argument)});
}

TEST(Service, NamesAreUpperCase) {
  Service service = Service("Calc").Alias("sums");
  EXPECT_EQ(service.name(), "CALC");
  EXPECT_EQ(service.aliases(), (std::vector<std::string>{"CALC", "SUMS"}));
  EXPECT_EQ(*Call(Root(service), "get_service_name"), Value("CALC"));
  EXPECT_EQ(*Call(Root(service), "get_service_aliases"), Value::Tuple({"CALC", "SUMS"}));
  EXPECT_EQ(Root(service)->type_name(), "cpp.CALC");
}

TEST(Service, KeywordsAndDefaults) {
  Service service = Service("S").Expose(
      "f", [](int a, int b, std::string c) { return std::to_string(a * 10 + b) + c; }, Arg("a"),
      Arg("b") = 2, Arg("c") = "!", "Docs.");
  const auto root = Root(service);
  EXPECT_EQ(*Call(root, "f", {1}), Value("12!"));
  EXPECT_EQ(*Call(root, "f", {1, 3}), Value("13!"));
  EXPECT_EQ(*Call(root, "f", {}, {{"c", "?"}, {"a", 4}}), Value("42?"));
  EXPECT_EQ(*Call(root, "f", {1}, {{"b", 5}, {"b", 6}}), Value("16!")) << "the last one wins";
  EXPECT_EQ(Failure(Call(root, "f")), "TypeError: f() missing 1 required positional argument: 'a'");
  EXPECT_EQ(Failure(Call(root, "f", {1, 2, "3", 4})),
            "TypeError: f() takes from 1 to 3 positional arguments but 4 were given");
  EXPECT_EQ(Failure(Call(root, "f", {1}, {{"z", 1}})),
            "TypeError: f() got an unexpected keyword argument 'z'");
  EXPECT_EQ(Failure(Call(root, "f", {1}, {{"a", 1}})),
            "TypeError: f() got multiple values for argument 'a'");
  EXPECT_EQ(service.root_class().Find("f")->signature.ToString(),
            "(a: int, b: int = 2, c: str = '!') -> str");
  EXPECT_EQ(service.root_class().Find("f")->doc, "Docs.");
}

TEST(Service, ParametersWithoutNamesArePositionalOnly) {
  Service service = Service("S").Expose("f", [](int a, Value) { return a; });
  EXPECT_EQ(Failure(Call(Root(service), "f", {1}, {{"", 2}})),
            "TypeError: f() got an unexpected keyword argument ''");
  EXPECT_EQ(Failure(Call(Root(service), "f", {1})),
            "TypeError: f() missing 1 required positional argument: 2");
  EXPECT_EQ(service.root_class().Find("f")->signature.ToString(), "(arg0: int, arg1, /) -> int");
}

TEST(Service, ARootPerConnectionOrOneForAll) {
  Service own = Service::Of<Bank>("BANK");
  ASSERT_TRUE(Call(Root(own), "open").ok());
  EXPECT_EQ(*Call(Root(own), "size"), Value(0));
  Service shared = Service::Shared("BANK", std::make_shared<Bank>());
  ASSERT_TRUE(Call(Root(shared), "open").ok());
  EXPECT_EQ(*Call(Root(shared), "size"), Value(1));
  EXPECT_EQ(*Call(Root(shared), "get_service_name"), Value("BANK"));
}

TEST(Service, ObjectsByReferenceBothWays) {
  const auto bank = Root(Service::Of<Bank>("BANK"));
  const Value a = *Call(bank, "open"), b = *Call(bank, "open");
  const std::shared_ptr<Object> account = *a.AsObject();
  EXPECT_EQ(account->type_name(), "cpp.Account");
  EXPECT_EQ(*Call(account, "deposit", {100}), Value(100));
  EXPECT_EQ(*Call(bank, "transfer", {a, b, 30}), Value(30));
  EXPECT_EQ(*account->GetAttr(kNobody, {"balance", true}), Value(70));
  EXPECT_EQ(Failure(Call(account, "withdraw", {1000})), "IndexError: not enough");
  EXPECT_EQ(Failure(Call(bank, "transfer", {a, bank, 1})),
            "TypeError: transfer() argument 2: expected Account, got cpp.Bank");
  EXPECT_EQ(Failure(Call(bank, "transfer", {a, 5, 1})),
            "TypeError: transfer() argument 2: expected Account, got int");
}

TEST(Service, SpecialMethods) {
  const auto bank = Root(Service::Of<Bank>("BANK"));
  const Value a = *Call(bank, "open"), b = *Call(bank, "open");
  const std::shared_ptr<Object> account = *a.AsObject();
  EXPECT_EQ(*account->Str(kNobody), "Account of 0");
  EXPECT_EQ(*account->Compare(kNobody, "__eq__", b), Value(true));
  EXPECT_EQ(*account->Compare(kNobody, "__lt__", b), Value(NotImplemented()));
  EXPECT_EQ(Failure(account->Hash(kNobody)), "TypeError: unhashable type: 'cpp.Account'");
  EXPECT_TRUE(bank->Hash(kNobody).ok());
  EXPECT_EQ(*bank->Compare(kNobody, "__eq__", Value(bank)), Value(true));
  EXPECT_EQ(*bank->Compare(kNobody, "__eq__", a), Value(NotImplemented()));
  std::vector<std::string> special;
  const Object::Methods methods = *account->SpecialMethods(kNobody);
  for (const auto& [name, doc] : methods) special.push_back(name);
  EXPECT_EQ(special, (std::vector<std::string>{"__len__", "__eq__", "__str__"}));
  EXPECT_EQ(*account->Dir({}), (std::vector<std::string>{"__eq__", "__len__", "__str__", "balance",
                                                         "deposit", "withdraw"}));
}

TEST(Service, MethodsDescribeThemselves) {
  const auto bank = Root(Service::Of<Bank>("BANK"));
  const Value account = *Call(bank, "open");
  const Value method = *(*account.AsObject())->GetAttr(kNobody, {"deposit", true});
  Object& bound = **method.AsObject();
  EXPECT_EQ(*bound.GetAttr(kNobody, {"__name__", true}), Value("deposit"));
  EXPECT_EQ(*bound.GetAttr(kNobody, {"__qualname__", true}), Value("cpp.Account.deposit"));
  EXPECT_EQ(*bound.GetAttr(kNobody, {"__doc__", false}), Value("Adds cents."));
  // As help() asks.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bound.GetAttr(kNobody, {"__name__", true}).ok());
  EXPECT_FALSE(bound.GetAttr(kNobody, {"__self__", true}).ok());
  EXPECT_EQ(*(*bound.GetAttr(kNobody, {"__signature__", true})->AsObject())->Str(kNobody),
            "(cents: int) -> int");
  EXPECT_EQ(*bound.Repr(kNobody), "<bound method cpp.Account.deposit>");
}

TEST(Service, MethodsCompareAsPythonsDo) {
  const auto bank = Root(Service::Of<Bank>("BANK"));
  const auto get = [&](absl::string_view name) { return *bank->GetAttr(kNobody, {name, true}); };
  const Value method = get("open"), open_again = get("open");
  Object& open = **method.AsObject();
  EXPECT_EQ(*open.Compare(kNobody, "__eq__", open_again), Value(true));
  EXPECT_EQ(*open.Compare(kNobody, "__ne__", open_again), Value(false));
  EXPECT_EQ(*open.Hash(kNobody), *(*open_again.AsObject())->Hash(kNobody));
  EXPECT_EQ(*open.Compare(kNobody, "__eq__", get("size")), Value(NotImplemented()));
  EXPECT_EQ(*open.Compare(kNobody, "__eq__", Value(5)), Value(NotImplemented()));
}

TEST(Service, EverythingHasPythonsFormat) {
  const auto bank = Root(Service::Of<Bank>("BANK"));
  EXPECT_EQ(*bank->CallAttr(kNobody, {"__format__", false}, {{""}, {}}),
            Value(*bank->Repr(kNobody)));
  EXPECT_EQ(Failure(bank->CallAttr(kNobody, {"__format__", false}, {{">10"}, {}})),
            "TypeError: unsupported format string passed to cpp.Bank.__format__");
}

class Session {
 public:
  Session& Itself() { return *this; }
  std::string get_service_name() const { return "of my own"; }
  bool is_same(const Session& other) const { return this == &other; }
  std::vector<std::string> log;
  friend void RpycExpose(ClassDef<Session>& c) {
    c.Expose("itself", &Session::Itself);
    c.Expose("is_same", &Session::is_same);
    c.Expose("get_service_name", &Session::get_service_name);
    c.Property("log", &Session::log);
    c.OnConnect([](Session& self, const CallContext& context) {
      self.log.push_back("hello " + context.peer());
    });
    c.OnDisconnect([](Session& self) { self.log.push_back("goodbye"); });
  }
};

TEST(Service, ReprTellsOneObjectFromAnother) {
  const auto repr = [](const std::shared_ptr<Object>& object) { return *object->Repr(kNobody); };
  const auto session = std::make_shared<Session>();
  const auto one = Root(Service::Shared("S", session)), same = Root(Service::Shared("S", session));
  const std::string text = repr(one);
  EXPECT_EQ(text.substr(0, 25), "<cpp.Session object at 0x");
  EXPECT_EQ(text.size(), 25u + 16 + 1);
  EXPECT_EQ(repr(same), text);
  EXPECT_NE(repr(Root(Service::Shared("S", std::make_shared<Session>()))), text);
  EXPECT_EQ(text.find(absl::StrCat(absl::Hex(reinterpret_cast<uintptr_t>(session.get())))),
            std::string::npos)
      << "no address of ours";
}

TEST(Service, WhatUserCodeThrowsBecomesPythons) {
  const std::pair<std::function<void()>, const char*> rows[] = {
      {[] { throw KeyError("k"); }, "KeyError: 'k'"},
      {[] { throw PyError("my.mod", "MyError", "m"); }, "my.mod.MyError: m"},
      {[] { throw StopIteration(); }, "StopIteration"},
      {[] { throw std::invalid_argument("m"); }, "ValueError: m"},
      {[] { throw std::domain_error("m"); }, "ValueError: m"},
      {[] { throw std::length_error("m"); }, "ValueError: m"},
      {[] { throw std::range_error("m"); }, "ValueError: m"},
      {[] { throw std::out_of_range("m"); }, "IndexError: m"},
      {[] { throw std::overflow_error("m"); }, "OverflowError: m"},
      {[] { throw std::bad_alloc(); }, "MemoryError: out of memory"},
      {[] { throw std::logic_error("m"); }, "RuntimeError: m"},
      {[] { throw 5; }, "RuntimeError: a C++ exception of unknown type"},
  };
  for (const auto& [thrower, expected] : rows) {
    EXPECT_EQ(Failure(Call(Root(Service("S").Expose("f", thrower)), "f")), expected);
  }
  const auto system =
      Call(Root(Service("S").Expose(
               "f", [] { throw std::system_error(ENOENT, std::generic_category(), "open"); })),
           "f");
  EXPECT_EQ(ToException(system.status()).name, "OSError");
  EXPECT_EQ(ToException(system.status()).attributes[0],
            (std::pair<std::string, Value>{"errno", Value(ENOENT)}));
}

TEST(Service, CausesAreInTheTraceback) {
  const auto root = Root(Service("S").Expose("f", [] {
    try {
      try {
        throw std::out_of_range("first");
      } catch (...) {
        std::throw_with_nested(KeyError("second"));
      }
    } catch (...) {
      std::throw_with_nested(PyError("my.mod", "MyError", "third"));
    }
  }));
  const RemoteException exception = ToException(Call(root, "f").status());
  EXPECT_EQ(exception.Summary(), "my.mod.MyError: third");
  constexpr char kCause[] =
      "\nThe above exception was the direct cause of the following exception:\n\n";
  constexpr char kTrace[] = "Traceback (most recent call last):\n  C++\n";
  EXPECT_EQ(exception.traceback,
            absl::StrCat(kTrace, "IndexError: first\n", kCause, kTrace, "KeyError: 'second'\n",
                         kCause, kTrace, "my.mod.MyError: third\n"));
}

class Unmakeable {
 public:
  Unmakeable() { throw ValueError("no instrument"); }
  friend void RpycExpose(ClassDef<Unmakeable>&) {}
};

TEST(Service, ARootThatCannotBeMade) {
  EXPECT_EQ(ToException(Service::Of<Unmakeable>("X").MakeRoot().status()).Summary(),
            "ValueError: no instrument");
}

TEST(Service, ARootIsAnObjectOfItsClass) {
  const auto root = Root(Service::Of<Session>("S"));
  EXPECT_EQ(root->type_name(), "cpp.Session");
  EXPECT_EQ(Call(root, "itself")->AsObject()->get(), root.get());
  EXPECT_EQ(*Call(root, "is_same", {Value(root)}), Value(true));
  EXPECT_TRUE(*Class<Session>().Get()->HasInstance(kNobody, *root));
  EXPECT_NE(root->class_id(), ClassOf<Session>()->class_id());
}

TEST(Service, TheUsersMembersWin) {
  EXPECT_EQ(*Call(Root(Service::Of<Session>("S")), "get_service_name"), Value("of my own"));
  EXPECT_EQ(*Call(Root(Service::Of<Session>("S")), "get_service_aliases"), Value::Tuple({"S"}));
  EXPECT_EQ(
      *Call(Root(Service("S").Expose("get_service_name", [] { return 5; })), "get_service_name"),
      Value(5));
}

TEST(Service, NobodyChangesARoot) {
  for (const auto& root : {Root(Service::Of<Session>("S")), Root(Service("F"))}) {
    for (const Access access : {Access::kSet, Access::kDelete}) {
      const auto rule = root->OwnRule(access, "log");
      ASSERT_TRUE(rule.has_value());
      EXPECT_EQ(ToException(rule->status()).Summary(), "AttributeError: access denied");
    }
    EXPECT_FALSE(root->OwnRule(Access::kGet, "log").has_value());
  }
}

TEST(Service, Hooks) {
  std::string order;
  const Service service =
      Service::Of<Session>("S")
          .OnConnect([&order] { order += "a"; })
          .OnConnect([&order](const CallContext& context) { order += context.peer(); })
          .OnDisconnect([&order] {
            order += "c";
            throw ValueError("first");
          })
          .OnDisconnect([&order] {
            order += "d";
            throw ValueError("last");
          });
  EXPECT_TRUE(service.has_hooks());
  EXPECT_FALSE(Service::Of<Bank>("B").has_hooks());
  auto caller = std::make_shared<CallContext::Caller>();
  caller->peer = "b";
  const CallContext context(caller);
  const auto root = Root(service);
  EXPECT_TRUE(service.RunOnConnect(context, *root).ok());
  EXPECT_EQ(ToException(service.RunOnDisconnect(context, *root)).Summary(), "ValueError: last");
  EXPECT_EQ(order, "abdc") << "what was set up last is taken down first";
  EXPECT_EQ(*root->GetAttr(kNobody, {"log", true}), Value::Tuple({"hello b", "goodbye"}));
}

TEST(Service, AHookThatFails) {
  int ran = 0;
  const Service service =
      Service("S").OnConnect([] { throw ValueError("not today"); }).OnConnect([&ran] { ++ran; });
  EXPECT_EQ(ToException(service.RunOnConnect(kNobody, *Root(service))).Summary(),
            "ValueError: not today");
  EXPECT_EQ(ran, 0);
}

TEST(Service, Policies) {
  EXPECT_EQ(Service("S").call_policy(), nullptr);
  const Service service = Service("S").Serialized().RunOn([](const std::function<void()>&) {});
  EXPECT_TRUE(service.call_policy()->serialized);
  EXPECT_TRUE(service.call_policy()->executor != nullptr);
}

TEST(Service, ClassesAndAttributes) {
  const auto root = Root(Service("S")
                             .Expose("Account", Class<Account>(), "Accounts.")
                             .Expose("give", [] { return Class<Bank>(); })
                             .Property(
                                 "version", [] { return 3; }, "Of the instrument."));
  EXPECT_EQ(*root->GetAttr(kNobody, {"version", true}), Value(3));
  EXPECT_EQ((*root->GetAttr(kNobody, {"Account", true})->AsObject())->type_name(), "cpp.Account");
  EXPECT_EQ((*Call(root, "give")->AsObject())->type_name(), "cpp.Bank");
}

TEST(Casts, Ints) {
  EXPECT_EQ(*Through([](int64_t x) { return x; }, INT64_MIN), Value(INT64_MIN));
  EXPECT_EQ(*Through([](uint64_t x) { return x; }, BigInt{"18446744073709551615"}),
            Value(BigInt{"18446744073709551615"}));
  EXPECT_EQ(*Through([](int x) { return x; }, true), Value(1)) << "a bool is an int in Python";
  const std::string range = "OverflowError: f() argument 'x': int out of range for the C++ type: ";
  EXPECT_EQ(Failure(Through([](int8_t x) { return x; }, 128)), range + "128");
  EXPECT_EQ(Failure(Through([](uint8_t x) { return x; }, -1)), range + "-1");
  EXPECT_EQ(Failure(Through([](int64_t x) { return x; }, BigInt{"9223372036854775808"})),
            range + "9223372036854775808");
  EXPECT_EQ(Failure(Through([](uint64_t x) { return x; }, BigInt{"18446744073709551616"})),
            range + "18446744073709551616");
  EXPECT_EQ(Failure(Through([](int x) { return x; }, 1.0)),
            "TypeError: f() argument 'x': expected int, got float");
}

TEST(Casts, OtherScalars) {
  EXPECT_EQ(*Through([](double x) { return x; }, 3), Value(3.0));
  EXPECT_EQ(*Through([](double x) { return x; }, BigInt{"100000000000000000000"}), Value(1e20));
  EXPECT_EQ(*Through([](float x) { return x; }, 0.5), Value(0.5));
  EXPECT_EQ(*Through([](bool x) { return !x; }, true), Value(false));
  EXPECT_EQ(*Through([](None) {}, None()), Value());
  EXPECT_EQ(*Through([](std::complex<double> x) { return x; }, 2),
            Value(std::complex<double>(2, 0)));
  EXPECT_EQ(Failure(Through([](bool x) { return x; }, 1)),
            "TypeError: f() argument 'x': expected bool, got int");
  EXPECT_EQ(Failure(Through([](double x) { return x; }, "1")),
            "TypeError: f() argument 'x': expected float, got str");
  EXPECT_EQ(Failure(Through([](std::complex<double> x) { return x; }, "1")),
            "TypeError: f() argument 'x': expected complex, got str");
}

TEST(Casts, Text) {
  EXPECT_EQ(*Through([](std::string x) { return x + "!"; }, "a"), Value("a!"));
  EXPECT_EQ(*Through([](const std::string& x) { return x.size(); }, "abc"), Value(3));
  EXPECT_EQ(*Through([](absl::string_view x) { return x; }, "abc"), Value("abc"));
  EXPECT_EQ(*Through([](Bytes x) { return x; }, Bytes{"\xff"}), Value(Bytes{"\xff"}));
  EXPECT_EQ(*Through([](Value) { return "literal"; }, 0), Value("literal"));
  EXPECT_EQ(Failure(Through([](std::string x) { return x; }, Bytes{"a"})),
            "TypeError: f() argument 'x': expected str, got bytes");
}

TEST(Casts, Containers) {
  const Value numbers = Value::Tuple({1, 2, 3});
  EXPECT_EQ(*Through([](std::vector<int> x) { return x; }, numbers), numbers);
  EXPECT_EQ(*Through([](std::vector<bool> x) { return x; }, Value::Tuple({true})),
            Value::Tuple({true}));
  EXPECT_EQ(*Through([](std::tuple<int, std::string> x) { return x; }, Value::Tuple({1, "a"})),
            Value::Tuple({1, "a"}));
  EXPECT_EQ(*Through([](std::pair<int, int> x) { return x; }, Value::Tuple({1, 2})),
            Value::Tuple({1, 2}));
  EXPECT_EQ(*Through([](std::set<int> x) { return x; }, Value::Frozenset({3, 1})),
            Value::Frozenset({1, 3}));
  EXPECT_EQ(*Through([](std::optional<int> x) { return x; }, None()), Value());
  EXPECT_EQ(*Through([](std::optional<int> x) { return x; }, 4), Value(4));
  EXPECT_EQ(Failure(Through([](std::vector<int> x) { return x; }, Value::Tuple({1, "x"}))),
            "TypeError: f() argument 'x': item 1: expected int, got str");
  EXPECT_EQ(Failure(Through([](std::pair<int, int> x) { return x; }, numbers)),
            "TypeError: f() argument 'x': expected tuple[int, int], got tuple");
}

}  // namespace
}  // namespace rpyc
