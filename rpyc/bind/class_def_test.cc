#include "rpyc/bind/class_def.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/bind/class_object.h"
#include "rpyc/bind/instance.h"
#include "rpyc/bind/testing/exposed_object.h"
#include "rpyc/errors.h"
#include "rpyc/service.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using testing::Call;
using testing::Failure;
using testing::Get;
using testing::HelpSignature;
using testing::HelpSignatureObject;
using testing::kNoCaller;
using testing::Set;
using testing::ToObject;

template <typename T>
std::shared_ptr<Object> ClassAsObject() {
  return Class<T>().Get();
}

class Inner {
 public:
  friend void RpycExpose(ClassDef<Inner>&) {}
};

class Gauge {
 public:
  Gauge() = default;
  Gauge(std::string name, int low) : name_(std::move(name)), low_(low) {}
  int low() const { return low_; }
  void set_low(int low) {
    if (low < 0) throw ValueError("below zero");
    low_ = low;
  }
  static std::string Unit() { return "V"; }

  friend void RpycExpose(ClassDef<Gauge>& c) {
    c.Doc("Measures.");
    c.Init<std::string, int>(Arg("name"), Arg("low") = 3, "A gauge of that name.");
    c.Property("name", &Gauge::name_, "What it is called.");
    c.Property("serial", &Gauge::serial_);
    c.Property("low", &Gauge::low, &Gauge::set_low, "The least value.");
    c.Property(
        "note", [](const Gauge& self) { return self.note_; },
        [](Gauge& self, std::optional<std::string> note) { self.note_ = note; },
        [](Gauge& self) { self.note_.reset(); });
    c.Property("who", [](const CallContext& context, const Gauge&) { return context.peer(); });
    c.Public("raw", &Gauge::raw_);
    c.Public("peek", [](const Gauge& self) { return self.raw_; });
    c.PublicProperty("twice", [](const Gauge& self) { return 2 * self.raw_; });
    c.Expose("unit", &Gauge::Unit);
    c.Expose(
        "peek_doc", [](const Gauge&, int first, int second) { return first + second; },
        Arg("first"), Arg("second") = 2, "One line.\nAnother.");
    c.Expose("Inner", Class<Inner>());
    c.Expose("Self", Class<Gauge>());
  }

 private:
  std::string name_ = "g";
  const int serial_ = 77;
  int low_ = 0;
  int raw_ = 5;
  std::optional<std::string> note_;
};

TEST(Property, GettersSettersAndDataMembers) {
  const auto gauge = ToObject(std::make_shared<Gauge>());
  EXPECT_TRUE(Set(gauge, "low", 4).ok());
  EXPECT_EQ(*Get(gauge, "low"), Value(4));
  EXPECT_EQ(Failure(Set(gauge, "low", -1)), "ValueError: below zero");
  EXPECT_EQ(Failure(Set(gauge, "low", "x")), "TypeError: attribute 'low': expected int, got str");
  EXPECT_TRUE(Set(gauge, "name", "volts").ok());
  EXPECT_EQ(*Get(gauge, "name"), Value("volts"));
  EXPECT_EQ(Failure(Set(gauge, "name", 5)), "TypeError: attribute 'name': expected str, got int");
  EXPECT_EQ(*Get(gauge, "serial"), Value(77));
  EXPECT_EQ(Failure(Set(gauge, "serial", 5)),
            "AttributeError: 'cpp.Gauge' object attribute 'serial' is read-only");
  EXPECT_EQ(Failure(Set(gauge, "unit", 5)),
            "AttributeError: 'cpp.Gauge' object attribute 'unit' is read-only");
  EXPECT_EQ(Failure(Set(gauge, "new", 5)),
            "AttributeError: 'cpp.Gauge' object has no attribute 'new'");
  EXPECT_EQ(*Get(gauge, "who"), Value(""));
  const Member& low = *ClassOf<Gauge>()->Find("low");
  EXPECT_EQ(low.doc, "The least value.");
  EXPECT_EQ(low.signature.return_type, "int");
}

