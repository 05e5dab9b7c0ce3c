#include "tests/types/types_service.h"

#include <array>
#include <chrono>
#include <complex>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "rpyc/bind/args.h"
#include "rpyc/bind/class_def.h"
#include "rpyc/bind/class_object.h"
#include "rpyc/dict.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"
#include "rpyc/netref.h"
#include "rpyc/value.h"

namespace rpyc::testing {
namespace {

struct Thing {
  int number = 7;
  friend void RpycExpose(ClassDef<Thing>& c) {
    c.Expose("__repr__",
             [](const Thing& self) { return absl::StrCat("Thing(", self.number, ")"); });
  }
};

template <typename T>
void Echo(absl::string_view name, Service* service) {
  service->Expose(FunctionName(name), [](T value) { return value; });
}

}  // namespace

std::string FunctionName(absl::string_view type) {
  std::string name;
  for (const char c : type) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      name.push_back(c);
    } else if (!absl::EndsWith(name, "_")) {
      name.push_back('_');
    }
  }
  return std::string(absl::StripSuffix(name, "_"));
}

Service TypesService() {
  Service service("TYPES");
  Echo<None>("rpyc::None", &service);
  Echo<bool>("bool", &service);
  Echo<int8_t>("int8_t", &service);
  Echo<uint64_t>("uint64_t", &service);
  Echo<double>("double", &service);
  Echo<float>("float", &service);
  Echo<std::complex<double>>("std::complex<double>", &service);
  Echo<std::string>("std::string", &service);
  Echo<absl::string_view>("absl::string_view", &service);
  service.Expose(FunctionName("const char*"), [] { return "text"; });
  Echo<Bytes>("rpyc::Bytes", &service);
  Echo<std::optional<int>>("std::optional<int>", &service);
  Echo<std::vector<int>>("std::vector<int>", &service);
  Echo<std::array<double, 2>>("std::array<double, 2>", &service);
  Echo<std::set<int>>("std::set<int>", &service);
  Echo<std::unordered_set<int>>("std::unordered_set<int>", &service);
  Echo<std::tuple<int, std::string>>("std::tuple<int, std::string>", &service);
  Echo<std::pair<int, int>>("std::pair<int, int>", &service);
  Echo<std::monostate>("std::monostate", &service);
  Echo<std::variant<bool, int, std::string>>("std::variant<bool, int, std::string>", &service);
  Echo<std::chrono::milliseconds>("std::chrono::milliseconds", &service);
  Echo<absl::Duration>("absl::Duration", &service);
  Echo<Value>("rpyc::Value", &service);

  Echo<std::map<std::string, int>>("std::map<std::string, int>", &service);
  Echo<std::unordered_map<int, int>>("std::unordered_map<int, int>", &service);
  Echo<List>("rpyc::List", &service);
  Echo<Dict>("rpyc::Dict", &service);
  service.Expose(FunctionName("rpyc::Iterator"), [] { return Iterator(std::vector<int>{1}); });
  Echo<std::shared_ptr<Thing>>("std::shared_ptr<Thing>", &service);
  Echo<std::shared_ptr<const Thing>>("std::shared_ptr<const Thing>", &service);
  Echo<Thing>("Thing", &service);
  Echo<Netref>("rpyc::Netref", &service);
  service.Expose(FunctionName("std::function<int(int)>"),
                 [](std::function<int(int)> f) { return f(21); });
  service.Expose(FunctionName("a lambda"), [] { return [](int n) { return n; }; });
  service.Expose(FunctionName("rpyc::ClassReference"), [] { return Class<Thing>(); });

  service.Expose(FunctionName("rpyc::Args"),
                 [](Args args) { return Value::Tuple(std::move(args.values)); });
  service.Expose(FunctionName("rpyc::Kwargs"), [](Kwargs kwargs) { return kwargs.values.size(); });

  service.Expose("a_list", [] { return List{1, 2}; });
  service.Expose("a_dict", [] { return Dict{{"a", 1}}; });
  service.Expose("a_function", [] { return [](int n) { return 2 * n; }; });
  service.Expose("a_thing", [] { return Thing(); });
  return service;
}

}  // namespace rpyc::testing
