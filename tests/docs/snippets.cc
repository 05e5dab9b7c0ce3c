#include "tests/docs/snippets.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/discovery.h"
#include "rpyc/authenticator.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/listener.h"
#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"
#include "rpyc/netref.h"
#include "rpyc/token_authenticator.h"

namespace snippets {

// --- the tour: functions ---

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

// --- the tour: classes ---

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

// --- the tour: what a client passes ---

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

// --- the tour: what travels how, who calls, iterators, containers ---

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

// --- the tour: whose thread ---

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

// --- the tour: who may come in ---

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

// --- the README ---

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

// --- the tour: discovery ---

absl::StatusOr<rpyc::Client> Find() {
  return rpyc::ConnectByService("CALCULATOR", {.hostname = "10.0.0.1"});
}

// --- the tour: the client ---

int AddInPython(const rpyc::Client& client) {
  int three = client.root()["add"](1, 2).as<int>();                     // throws RemoteError
  absl::StatusOr<int> six = client.root()["add"](three, 3).get<int>();  // does not
  auto add = client.root().Function<int(int, int)>("add");              // a std::function
  return add(three, six.value_or(0));
}

// --- the tour: listeners ---

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

// --- the tour: errors ---

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