TEST(Property, Deletion) {
  const auto gauge = ToObject(std::make_shared<Gauge>());
  ASSERT_TRUE(Set(gauge, "note", "n").ok());
  EXPECT_TRUE(gauge->DelAttr(kNoCaller, {"note", true}).ok());
  EXPECT_EQ(*Get(gauge, "note"), Value());
  EXPECT_EQ(Failure(gauge->DelAttr(kNoCaller, {"low", true})),
            "AttributeError: can't delete attribute 'low'");
}

TEST(Property, PublicOnesAreNotExposed) {
  const auto gauge = ToObject(std::make_shared<Gauge>());
  for (const char* name : {"raw", "peek", "twice"}) {
    EXPECT_FALSE(gauge->Has(name).exposed);
    EXPECT_TRUE(gauge->Has(name).plain);
    EXPECT_FALSE(Get(gauge, name).ok());
  }
  EXPECT_EQ(*gauge->GetAttr(kNoCaller, {"raw", false}), Value(5));
  EXPECT_TRUE(gauge->SetAttr(kNoCaller, {"raw", false}, 6).ok());
  EXPECT_EQ(*gauge->GetAttr(kNoCaller, {"twice", false}), Value(12));
  EXPECT_EQ(*gauge->CallAttr(kNoCaller, {"peek", false}, {}), Value(6));
}

TEST(ClassObject, MakesInstances) {
  const auto type = ClassAsObject<Gauge>();
  EXPECT_TRUE(type->is_class());
  EXPECT_EQ(type->type_name(), "cpp.Gauge");
  EXPECT_EQ(type->identity(), ClassAsObject<Gauge>()->identity());
  EXPECT_EQ(*type->Repr(kNoCaller), "<class 'cpp.Gauge'>");
  const Value made = *type->Call(kNoCaller, {{"amps"}, {{"low", 9}}});
  const std::shared_ptr<Object>& gauge = *made.AsObject();
  EXPECT_EQ(gauge->class_id(), type->class_id());
  EXPECT_EQ(*Get(gauge, "name"), Value("amps"));
  EXPECT_EQ(*Get(gauge, "low"), Value(9));
  EXPECT_TRUE(*type->HasInstance(kNoCaller, *gauge));
  EXPECT_FALSE(*ClassAsObject<Inner>()->HasInstance(kNoCaller, *gauge));
  EXPECT_FALSE(*type->HasInstance(kNoCaller, *type));
  EXPECT_EQ(Failure(type->Call(kNoCaller, {})),
            "TypeError: Gauge() missing 1 required positional argument: 'name'");
  EXPECT_EQ(Failure(type->Call(kNoCaller, {{5}, {}})),
            "TypeError: Gauge() argument 'name': expected str, got int");
  EXPECT_EQ(Failure(ClassAsObject<Inner>()->Call(kNoCaller, {})),
            "TypeError: cannot create 'cpp.Inner' instances");
}

TEST(ClassObject, DescribesItself) {
  const auto type = ClassAsObject<Gauge>();
  EXPECT_EQ(*type->GetAttr(kNoCaller, {"__doc__", false}), Value("Measures."));
  EXPECT_EQ(*Get(type, "__name__"), Value("Gauge"));
  const Value code = *Get(type, "__code__");
  EXPECT_EQ(*(*code.AsObject())->GetAttr(kNoCaller, {"co_varnames", true}),
            Value::Tuple({"name", "low"}));
  EXPECT_EQ(*Get(type, "__defaults__"), Value::Tuple({3}));
  EXPECT_EQ(Failure(Get(ClassAsObject<Inner>(), "__code__")),
            "AttributeError: type object 'cpp.Inner' has no attribute '__code__'");
  const auto special = *type->SpecialMethods(kNoCaller);
  ASSERT_EQ(special.size(), 1u);
  EXPECT_EQ(special[0].first, "__call__");
  EXPECT_EQ(special[0].second, "A gauge of that name.");
}

