#include "tests/docs/snippets.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/bg_serving_thread.h"
#include "client/discovery.h"
#include "rpyc/async_result.h"
#include "rpyc/authenticator.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/buffer.h"
#include "rpyc/cast/listener.h"
#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"
#include "rpyc/netref.h"
#include "rpyc/restricted.h"
#include "rpyc/token_authenticator.h"

namespace snippets {

// --- services.md: functions ---

rpyc::Service Greeter() {
  return rpyc::Service("GREETER")
      .Doc("Says hello.")
      .Expose(
          "greet",
          [](const std::string& name, int times) {
            std::string text;
            for (; times > 0; --times) text += "Hello, " + name + "! ";
            return text;
          },
          rpyc::Arg("name"), rpyc::Arg("times") = 1, "Returns a greeting.");
}

double MoveTo(double position) { return position; }
double PositionOf(const std::string& place) { return place == "home" ? 0 : 1; }

rpyc::Service Motion() {
  return rpyc::Service("MOTION")
      .Expose(
          "move", [](double position) { return MoveTo(position); }, rpyc::Arg("position"))
      .Expose(
          "move", [](const std::string& place) { return MoveTo(PositionOf(place)); },
          rpyc::Arg("place"));
}

// --- services.md: classes ---

class Thermometer {
 public:
  explicit Thermometer(std::string place) : place_(std::move(place)) {}

  double Read() const { return 21.5 + offset_; }
  double offset() const { return offset_; }
  void set_offset(double offset) {
    if (offset < -5 || offset > 5) throw rpyc::ValueError("an offset is at most 5 degrees");
    offset_ = offset;
  }

  friend void RpycExpose(rpyc::ClassDef<Thermometer>& c) {
    c.Doc("A thermometer, held by reference.");
    c.Init<std::string>(rpyc::Arg("place"));
    c.Expose("read", &Thermometer::Read, "The temperature in degrees Celsius.");
    c.Property("offset", &Thermometer::offset, &Thermometer::set_offset, "Added to each reading.");
    c.Property("place", &Thermometer::place_);
    c.Expose("__str__", [](const Thermometer& self) { return "thermometer in " + self.place_; });
  }

 private:
  const std::string place_;
  double offset_ = 0;
};

class LabRoot {
 public:
  std::shared_ptr<Thermometer> Find(const std::string& place) {
    const auto found = thermometers_.find(place);
    if (found == thermometers_.end()) throw rpyc::KeyError(place);
    return found->second;
  }

  friend void RpycExpose(rpyc::ClassDef<LabRoot>& c) {
    c.Expose("thermometer", &LabRoot::Find, rpyc::Arg("place"));
    c.Expose("Thermometer", rpyc::Class<Thermometer>());
  }

 private:
  std::map<std::string, std::shared_ptr<Thermometer>> thermometers_ = {
      {"oven", std::make_shared<Thermometer>("oven")}};
};

rpyc::Service Lab() { return rpyc::Service::Of<LabRoot>("LAB"); }

// --- services.md: sequences, iterables, context managers ---

class Spectrum {
 public:
  friend void RpycExpose(rpyc::ClassDef<Spectrum>& c) { c.Sequence(&Spectrum::counts_); }

 private:
  std::vector<int> counts_ = {3, 7, 1};
};

class Rack {
 public:
  std::vector<std::string> Names() const { return {"x", "y"}; }

  friend void RpycExpose(rpyc::ClassDef<Rack>& c) { c.Iterable(&Rack::Names); }
};

class Shutter {
 public:
  void Open() { is_open_ = true; }
  void Close() { is_open_ = false; }
  bool is_open() const { return is_open_; }

  friend void RpycExpose(rpyc::ClassDef<Shutter>& c) {
    c.Context(&Shutter::Open, &Shutter::Close);
    c.Expose("open", &Shutter::Open).Expose("close", &Shutter::Close);
    c.Property("is_open", &Shutter::is_open);
  }

