#include "rpyc/materialize.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/bind/class_def.h"
#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"
#include "rpyc/object.h"
#include "rpyc/protocol_config.h"
#include "rpyc/service.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using rpyc::testing::Failure;
using rpyc::testing::ReprOf;

std::string Copy(const Value& value, const Limits& limits = Limits()) {
  const absl::StatusOr<Value> copy = Materialize(CallContext(), value, limits);
  EXPECT_TRUE(!copy.ok() || copy->by_value());
  return ReprOf(copy);
}

struct Account {
  std::string owner;
  int cents = 0;
  std::shared_ptr<Account> parent;
  friend void RpycExpose(ClassDef<Account>& c) {
    c.Property("owner", &Account::owner);
    c.Property("cents", &Account::cents);
    c.Property("parent", &Account::parent);
    c.Public("secret", [](Account&) { return 42; });
    c.Expose("__iter__", [](Account&) { return Iterator(std::vector<int>{1}); });
  }
};

struct Range {
  friend void RpycExpose(ClassDef<Range>& c) {
    c.Expose("__iter__", [](Range&) { return Iterator(std::vector<int>{1, 2}); });
  }
};

// Without __iter__: read by its length and its items.
struct Pair {
  friend void RpycExpose(ClassDef<Pair>& c) {
    c.Expose("__len__", [](Pair&) { return 2; });
    c.Expose("__getitem__", [](Pair&, int index) { return index + 1; });
  }
};

Value Of(std::shared_ptr<Account> account) {
  return Cast<std::shared_ptr<Account>>::To(std::move(account));
}

// What a peer may not read by itself it does not get in one piece either.
TEST(Materialize, KeepsTheRulesOfThePeerThatAsks) {
  const Value range = Cast<std::shared_ptr<Range>>::To(std::make_shared<Range>());
  const Value pair = Cast<std::shared_ptr<Pair>>::To(std::make_shared<Pair>());
  const Value dict = Dict{{"k", 1}}.ToValue();
  const Value list = List{1, dict}.ToValue();
  const auto copy = [](const Value& value, const ProtocolConfig& rules) {
    const auto copied = Materialize(CallContext(), value, Limits(), &rules);
    return copied.ok() ? copied->DebugString() : ToException(copied.status()).Summary();
  };
  const ProtocolConfig standard;
  EXPECT_EQ(copy(range, standard), "(1, 2)");
  EXPECT_EQ(copy(list, standard), "(1, (('k', 1),))");
  ProtocolConfig hardened;
  hardened.allow_safe_attrs = false;
  for (const Value& value : {range, pair, dict, list}) {
    EXPECT_EQ(copy(value, hardened), "AttributeError: cannot access '__iter__'");
  }
  EXPECT_EQ(copy(Value::Tuple({1, list}), hardened), "AttributeError: cannot access '__iter__'");
  EXPECT_EQ(copy(5, hardened), "5");
  ProtocolConfig narrow;
  narrow.safe_attrs.emplace({"__iter__"});
  EXPECT_EQ(copy(range, narrow), "(1, 2)");
  for (const Value& value : {pair, dict, list}) {
    EXPECT_EQ(copy(value, narrow), "AttributeError: cannot access '__getitem__'");
  }
  narrow.allow_getattr = false;
  EXPECT_EQ(copy(range, narrow), "AttributeError: cannot access '__iter__'");
}

TEST(Materialize, CopiesWholeStructures) {
  EXPECT_EQ(Copy(1), "1");
  EXPECT_EQ(Copy(List{1, List{"x"}.ToValue(), Dict{{"k", List().ToValue()}}.ToValue()}.ToValue()),
            "(1, ('x',), (('k', ()),))");
  EXPECT_EQ(Copy(Value::Tuple({List{1}.ToValue(), 2})), "((1,), 2)");
  EXPECT_EQ(Copy(Value(Iterator(std::vector<int>{1, 2}).object())), "(1, 2)");
  EXPECT_EQ(Copy(Cast<std::shared_ptr<Range>>::To(std::make_shared<Range>())), "(1, 2)");
}

TEST(Materialize, AnObjectIsItsExposedProperties) {
  auto parent = std::make_shared<Account>(Account{"ada", 5, nullptr});
  auto child = std::make_shared<Account>(Account{"bob", 7, parent});
  EXPECT_EQ(Copy(Of(child)),
            "(('owner', 'bob'), ('cents', 7), ('parent', (('owner', 'ada'), ('cents', 5), "
            "('parent', None))))");
  parent->parent = child;
  EXPECT_EQ(Copy(Of(child)), "ValueError: cannot materialize a cpp.Account that contains itself");
  parent->parent = nullptr;
}

TEST(Materialize, IsBounded) {
  List list;
  list.push_back(Value::Tuple({list.ToValue()}));
  EXPECT_EQ(Copy(list.ToValue()), "ValueError: cannot materialize a list that contains itself");
  list.clear();

  List twice{1};
  EXPECT_EQ(Copy(List{twice.ToValue(), twice.ToValue()}.ToValue()), "((1,), (1,))")
      << "what is held twice is no cycle";

  List deep;
  for (int i = 0; i < 300; ++i) deep = List{deep.ToValue()};
  EXPECT_EQ(Copy(deep.ToValue()),
            "ValueError: cannot materialize what is nested deeper than 200 levels");
  Limits limits;
  limits.max_decoded_bytes = 1000;
  EXPECT_EQ(Copy(List{std::string(2000, 'x')}.ToValue(), limits),
            "ValueError: too many items: over 1000 bytes after 0");
  EXPECT_EQ(Copy(Value(Iterator([] { return 1; }).object()), limits),
            "ValueError: cannot materialize more than 1000 bytes");
  for (int i = 0; i < 60; ++i) twice = List{twice.ToValue(), twice.ToValue()};
  EXPECT_EQ(Copy(twice.ToValue(), limits), "ValueError: cannot materialize more than 1000 bytes");
}

TEST(Materialize, RefusesWhatIsNoData) {
  const Service service = Service("S").Expose("f", [] { return 1; });
  const std::shared_ptr<Object> root = *service.MakeRoot();
  EXPECT_EQ(Copy(Value(root)), "TypeError: cannot materialize a cpp.S");
  const Value method = *root->GetAttr(CallContext(), {.name = "f", .exposed = true});
  EXPECT_EQ(Copy(List{method}.ToValue()),
            "TypeError: cannot materialize a builtin_function_or_method");
}

TEST(Materialize, EveryRootOffersIt) {
  const auto call = [](const Service& service, Value value) {
    return ReprOf((*service.MakeRoot())
                      ->CallAttr(CallContext(), {.name = "materialize", .exposed = true},
                                 CallArgs{.positional = {std::move(value)}, .keyword = {}}));
  };
  EXPECT_EQ(call(Service("S"), Dict{{"a", List{1}.ToValue()}}.ToValue()), "(('a', (1,)),)");
  EXPECT_EQ(call(Service("S").Expose("materialize", [](int x) { return x + 1; }), 1), "2");
}

}  // namespace
}  // namespace rpyc