TEST(ClassObject, ItsAttributesAreItsMembers) {
  const auto type = ClassAsObject<Gauge>();
  EXPECT_EQ(*Call(type, "unit"), Value("V"));
  EXPECT_EQ(Get(type, "Inner")->AsObject()->get()->type_name(), "cpp.Inner");
  EXPECT_EQ(Get(type, "Self")->AsObject()->get()->identity(), type->identity());
  EXPECT_TRUE(type->Has("low").exposed);
  EXPECT_FALSE(type->Has("peek").exposed);
  EXPECT_TRUE(type->Has("peek").plain);
  EXPECT_EQ(Failure(Get(type, "peek")),
            "AttributeError: type object 'cpp.Gauge' has no attribute 'peek'");
  const Value low = *Get(type, "low");
  EXPECT_EQ(low.type_name(), "builtins.property");
  EXPECT_EQ(*(*low.AsObject())->GetAttr(kNoCaller, {"__doc__", false}), Value("The least value."));
  EXPECT_EQ(*(*low.AsObject())->Repr(kNoCaller), "<property object cpp.Gauge.low>");
  EXPECT_EQ((*low.AsObject())->identity(), (*Get(type, "low")->AsObject())->identity());
  EXPECT_EQ(Failure(Set(type, "low", 5)),
            "AttributeError: 'cpp.Gauge' object attribute 'low' is read-only");
  EXPECT_EQ(*type->Dir({}), (std::vector<std::string>{"Inner",
                                                      "Self",
                                                      "__annotations__",
                                                      "__call__",
                                                      "__code__",
                                                      "__defaults__",
                                                      "__doc__",
                                                      "__kwdefaults__",
                                                      "__name__",
                                                      "__qualname__",
                                                      "low",
                                                      "name",
                                                      "note",
                                                      "peek",
                                                      "peek_doc",
                                                      "raw",
                                                      "serial",
                                                      "twice",
                                                      "unit",
                                                      "who"}));
}

TEST(ClassObject, ItsMethodsTakeTheObjectFirst) {
  const auto type = ClassAsObject<Gauge>();
  const auto gauge = std::make_shared<Gauge>("amps", 1);
  const absl::StatusOr<Value> peek = type->GetAttr(kNoCaller, {"peek", false});
  ASSERT_TRUE(peek.ok()) << peek.status();
  Object& method = **peek->AsObject();
  EXPECT_EQ(*method.Call(kNoCaller, {{Value(ToObject(gauge))}, {}}), Value(5));
  EXPECT_EQ(Failure(method.Call(kNoCaller, {})),
            "TypeError: unbound method cpp.Gauge.peek() needs an argument");
  EXPECT_EQ(Failure(method.Call(kNoCaller, {{5}, {}})),
            "TypeError: descriptor 'peek' for 'cpp.Gauge' objects doesn't apply to a 'int' object");
  EXPECT_EQ(
      Failure(method.Call(kNoCaller, {{Value(ToObject(std::make_shared<Inner>()))}, {}})),
      "TypeError: descriptor 'peek' for 'cpp.Gauge' objects doesn't apply to a 'cpp.Inner' object");
  EXPECT_EQ(Failure(method.Call(kNoCaller, {{Value(type)}, {}})),
            "TypeError: descriptor 'peek' for 'cpp.Gauge' objects doesn't apply to a 'cpp.Gauge' "
            "object");
  EXPECT_EQ(Failure(method.Call(kNoCaller, {{Value(ToObject(gauge)), 1}, {}})),
            "TypeError: peek() takes 0 positional arguments but 1 was given");
  EXPECT_EQ(HelpSignature(*peek), "(self) -> int");
  EXPECT_EQ(*method.GetAttr(kNoCaller, {"__qualname__", false}), Value("cpp.Gauge.peek"));
  EXPECT_EQ(*method.Repr(kNoCaller), "<function cpp.Gauge.peek>");
  const auto again = type->GetAttr(kNoCaller, {"peek", false});
  EXPECT_EQ((*again->AsObject())->identity(), method.identity());
  EXPECT_EQ(*method.Compare(kNoCaller, "__eq__", *again), Value(true));
}