 private:
  bool is_open_ = false;
};

rpyc::Service Optics() {
  const auto shutter = std::make_shared<Shutter>();
  return rpyc::Service("OPTICS")
      .Expose("spectrum", [] { return std::make_shared<Spectrum>(); })
      .Expose("rack", [] { return std::make_shared<Rack>(); })
      .Expose("shutter", [shutter] { return shutter; })
      .Expose("shutter_for_guests", [shutter] {
        const std::vector<std::string> may_read = {"is_open"}, may_set = {};
        return rpyc::Restricted(shutter, may_read, may_set);
      });
}

// --- services.md: what a client passes ---

int Fetch(int parts, const std::function<bool(int, int)>& wanted) {
  int done = 0;
  while (done < parts && wanted(done, parts)) ++done;
  return done;
}

std::string Describe(const rpyc::Netref& robot) {
  std::string text = robot["name"].as<std::string>();
  for (const rpyc::Netref& arm : robot["arms"].Items()) {
    text += " " + arm["position"](rpyc::Arg("unit") = "mm").as<std::string>();
  }
  return text;
}

rpyc::Service Workshop() {
  return rpyc::Service("WORKSHOP")
      .Expose("fetch", &Fetch, rpyc::Arg("parts"), rpyc::Arg("wanted"))
      .Expose("describe", &Describe, rpyc::Arg("robot"))
      .Expose("scale", [](double factor) { return [factor](double x) { return factor * x; }; });
}

// --- services.md: the caller, iterators, enumerations and structs ---

int64_t SumSlowly(const rpyc::CallContext& context, const std::vector<int64_t>& data) {
  int64_t sum = 0;
  for (int64_t item : data) {
    if (context.cancelled()) throw rpyc::RuntimeError(context.peer() + " has gone");
    sum += item;
  }
  return sum;
}

rpyc::Iterator CountTo(int n) {
  return rpyc::Iterator([i = 0, n]() mutable { return i < n ? std::optional(++i) : std::nullopt; });
}

enum class State { kIdle, kMoving };
void RpycExpose(rpyc::EnumDef<State>& e) {
  e.Members({{"IDLE", State::kIdle}, {"MOVING", State::kMoving}});
}

struct Limits {
  double low = 0;
  double high = 1;
  friend void RpycExpose(rpyc::StructDef<Limits>& s) {
    s.Field("low", &Limits::low).Field("high", &Limits::high, 1.0);
  }
};

enum class Rights { kRead = 1, kWrite = 2, kRun = 4 };
void RpycExpose(rpyc::EnumDef<Rights>& e) {
  e.Flags({{"READ", Rights::kRead}, {"WRITE", Rights::kWrite}, {"RUN", Rights::kRun}});
}

rpyc::Service Drive() {
  const auto limits = std::make_shared<Limits>();
  return rpyc::Service("DRIVE")
      .Expose("State", rpyc::Enum<State>())
      .Expose("Rights", rpyc::Enum<Rights>())
      .Expose("state", [] { return State::kMoving; })
      .Expose("limits", [limits] { return *limits; })
      .Expose(
          "set_limits", [limits](const Limits& wanted) { *limits = wanted; }, rpyc::Arg("limits"))
      .Serialized();  // one call at a time, so `limits` needs no lock
}

// --- services.md: many numbers ---

double Mean(std::span<const double> samples) {
  if (samples.empty()) throw rpyc::ValueError("no samples");
  return std::accumulate(samples.begin(), samples.end(), 0.0) / double(samples.size());
}

rpyc::Buffer<double> Waveform() { return rpyc::Buffer<double>(std::vector<double>(1000, 0.5)); }
rpyc::NdArray<float> Image() { return rpyc::NdArray<float>({3, 4}, rpyc::Buffer<float>(12)); }

rpyc::Service Scope() {
  return rpyc::Service("SCOPE")
      .Expose("waveform", &Waveform)
      .Expose("image", &Image)
      .Expose("mean", &Mean, rpyc::Arg("samples"));
}

// --- services.md: containers and iterators ---

std::vector<std::string> Names() { return {"bolts", "nuts"}; }
std::map<std::string, double> Prices() { return {{"bolts", 0.12}}; }
int Total(const std::map<std::string, int>& order) {
  int total = 0;
  for (const auto& [name, count] : order) total += count;
  return total;
}

rpyc::Service Stock() {
  rpyc::Dict counts{{"bolts", 40}, {"nuts", 20}};
  return rpyc::Service("STOCK")
      .Expose("names", &Names)                                          // a tuple
      .Expose("names_as_list", &Names, rpyc::ReturnPolicy::kReference)  // a list
      .Expose("prices", &Prices)                                        // a new dict each time
      .Expose("counts", [counts] { return counts; })                    // one dict for all
      .Expose("total", &Total, rpyc::Arg("order"));                     // takes a dict
}

rpyc::Service Sums() {
  rpyc::List history;
  return rpyc::Service("SUMS")
      .Expose("sum_slowly", &SumSlowly, rpyc::Arg("data"))
      .Expose("count_to", &CountTo, rpyc::Arg("n"))
      .Expose("history", [history] { return history; })
      .Expose("remember", [history](rpyc::Value item) mutable { history.push_back(item); })
      .Expose("count", [](const rpyc::Args& args, const rpyc::Kwargs& kwargs) {
        return std::pair(args.size(), kwargs.size());
      });
}

// --- services.md: whose thread ---

class Window {
 public:
  void SetTitle(const std::string& title) { title_ = title; }

