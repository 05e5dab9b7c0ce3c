#include "tests/types/types_service.h"

#include <array>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
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
#include "rpyc/cast/buffer.h"
#include "rpyc/cast/listener.h"
#include "rpyc/cast/path.h"
#include "rpyc/cast/sequence.h"
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

enum class State { kIdle, kMoving };
void RpycExpose(EnumDef<State>& e) {
  e.Doc("What an axis does.").Members({{"IDLE", State::kIdle}, {"MOVING", State::kMoving}});
}

enum class Rights : uint8_t { kRead = 1, kWrite = 2, kRun = 4 };
void RpycExpose(EnumDef<Rights>& e) {
  e.Flags({{"READ", Rights::kRead}, {"WRITE", Rights::kWrite}, {"RUN", Rights::kRun}});
}

struct Limits {
  double low = 0;
  double high = 0;
  friend void RpycExpose(StructDef<Limits>& s) {
    s.Doc("Where an axis may go.").Field("low", &Limits::low).Field("high", &Limits::high, 10.0);
  }
};

struct Axis {
  std::string name;
  Limits limits;
  State state = State::kIdle;
  std::vector<double> positions;
  friend void RpycExpose(StructDef<Axis>& s) {
    s.Field("name", &Axis::name)
        .Field("limits", &Axis::limits, {.low = 0, .high = 1})
        .Field("state", &Axis::state, State::kIdle)
        .Field("positions", &Axis::positions, {});
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
  Echo<std::string_view>("std::string_view", &service);
  Echo<char>("char", &service);
  service.Expose(FunctionName("const char*"), [] { return "text"; });
  Echo<Bytes>("rpyc::Bytes", &service);
  Echo<std::optional<int>>("std::optional<int>", &service);
  Echo<std::vector<int>>("std::vector<int>", &service);
  Echo<std::vector<uint8_t>>("std::vector<uint8_t>", &service);
  Echo<std::vector<std::byte>>("std::vector<std::byte>", &service);
  Echo<std::vector<char>>("std::vector<char>", &service);
  Echo<std::deque<int>>("std::deque<int>", &service);
  Echo<std::list<int>>("std::list<int>", &service);
  Echo<std::forward_list<int>>("std::forward_list<int>", &service);
  Echo<std::span<const double>>("std::span<const double>", &service);
  Echo<Buffer<double>>("rpyc::Buffer<double>", &service);
  Echo<NdArray<float>>("rpyc::NdArray<float>", &service);
  Echo<std::array<double, 2>>("std::array<double, 2>", &service);
  Echo<std::set<int>>("std::set<int>", &service);
  Echo<std::unordered_set<int>>("std::unordered_set<int>", &service);
  Echo<std::tuple<int, std::string>>("std::tuple<int, std::string>", &service);
  Echo<std::pair<int, int>>("std::pair<int, int>", &service);
  Echo<std::monostate>("std::monostate", &service);
  Echo<std::variant<bool, int, std::string>>("std::variant<bool, int, std::string>", &service);
  Echo<std::chrono::milliseconds>("std::chrono::milliseconds", &service);
  Echo<absl::Duration>("absl::Duration", &service);
  Echo<std::chrono::system_clock::time_point>("std::chrono::system_clock::time_point", &service);
  Echo<absl::Time>("absl::Time", &service);
  Echo<std::filesystem::path>("std::filesystem::path", &service);
  Echo<Value>("rpyc::Value", &service);

  Echo<std::map<std::string, int>>("std::map<std::string, int>", &service);
  Echo<std::unordered_map<int, int>>("std::unordered_map<int, int>", &service);
  Echo<State>("State", &service);
  Echo<Rights>("Rights", &service);
  Echo<Limits>("Limits", &service);
  Echo<List>("rpyc::List", &service);
  Echo<Dict>("rpyc::Dict", &service);
  service.Expose(FunctionName("rpyc::Iterator"), [] { return Iterator(std::vector<int>{1}); });
  Echo<std::shared_ptr<Thing>>("std::shared_ptr<Thing>", &service);
  Echo<std::shared_ptr<const Thing>>("std::shared_ptr<const Thing>", &service);
  service.Expose(FunctionName("std::unique_ptr<Thing>"), [] { return std::make_unique<Thing>(); });
  Echo<Thing>("Thing", &service);
  Echo<Netref>("rpyc::Netref", &service);
  service.Expose(FunctionName("std::function<int(int)>"),
                 [](std::function<int(int)> f) { return f(21); });
  service.Expose(FunctionName("rpyc::Listener<void(int)>"),
                 [](const Listener<void(int)>& listener) { return listener.connected(); });
  service.Expose(FunctionName("a lambda"), [] { return [](int n) { return n; }; });
  service.Expose(FunctionName("rpyc::ClassReference"), [] { return Class<Thing>(); });

  service.Expose(FunctionName("rpyc::Args"),
                 [](Args args) { return Value::Tuple(std::move(args.values)); });
  service.Expose(FunctionName("rpyc::Kwargs"), [](Kwargs kwargs) { return kwargs.values.size(); });

  service.Expose("a_list", [] { return List{1, 2}; });
  service.Expose("a_dict", [] { return Dict{{"a", 1}}; });
  service.Expose("a_function", [] { return [](int n) { return 2 * n; }; });
  service.Expose("a_thing", [] { return Thing(); });
  service.Expose("a_state", [] { return State::kMoving; });
  service.Expose("a_limits", [] { return Limits{.low = 1, .high = 2}; });

  // The rows of everyday_client.py use these.
  service.Expose("a_class_of_states", Enum<State>());
  service.Expose("a_class_of_rights", Enum<Rights>());
  service.Expose("a_class_of_limits", Struct<Limits>());
  service.Expose("a_class_of_axes", Struct<Axis>());
  service.Expose("an_axis", [](Axis axis) { return axis; });
  service.Expose(
      "an_axis_by_value", [](Axis axis) { return axis; }, ReturnPolicy::kValue);
  service.Expose("an_unknown_state", [] { return static_cast<State>(7); });
  service.Expose("a_row_of_states", [](std::vector<State> states) { return states; });
  service.Expose("a_set_of_states", [](std::set<State> states) { return states; });
  service.Expose("a_map_of_states", [](std::map<State, int> states) { return states; });
  service.Expose("a_row_of_limits", [](std::vector<Limits> limits) { return limits; });
  service.Expose("a_state_or_none", [](std::optional<State> state) { return state; });
  service.Expose("a_state_or_error", [](int n) -> absl::StatusOr<State> {
    if (n < 0) return absl::NotFoundError("no such axis");
    return n == 0 ? State::kIdle : State::kMoving;
  });
  service.Expose("a_waveform", [](size_t size) {
    Buffer<double> samples(size);
    for (size_t i = 0; i < size; ++i) samples[i] = 0.5 * static_cast<double>(i);
    return samples;
  });
  service.Expose("an_image", [] {
    return NdArray<float>({2, 3}, Buffer(std::vector<float>{0, 1, 2, 3, 4, 5}));
  });
  service.Expose("a_sum", [](std::span<const double> numbers) {
    double sum = 0;
    for (const double number : numbers) sum += number;
    return sum;
  });
  service.Expose("a_sum_of_image", [](NdArray<float> image) {
    return image.size() == 0 ? 0.0f : image(1, 2) + static_cast<float>(image.shape()[0]);
  });
  return service;
}

}  // namespace rpyc::testing