// --- inheritance ---

class Named {
 public:
  virtual ~Named() = default;
  virtual std::string kind() const { return "named"; }
  std::string name = "n";
  friend void RpycExpose(ClassDef<Named>& c) {
    c.Doc("Has a name.");
    c.Expose("kind", &Named::kind, "What it is.");
    c.Expose("same", [](const Named& self, const Named& other) { return &self == &other; });
    c.Expose("overridden", [](const Named&) { return "by nobody"; });
    c.Expose("itself", [](std::shared_ptr<Named> self) { return self; });
    c.Property("name", &Named::name);
  }
};

struct Padding {
  int64_t padding[4] = {1, 2, 3, 4};
};

class Counted {
 public:
  virtual ~Counted() = default;
  int count = 10;
  Counted& Increment() {
    ++count;
    return *this;
  }
  friend void RpycExpose(ClassDef<Counted>& c) {
    c.Property(
        "count", &Counted::count, [](Counted& self, int count) { self.count = count; },
        [](Counted& self) { self.count = 0; });
    c.Expose("name", [](const Counted&) { return "the first base wins"; });
    c.Expose("increment", &Counted::Increment);
  }
};

// Counted lies at another address than the object.
class Both : public Padding, public Named, public Counted {
 public:
  std::string kind() const override { return "both"; }
  friend void RpycExpose(ClassDef<Both>& c) {
    c.Expose("overridden", [](const Both&) { return "by Both"; });
    c.Base<Named>().Base<Counted>();
    c.Property("padding", [](const Both& self) { return self.padding[3]; });
  }
};

class Last : public Both {
 public:
  friend void RpycExpose(ClassDef<Last>& c) { c.Base<Both>(); }
};

TEST(Inheritance, MembersOfBasesAtOtherAddresses) {
  const auto last = std::make_shared<Last>();
  const auto object = ToObject(last);
  EXPECT_EQ(*Call(object, "kind"), Value("both")) << "virtual functions are C++'s";
  EXPECT_EQ(*Call(object, "overridden"), Value("by Both"));
  EXPECT_EQ(*Get(object, "name"), Value("n"));
  EXPECT_EQ(*Get(object, "count"), Value(10));
  EXPECT_TRUE(Set(object, "count", 20).ok());
  EXPECT_EQ(last->count, 20);
  EXPECT_TRUE(object->DelAttr(kNoCaller, {"count", true}).ok());
  EXPECT_EQ(last->count, 0);
  EXPECT_EQ(*Get(object, "padding"), Value(4));
  EXPECT_EQ(Call(object, "increment")->AsObject()->get(), object.get());
  EXPECT_EQ(last->count, 1);
  EXPECT_EQ(Call(object, "itself")->AsObject()->get(), object.get());
  EXPECT_EQ(*object->GetAttr(kNoCaller, {"__doc__", false}), Value("Has a name."));
  EXPECT_EQ(ClassOf<Last>()->Find("kind")->doc, "What it is.");
}

TEST(Inheritance, ADerivedObjectGoesWhereItsBaseIsExpected) {
  const auto last = std::make_shared<Last>();
  Value value(ToObject(last));
  EXPECT_EQ(Cast<std::shared_ptr<Counted>>::From(value)->get(), last.get());
  EXPECT_EQ(Cast<std::shared_ptr<Both>>::From(value)->get(), last.get());
  EXPECT_EQ(Cast<std::shared_ptr<const Named>>::From(value)->get(), last.get());
  EXPECT_EQ(*Call(*value.AsObject(), "same", {value}), Value(true));
  EXPECT_EQ(*Call(*value.AsObject(), "same", {Value(ToObject(std::make_shared<Named>()))}),
            Value(false));
  Value base(ToObject(std::make_shared<Counted>()));
  EXPECT_FALSE(Cast<std::shared_ptr<Both>>::From(base).ok());
}