  friend void RpycExpose(rpyc::ClassDef<Window>& c) {
    c.Expose("set_title", &Window::SetTitle, rpyc::Arg("title"));
  }

 private:
  std::string title_;
};

rpyc::Service Gui(std::shared_ptr<Window> window, rpyc::Executor main_loop) {
  return rpyc::Service::Shared("GUI", window).RunOn(main_loop);
}

rpyc::Service Gui(rpyc::Executor main_loop) {
  return Gui(std::make_shared<Window>(), std::move(main_loop));
}

// --- services.md: authentication ---

rpyc::Service Vault(absl::string_view secret) {
  return rpyc::Service("VAULT")
      .AuthenticatedBy(std::make_shared<rpyc::TokenAuthenticator>(secret))
      .Expose("who", [](const rpyc::CallContext& context) { return context.credentials(); });
}

class NameAuthenticator : public rpyc::Authenticator {
 public:
  std::unique_ptr<rpyc::Authentication> Begin(const rpyc::PeerInfo&) const override {
    return std::make_unique<ReadName>();
  }

 private:
  struct ReadName : rpyc::Authentication {
    absl::StatusOr<Step> Receive(absl::string_view received, std::string* reply) override {
      const size_t end = received.find('\n');
      if (end == received.npos) return Step();  // more has to come
      const std::string name(received.substr(0, end));
      if (name.empty()) return absl::UnauthenticatedError("it has no name");
      reply->append("welcome\n");
      return Step{.done = true, .used = end + 1, .credentials = name};
    }
  };
};

rpyc::Service Named() {
  return rpyc::Service("NAMED").AuthenticatedBy(std::make_shared<NameAuthenticator>());
}

// --- README.md ---

class Account {
 public:
  int Deposit(int cents);
  absl::StatusOr<int> Withdraw(int cents);  // NotFound -> KeyError, OutOfRange -> IndexError, ...
  int balance() const;

  friend void RpycExpose(rpyc::ClassDef<Account>& c) {
    c.Doc("A bank account, held by reference.");
    c.Expose("deposit", &Account::Deposit, rpyc::Arg("cents"),
             "Adds cents; returns the new balance.");
    c.Expose("withdraw", &Account::Withdraw, rpyc::Arg("cents"));
    c.Property("balance", &Account::balance);
  }

 private:
  int cents_ = 0;
};

int Account::Deposit(int cents) { return cents_ += cents; }
absl::StatusOr<int> Account::Withdraw(int cents) {
  if (cents > cents_) return absl::OutOfRangeError("insufficient funds");
  return cents_ -= cents;
}
int Account::balance() const { return cents_; }

rpyc::Service Bank() { return rpyc::Service::Of<Account>("ACCOUNT"); }

// --- hosting.md: discovery ---

absl::StatusOr<rpyc::Client> Find() {
  return rpyc::ConnectByService("CALCULATOR", {.hostname = "10.0.0.1"});
}

// --- client.md: the client ---

int AddInPython(const rpyc::Client& client) {
  int three = client.root()["add"](1, 2).as<int>();                     // throws RemoteError
  absl::StatusOr<int> six = client.root()["add"](three, 3).get<int>();  // does not
  auto add = client.root().Function<int(int, int)>("add");              // a std::function
  return add(three, six.value_or(0));
}

int AddTwice(const rpyc::Client& client) {
  const rpyc::AsyncResult first = rpyc::Async(client.root()["add"])(1, 2);
  const rpyc::AsyncResult second = rpyc::Async(client.root()["add"])(3, 4);  // both are on the way
  second.SetExpiry(absl::Seconds(5));
  return first.as<int>() + second.as<int>();
}

std::string FindPlace(const rpyc::Client& client, const std::string& place) {
  try {
    return client.root()["find"](place).as<std::string>();
  } catch (const rpyc::RemoteError& error) {
    if (error.Is("KeyError")) return "there is no " + place;
    throw;  // TimeoutError, EOFError (the connection has ended), or what else the peer raised
  }
}

std::string Watch(const rpyc::Client& client) {
  const rpyc::BgServingThread serving(client);  // runs the lambda while no other thread waits
  const auto seen = std::make_shared<std::promise<std::string>>();
  client.root()["watch"]([seen](const std::string& what) { seen->set_value(what); }).as<void>();
  return seen->get_future().get();
}

// --- services.md: listeners ---

void Log(const std::string&) {}

class Stage {
 public:
  void Tick(double position) { positions_(position); }  // by the control loop

