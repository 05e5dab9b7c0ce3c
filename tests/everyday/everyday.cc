#include "tests/everyday/everyday.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rpyc/bind/args.h"
#include "rpyc/cast/netref.h"
#include "rpyc/cast/object.h"
#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"
#include "rpyc/netref.h"
#include "rpyc/value.h"

namespace everyday {
namespace {

using rpyc::Arg;
using rpyc::Netref;
using rpyc::Value;

// This is an object with what programs use of one: attributes, methods, items and operators.
class Basket {
 public:
  Basket(std::string owner, int64_t size) : owner_(std::move(owner)) {
    for (int64_t i = 0; i < size; ++i) items_.push_back(i);
  }

  friend void RpycExpose(rpyc::ClassDef<Basket>& c) {
    c.Doc("Numbers that somebody owns.");
    c.Property("owner", [](const Basket& self) { return self.owner_; });
    c.Property("count", [](const Basket& self) { return self.items_.size(); });
    c.Expose("put", [](Basket& self, int64_t item) { return self.last_ = item; });
    c.Sequence(&Basket::items_);
    c.Context([](Basket& self) { return self.last_; }, [] {});
    c.Expose("__eq__", [](const Basket& self, Value other) {
      const std::optional<std::string> owner = OwnerOf(other);
      return owner.has_value() && self.owner_ == *owner;
    });
    c.Expose("__lt__", [](const Basket& self, Value other) {
      return self.owner_ < OwnerOf(other).value_or("");
    });
    c.Expose("__hash__", [](const Basket& self) { return self.items_.size(); });
    c.Expose("__str__", [](const Basket& self) { return absl::StrCat("basket of ", self.owner_); });
    c.Expose("__repr__",
             [](const Basket& self) { return absl::StrCat("Basket(", self.owner_, ")"); });
  }

 private:
  static std::optional<std::string> OwnerOf(Value& other) {
    const auto basket = rpyc::Cast<std::shared_ptr<Basket>>::From(other);
    if (!basket.ok()) return std::nullopt;
    return (*basket)->owner_;
  }

  const std::string owner_;
  std::vector<int64_t> items_;
  int64_t last_ = 0;
};

rpyc::List Numbers(int64_t count) {
  rpyc::List numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

rpyc::Dict Table(int64_t count) {
  rpyc::Dict table;
  for (int64_t i = 0; i < count; ++i) table.Set(absl::StrCat("key", i), i);
  return table;
}

rpyc::Iterator Generate(int64_t count) {
  return rpyc::Iterator(
      [i = int64_t{0}, count]() mutable { return i < count ? std::optional(i++) : std::nullopt; });
}

int64_t Total(const std::vector<int64_t>& items) {
  int64_t sum = 0;
  for (const int64_t item : items) sum += item;
  return sum;
}

// Returns the sum of f(0) to f(count - 1).
int64_t CallOften(const Netref& f, int64_t count) {
  int64_t sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += f(i).as<int64_t>();
  return sum;
}

// Returns the name of the class of the exception that f raises.
std::string Caught(const Netref& f) {
  try {
    f().as<void>();
  } catch (const rpyc::RemoteError& e) {
    return e.exception().name;
  }
  return "";
}

}  // namespace

rpyc::Service Everyday() {
  return rpyc::Service("EVERYDAY")
      .Doc("What an ordinary program asks of a server.")
      .Expose(
          "add", [](int64_t a, int64_t b) { return a + b; }, Arg("a"), Arg("b"))
      .Expose(
          "scale",
          [](int64_t value, int64_t factor, int64_t offset) { return value * factor + offset; },
          Arg("value"), Arg("factor") = 2, Arg("offset") = 0)
      .Expose("echo", [](Value x) { return x; })
      .Expose("record", [] { return std::tuple("ada", 36, std::tuple(1.5, true)); })
      .Expose("numbers", &Numbers)
      .Expose("table", &Table)
      .Expose("generate", &Generate)
      .Expose("basket", [](const std::string& owner,
                           int64_t size) { return std::make_shared<Basket>(owner, size); })
      .Expose("total", &Total)
      .Expose("look_up",
              [](const Netref& mapping, const std::string& key) { return mapping.Item(key); })
      .Expose("name_of", [](const Netref& object) { return object["name"]; })
      .Expose("call", [](const Netref& f, Value x) { return f(std::move(x)); })
      .Expose("call_often", &CallOften)
      .Expose("call_with_list", [](const Netref& f) { return f(Numbers(3)); })
      .Expose("caught", &Caught)
      .Expose("fail", [](const std::string& text) -> int64_t { throw rpyc::ValueError(text); });
}

}  // namespace everyday