TEST(Inheritance, IsInstance) {
  const auto last = ToObject(std::make_shared<Last>());
  EXPECT_TRUE(*ClassAsObject<Counted>()->HasInstance(kNoCaller, *last));
  EXPECT_TRUE(*ClassAsObject<Named>()->HasInstance(kNoCaller, *last));
  EXPECT_TRUE(*ClassAsObject<Both>()->HasInstance(kNoCaller, *last));
  EXPECT_FALSE(*ClassAsObject<Last>()->HasInstance(kNoCaller, *ToObject(std::make_shared<Both>())));
}

TEST(Inheritance, ABasesMethodTakesADerivedObject) {
  const auto last = std::make_shared<Last>();
  const Value object(ToObject(last));
  EXPECT_EQ(*Call(ClassAsObject<Named>(), "overridden", {object}), Value("by nobody"));
  EXPECT_EQ(*Call(ClassAsObject<Last>(), "overridden", {object}), Value("by Both"));
  EXPECT_EQ(Call(ClassAsObject<Counted>(), "increment", {object})->AsObject()->get(),
            object.AsObject()->get());
  EXPECT_EQ(last->count, 11);
  EXPECT_FALSE(
      Call(ClassAsObject<Last>(), "kind", {Value(ToObject(std::make_shared<Both>()))}).ok());
}

// --- comparison ---

struct Coin {
  int cents;
  bool operator==(const Coin& other) const { return cents == other.cents; }
  Coin operator+(const Coin& other) const { return {cents + other.cents}; }
  friend void RpycExpose(ClassDef<Coin>& c) {
    c.Property("cents", &Coin::cents);
    c.Expose("__eq__", &Coin::operator==);
    c.Expose("__add__", &Coin::operator+);
    c.Expose("__hash__", [](const Coin& self) { return self.cents; });
  }
};

TEST(Operators, MemberOperatorsAreExposedAsTheyAre) {
  const auto one = ToObject(std::make_shared<Coin>(Coin{1}));
  const Value two(ToObject(std::make_shared<Coin>(Coin{2})));
  const Value other_one(ToObject(std::make_shared<Coin>(Coin{1})));
  EXPECT_EQ(*Get(*Call(one, "__add__", {two})->AsObject(), "cents"), Value(3));
  EXPECT_EQ(*Call(one, "__add__", {"2"}), Value(NotImplemented()));
  EXPECT_EQ(*one->Compare(kNoCaller, "__eq__", other_one), Value(true));
  EXPECT_EQ(*one->Compare(kNoCaller, "__ne__", other_one), Value(false)) << "from __eq__";
  EXPECT_EQ(*one->Compare(kNoCaller, "__ne__", two), Value(true));
  EXPECT_EQ(*one->Compare(kNoCaller, "__ne__", 5), Value(NotImplemented()));
  EXPECT_EQ(*one->Hash(kNoCaller), Value(1));
  const auto type = ClassAsObject<Coin>();
  EXPECT_EQ(
      *Get(*type->CallAttr(kNoCaller, {"__add__", false}, {{Value(one), two}, {}})->AsObject(),
           "cents"),
      Value(3));
  EXPECT_EQ(type->SpecialMethods(kNoCaller)->size(), 4u) << "its instances' and __call__";
}

struct Unhashed {
  friend void RpycExpose(ClassDef<Unhashed>& c) {
    c.Expose("__eq__", [](const Unhashed&, const Unhashed&) { return true; });
  }
};
// This class inherits __hash__ and has its own __eq__.
struct Bill : Coin {
  friend void RpycExpose(ClassDef<Bill>& c) {
    c.Base<Coin>();
    c.Expose("__eq__", [](const Bill&, const Bill&) { return true; });
  }
};
struct Token : Coin {
  friend void RpycExpose(ClassDef<Token>& c) { c.Base<Coin>(); }
};
struct Stamp : Unhashed, Token {
  friend void RpycExpose(ClassDef<Stamp>& c) { c.Base<Unhashed>().Base<Token>(); }
};