  friend void RpycExpose(rpyc::ClassDef<Stage>& c) {
    c.Expose("listen", [](Stage& self, const rpyc::Listener<void(double)>& listener) {
      self.positions_.Add(listener);
    });
    c.Expose("ignore", [](Stage& self, const rpyc::Listener<void(double)>& listener) {
      self.positions_.Remove(listener);
    });
  }

 private:
  rpyc::Listeners<void(double)> positions_{
      {.max_waiting = 10,
       .when_full = rpyc::WhenFull::kDropOldest,
       .on_error = [](const std::string& client,
                      const rpyc::RemoteError& error) { Log(client + " raised " + error.what()); },
       .on_gone = [](const std::string& client) { Log(client + " has gone"); }}};
};

rpyc::Service StageService() { return rpyc::Service::Of<Stage>("STAGE"); }

// --- services.md: a question from a control loop ---

// Where a client wants it to go.
struct Target {
  std::atomic<double> position{0};
  std::atomic<bool> asked{false};
};

class Follower {
 public:
  // `where` is a function of the client's: where(position) answers the next target.
  explicit Follower(rpyc::Netref where) : where_(std::move(where)) {}

  // One step of the control loop, which goes on while the client thinks.
  void Step() {
    position_ += (target_->position - position_) / 2;
    if (target_->asked.exchange(true)) return;  // the last question has no answer yet
    rpyc::Async(where_)(position_).AddCallback([target = target_](const rpyc::AsyncResult& answer) {
      const absl::StatusOr<double> position = answer.get<double>();
      if (!position.ok()) return;  // it raised, or has gone: it is not asked again
      target->position = *position;
      target->asked = false;
    });
  }
  double position() const { return position_; }

 private:
  const rpyc::Netref where_;
  const std::shared_ptr<Target> target_ = std::make_shared<Target>();
  double position_ = 0;
};

std::shared_ptr<Follower> MakeFollower(rpyc::Netref where) {
  return std::make_shared<Follower>(std::move(where));
}
double StepOf(Follower& follower) {
  follower.Step();
  return follower.position();
}

// --- services.md: a listener that has gone ---

using Observer = std::function<void(double)>;

// Calls all, and waits for each. Takes out those whose client has gone.
void TellAll(std::vector<Observer>* observers, double position) {
  std::erase_if(*observers, [position](const Observer& observer) {
    try {
      observer(position);
      return false;
    } catch (const rpyc::RemoteError& error) {
      return error.Is("EOFError");  // else the function raised: it stays
    }
  });
}

// --- services.md: errors ---

struct LimitError : std::runtime_error {
  LimitError(const std::string& what, double limit) : std::runtime_error(what), limit(limit) {}
  double limit;
};

rpyc::Service Bench() {
  return rpyc::Service("BENCH")
      .Expose("move",
              [](double to) {
                if (to > 10) throw LimitError("too far", 10);
              })
      .Translate<LimitError>("lab.LimitError", rpyc::ErrorAttribute("limit", &LimitError::limit),
                             rpyc::Rebuild([](const rpyc::RemoteError& error) {
                               const rpyc::Value* limit = error.attribute("limit");
                               const double* number = limit == nullptr ? nullptr : limit->AsFloat();
                               return LimitError(error.message(), number == nullptr ? 0 : *number);
                             }));
}

}  // namespace snippets
