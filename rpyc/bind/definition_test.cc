#include "rpyc/bind/definition.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/service.h"

namespace rpyc {
namespace {

int Number() { return 5; }

// A mistake is reported when the service is made; the control case makes it.
struct Bad {
  const char* what;
  std::function<void()> make;
  const char* said;
};

struct Lamp {
  int level = 0;
  void SetLevel(int value) { level = value; }
  friend void RpycExpose(ClassDef<Lamp>& c) { c.Property("level", &Lamp::level); }
};

struct PropertyAndFunction {
  int level = 0;
  friend void RpycExpose(ClassDef<PropertyAndFunction>& c) {
    c.Property("level", &PropertyAndFunction::level);
    c.Expose("level", [](const PropertyAndFunction&) { return 1; });
  }
};
struct TwoProperties {
  int level = 0;
  friend void RpycExpose(ClassDef<TwoProperties>& c) {
    c.Property("level", &TwoProperties::level);
    c.Property("level", [](const TwoProperties&) { return 1; });
  }
};
struct NullSetter {
  int level = 0;
  friend void RpycExpose(ClassDef<NullSetter>& c) {
    void (*set)(NullSetter&, int) = nullptr;
    c.Property(
        "level", [](const NullSetter& self) { return self.level; }, set);
  }
};
struct NullMember {
  friend void RpycExpose(ClassDef<NullMember>& c) {
    int (NullMember::*function)() = nullptr;
    c.Expose("f", function);
  }
};
struct MixedOverloads {
  friend void RpycExpose(ClassDef<MixedOverloads>& c) {
    c.Expose("f", [](const MixedOverloads&, int) {});
    c.Expose("f", [](const std::string&) {});
  }
};
struct BadInit {
  explicit BadInit(int) {}
  friend void RpycExpose(ClassDef<BadInit>& c) { c.Init<int>(Arg("n") = "five"); }
};
// Its mistake is found although only a function names the class.
struct BadDefault {
  friend void RpycExpose(ClassDef<BadDefault>& c) {
    c.Expose(
        "go", [](const BadDefault&, double) {}, Arg("speed") = "fast");
  }
};
struct NamesItself {
  friend void RpycExpose(ClassDef<NamesItself>& c) {
    c.Expose(
        "other", [](const NamesItself&, std::shared_ptr<NamesItself> other) { return other; },
        Arg("other") = 5);
  }
};

const Bad kBad[] = {
    {"a default of another type",
     [] {
       Service("S").Expose(
           "f", [](double) {}, Arg("speed") = "fast");
     },
     "rpyc: cannot expose cpp.S.f: the default of argument 'speed' is of the wrong type: "
     "TypeError: expected float, got str"},
    {"a default out of range",
     [] {
       Service("S").Expose(
           "f", [](int8_t) {}, Arg("n") = 300);
     },
     "cannot expose cpp.S.f: the default of argument 'n' is of the wrong type: OverflowError"},
    {"a default before a required argument",
     [] {
       Service("S").Expose(
           "f", [](int, int) {}, Arg("a") = 1, Arg("b"));
     },
     "cannot expose cpp.S.f: argument 'b' has no default and follows 'a', which has one"},
    {"two arguments of a name",
     [] {
       Service("S").Expose(
           "f", [](int, int) {}, Arg("a"), Arg("a"));
     },
     "cannot expose cpp.S.f: two arguments have the name 'a'"},
    {"an argument named as the rest",
     [] {
       Service("S").Expose(
           "f", [](int, const Args&) {}, Arg("args"));
     },
     "two arguments have the name 'args'"},
    {"an argument that is no identifier",
     [] {
       Service("S").Expose(
           "f", [](int) {}, Arg("max-speed"));
     },
     "cannot expose cpp.S.f: argument 'max-speed' has a name that is no Python identifier"},
    {"an argument that is a keyword",
     [] {
       Service("S").Expose(
           "f", [](int) {}, Arg("from"));
     },
     "argument 'from' has a name that is no Python identifier"},
    {"an argument without a name",
     [] {
       Service("S").Expose(
           "f", [](int) {}, Arg(""));
     },
     "an argument has an empty name"},
    {"a function that is no identifier", [] { Service("S").Expose("set speed", [] {}); },
     "cannot expose 'set speed' of cpp.S: the name is no Python identifier"},
    {"a function that is a keyword", [] { Service("S").Expose("import", [] {}); },
     "cannot expose 'import' of cpp.S"},
    {"a property that is no identifier", [] { Service("S").Property("1st", [] { return 1; }); },
     "cannot expose '1st' of cpp.S"},
    {"an empty name", [] { Service("S").Expose("", [] {}); }, "cannot expose '' of cpp.S"},
    {"a null object", [] { Service::Shared("S", std::shared_ptr<Lamp>()); },
     "rpyc: cannot expose the service S: the shared object is null"},
    {"a null function", [] { Service("S").Expose("f", std::function<int()>()); },
     "cannot expose cpp.S.f: the function is null"},
    {"a null function pointer",
     [] {
       int (*function)() = nullptr;
       Service("S").Expose("f", function);
     },
     "cannot expose cpp.S.f: the function is null"},
    {"a null hook", [] { Service("S").OnConnect(std::function<void()>()); },
     "cannot expose cpp.S.on_connect: the function is null"},
    {"a null getter", [] { Service("S").Property("p", std::function<int()>()); },
     "cannot expose cpp.S.p: the getter is null"},
    {"a null setter", [] { ClassOf<NullSetter>(); },
     "cannot expose cpp.NullSetter.level: the setter is null"},
    {"a null member function", [] { ClassOf<NullMember>(); },
     "cannot expose cpp.NullMember.f: the function is null"},
    {"a property and a function", [] { Service::Of<PropertyAndFunction>("S"); },
     "cannot expose cpp.PropertyAndFunction.level: the name is exposed twice, and only functions "
     "may share one"},
    {"two properties", [] { Service::Of<TwoProperties>("S"); },
     "cannot expose cpp.TwoProperties.level: the name is exposed twice"},
    {"the same function twice",
     [] { Service("S").Expose("f", [](int) {}).Expose("f", [](int64_t) {}); },
     "cannot expose cpp.S.f: it is exposed twice, and no call tells f\\(arg0: int, /\\) -> None "
     "from f\\(arg0: int, /\\) -> None before it"},
    {"a function that no call reaches",
     [] {
       Service("S")
           .Expose(
               "f", [](int, int) {}, Arg("a"), Arg("b") = 1)
           .Expose(
               "f", [](int) {}, Arg("a"));
     },
     "no call tells f\\(a: int\\) -> None from f\\(a: int, b: int = 1\\) -> None before it"},
    {"functions with and without the object", [] { ClassOf<MixedOverloads>(); },
     "cannot expose cpp.MixedOverloads.f: functions of one name all take the object or none does"},
    {"a constructor's default", [] { Service("S").Expose("BadInit", Class<BadInit>()); },
     "cannot expose cpp.BadInit.BadInit: the default of argument 'n' is of the wrong type"},
    {"in a class that a function names",
     [] { Service("S").Expose("f", [](const std::vector<std::shared_ptr<BadDefault>>&) {}); },
     "cannot expose cpp.BadDefault.go: the default of argument 'speed' is of the wrong type"},
    {"a default of the class itself", [] { Service::Of<NamesItself>("S"); },
     "cannot expose cpp.NamesItself.other: the default of argument 'other' is of the wrong type: "
     "TypeError: expected NamesItself, got int"},
};

TEST(DefinitionDeathTest, WhatIsWrongEndsTheProgramInOneSentence) {
  testing::FLAGS_gtest_death_test_style = "fast";
  for (const Bad& bad : kBad) {
    SCOPED_TRACE(bad.what);
    EXPECT_DEATH(bad.make(), bad.said);
  }
}

TEST(Definition, WhatIsRightIsMade) {
  Service("S")
      .Expose(
          "speed", [](std::optional<double> speed) { return speed; }, Arg("speed") = std::nullopt)
      .Expose(
          "keywords", [](int, const Args&, int, int) {}, Arg("a") = 1, Arg("b") = 2, Arg("c"))
      .Expose("größe", [] { return 1; })
      .Expose("_private", &Number)
      .Expose("f", [](int) {})
      .Expose("f", [](int, int) {})
      .Expose("f", [](const std::string&) {})
      .Expose(
          "g", [](int) {}, Arg("a"))
      .Expose(
          "g", [](int, const Kwargs& rest) { return rest.size(); }, Arg("a"))
      .Expose("get_service_name", [] { return 5; });
}

TEST(Definition, NulloptIsNone) {
  const Service service = Service("S").Expose(
      "f", [](std::optional<double> speed) { return speed.has_value(); },
      Arg("speed") = std::nullopt);
  EXPECT_EQ(service.root_class().Find("f")->signature.ToString(),
            "(speed: float | None = None) -> bool");
  const auto root = *service.MakeRoot();
  EXPECT_EQ(*root->CallAttr(CallContext(), {"f", true}, {}), Value(false));
  EXPECT_EQ(*root->CallAttr(CallContext(), {"f", true}, {{1.5}, {}}), Value(true));
}

// Classes that name each other are made once each.
struct Second;
struct First {
  std::shared_ptr<Second> second;
  friend void RpycExpose(ClassDef<First>& c);
};
struct Second {
  std::shared_ptr<First> first;
  friend void RpycExpose(ClassDef<Second>& c) {
    c.Expose("First", Class<First>());
    c.Property("first", &Second::first);
  }
};
void RpycExpose(ClassDef<First>& c) {
  c.Expose("Second", Class<Second>());
  c.Property("second", &First::second);
}

TEST(Definition, ClassesMayNameEachOther) {
  Service("S").Expose("First", Class<First>());
  EXPECT_EQ(ClassOf<Second>()->Find("First")->name, "First");
  EXPECT_EQ(ClassOf<First>().get(), ClassOf<First>().get());
}

TEST(Definition, WhatNeedsACompleteClassWaits) {
  std::string order;
  {
    Definition outer;
    Definition::WhenComplete([&] { order += "c"; });
    {
      Definition inner;
      Definition::WhenComplete([&] { order += "d"; });
      inner.Complete();
      order += "a";
    }
    order += "b";
    outer.Complete();
  }
  EXPECT_EQ(order, "abcd");
  Definition::WhenComplete([&] { order += "e"; });
  EXPECT_EQ(order, "abcde") << "at once where none is made";
}

}  // namespace
}  // namespace rpyc