// Source: CPython Objects/typeobject.c, type_ready_set_hash.
TEST(Operators, AClassWithEqAndNoHashOfItsOwnIsUnhashable) {
  EXPECT_EQ(Failure(ToObject(std::make_shared<Unhashed>())->Hash(kNoCaller)),
            "TypeError: unhashable type: 'cpp.Unhashed'");
  EXPECT_EQ(Failure(ToObject(std::make_shared<Bill>())->Hash(kNoCaller)),
            "TypeError: unhashable type: 'cpp.Bill'");
  EXPECT_EQ(Failure(ToObject(std::make_shared<Stamp>())->Hash(kNoCaller)),
            "TypeError: unhashable type: 'cpp.Stamp'");
  EXPECT_EQ(*ToObject(std::make_shared<Token>(Token{5}))->Hash(kNoCaller), Value(5));
}

// Reads from a function's code what inspect, and what builds on it, reads.
Value InspectsCode(const Value& function, absl::string_view name) {
  const Value code = *(*function.AsObject())->GetAttr(kNoCaller, {"__code__", false});
  EXPECT_EQ(code.type_name(), "types.CodeType");
  EXPECT_TRUE((*code.AsObject())->Has(name).exposed);
  return *(*code.AsObject())->GetAttr(kNoCaller, {name, true});
}

TEST(FunctionObject, HasWhatInspectReadsOfAFunction) {
  Service service("S");
  service.Expose(
      "f", [](int, std::string, Args, bool, Kwargs) { return 1.5; }, Arg("a"), Arg("b") = "x",
      Arg("c") = true);
  service.Expose("g", [](int, int) {});
  const auto root = *service.MakeRoot();
  const Value f = *root->GetAttr(kNoCaller, {"f", true});
  EXPECT_EQ(InspectsCode(f, "co_varnames"), Value::Tuple({"a", "b", "c", "args", "kwargs"}));
  EXPECT_EQ(InspectsCode(f, "co_argcount"), Value(2));
  EXPECT_EQ(InspectsCode(f, "co_posonlyargcount"), Value(0));
  EXPECT_EQ(InspectsCode(f, "co_kwonlyargcount"), Value(1));
  EXPECT_EQ(InspectsCode(f, "co_flags"), Value(12));
  const auto get = [&](absl::string_view name) {
    return *(*f.AsObject())->GetAttr(kNoCaller, {name, false});
  };
  EXPECT_EQ(get("__defaults__"), Value::Tuple({"x"}));
  const auto ask = [&](const Value& dict, absl::string_view method, std::vector<Value> args) {
    return (*dict.AsObject())->CallAttr(kNoCaller, {method, true}, {std::move(args), {}});
  };
  EXPECT_EQ(*ask(get("__kwdefaults__"), "keys", {}), Value::Tuple({"c"}));
  EXPECT_EQ(*ask(get("__kwdefaults__"), "__getitem__", {"c"}), Value(true));
  EXPECT_EQ(Failure(ask(get("__kwdefaults__"), "__getitem__", {"d"})), "KeyError: 'd'");
  const Value annotations = get("__annotations__");
  EXPECT_EQ(*ask(annotations, "keys", {}), Value::Tuple({"a", "b", "c", "return"}));
  EXPECT_EQ(*ask(annotations, "__len__", {}), Value(4));
  EXPECT_EQ(*ask(annotations, "get", {"return", 0}), Value("float"));
  EXPECT_EQ(*ask(annotations, "get", {"args", 0}), Value(0));
  const Value keys = *(*annotations.AsObject())->GetAttr(kNoCaller, {"keys", true});
  EXPECT_EQ(*(*keys.AsObject())->Call(kNoCaller, {}), Value::Tuple({"a", "b", "c", "return"}));
  const Value g = *root->GetAttr(kNoCaller, {"g", true});
  EXPECT_EQ(InspectsCode(g, "co_varnames"), Value::Tuple({"arg0", "arg1"}));
  EXPECT_EQ(InspectsCode(g, "co_posonlyargcount"), Value(2));
  EXPECT_EQ(*(*g.AsObject())->GetAttr(kNoCaller, {"__defaults__", false}), Value());
  EXPECT_EQ(*(*g.AsObject())->GetAttr(kNoCaller, {"__kwdefaults__", false}), Value());
}

TEST(FunctionObject, OnlyHelpGetsASignature) {
  const Value add = *Get(ToObject(std::make_shared<Gauge>()), "peek_doc");
  const auto signature = [&] {
    return (*add.AsObject())->GetAttr(kNoCaller, {"__signature__", false}).ok();
  };
  EXPECT_FALSE(signature());
  EXPECT_EQ(HelpSignature(add), "(first: int, second: int = 2) -> int");
  EXPECT_FALSE(signature()) << "help has had it";
  // help() ends by reading these again.
  EXPECT_TRUE((*add.AsObject())->GetAttr(kNoCaller, {"__name__", false}).ok());
  EXPECT_FALSE((*add.AsObject())->GetAttr(kNoCaller, {"__self__", false}).ok());
  EXPECT_FALSE(signature());
}

TEST(Instance, ListsItsMethodsForHelp) {
  const Object::Methods methods = ToObject(std::make_shared<Gauge>())->ExposedMethods();
  const auto find = [&](absl::string_view name) {
    return std::find_if(methods.begin(), methods.end(),
                        [name](const auto& method) { return method.first == name; });
  };
  ASSERT_NE(find("unit"), methods.end());
  EXPECT_EQ(find("unit")->second, "unit() -> str");
  EXPECT_EQ(find("low"), methods.end()) << "a property is no method";
  EXPECT_EQ(find("peek"), methods.end()) << "only some peers may see it";
}

TEST(Signature, TellsHelpTheDocstringAndOthersOnlyItsText) {
  const Value add = *Get(ToObject(std::make_shared<Gauge>()), "peek_doc");
  const auto signature = [&] { return HelpSignatureObject(add); };
  const auto ask = [](const Value& object, absl::string_view name, CallArgs args) {
    const bool exposed = (*object.AsObject())->Has(name).exposed;
    return (*object.AsObject())->CallAttr(kNoCaller, {name, exposed}, std::move(args));
  };
  const Value plain = signature();
  EXPECT_EQ(*(*plain.AsObject())->Str(kNoCaller), "(first: int, second: int = 2) -> int");
  EXPECT_EQ(*ask(plain, "format", {}), Value("(first: int, second: int = 2) -> int"));
  EXPECT_EQ(*ask(plain, "format", {{}, {{"max_width", 28}}}),
            Value("(\n    first: int,\n    second: int = 2\n) -> int"));
  EXPECT_EQ(*ask(plain, "format", {{}, {{"max_width", 29}, {"quote_annotation_strings", false}}}),
            Value("(first: int, second: int = 2) -> int"));
  const Value helped = signature();
  EXPECT_EQ(*ask(helped, "__bool__", {}), Value(true));
  EXPECT_EQ(*(*helped.AsObject())->Str(kNoCaller),
            "(first: int, second: int = 2) -> int\n    One line.\n    Another.");
  EXPECT_EQ(*ask(helped, "format", {{}, {{"max_width", 77}}}),
            Value("(first: int, second: int = 2) -> int\n    One line.\n    Another."));
  EXPECT_EQ(*(*signature().AsObject())->Str(kNoCaller), "(first: int, second: int = 2) -> int");
}

}  // namespace
}  // namespace rpyc
