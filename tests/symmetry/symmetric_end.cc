#include "tests/symmetry/symmetric_end.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "rpyc/bind/instance.h"
#include "rpyc/errors.h"
#include "rpyc/netref_object.h"
#include "rpyc/protocol_constants.h"

namespace rpyc {
namespace {

constexpr int kMaxCallDepth = 5;         // how deep calls go within calls
constexpr int kMaxStepsPerVisit = 3;     // at most
constexpr size_t kMaxKeptThings = 24;    // at most
constexpr size_t kMaxThingsPerCall = 3;  // at most
const absl::Duration kMaxWait = absl::Minutes(2);
// A refusal may be one of these; anything else is a mistake.
constexpr std::array<absl::string_view, 3> kRefusals = {"MemoryError", "RecursionError",
                                                        "ValueError"};

}  // namespace

// This is an object of one end, which the other may call.
class SymmetricEnd::Token {
 public:
  Token(SymmetricEnd* end, int64_t serial) : end_(end), serial_(serial) { ++end_->tokens_; }
  ~Token() { --end_->tokens_; }
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

  const SymmetricEnd* end() const { return end_; }
  int64_t serial() const { return serial_; }
  absl::StatusOr<Value> Visit(uint64_t seed, int budget, Value pairs) {
    return end_->Visit(seed, budget, std::move(pairs).TakeItems());
  }

  friend void RpycExpose(ClassDef<Token>& c) {
    c.Property("serial", &Token::serial);
    c.Expose("__call__", &Token::Visit, Arg("seed"), Arg("budget"), Arg("pairs"));
  }

 private:
  SymmetricEnd* const end_;
  const int64_t serial_;
};

SymmetricEnd::SymmetricEnd(std::string name, std::unique_ptr<Stream> stream,
                           const Connection::Options* options, Rules rules)
    : name_(std::move(name)),
      rules_(rules),
      service_(name_),
      connection_(std::move(stream),
                  &service_.Expose(
                      "visit",
                      [this](uint64_t seed, int budget, Value pairs) {
                        return Visit(seed, budget, std::move(pairs).TakeItems());
                      },
                      Arg("seed"), Arg("budget"), Arg("pairs")),
                  options, name_) {}

std::vector<std::string> SymmetricEnd::mistakes() const {
  MutexLock lock(&mutex_);
  return mistakes_;
}

void SymmetricEnd::Mistake(std::string what) {
  MutexLock lock(&mutex_);
  mistakes_.push_back(absl::StrCat(name_, ": ", what));
}

SymmetricEnd::Thing SymmetricEnd::MakeThing() {
  const int64_t serial = ++last_serial_;
  const auto token = std::make_shared<Token>(this, serial);
  return {Value(std::make_shared<Instance>(ClassOf<Token>(), token)), serial};
}

void SymmetricEnd::Keep(Thing thing) {
  Thing dropped;  // outside the lock
  MutexLock lock(&mutex_);
  if (settling_.load()) return;
  if (kept_things_.size() < kMaxKeptThings) return kept_things_.push_back(std::move(thing));
  std::swap(kept_things_[static_cast<size_t>(thing.serial) % kept_things_.size()], thing);
  dropped = std::move(thing);
}

// Takes the random steps of one thread; it has its own random numbers and remembers the requests
// that it has started.
class SymmetricEnd::Walker {
 public:
  Walker(SymmetricEnd* end, uint64_t seed, int budget)
      : end_(*end), random_(seed), budget_(budget) {}

  void Steps(int count) {
    for (int i = 0; i < count && !end_.settling_.load(); ++i) Step();
    for (const std::shared_ptr<PendingRequest>& request : started_requests_) {
      if (end_.rules_.abandons && Toss(2)) continue;
      Await(*request);
    }
    started_requests_.clear();
  }

  // Returns some things of either end, as pairs of object and serial number.
  std::vector<Value> Pairs() {
    std::vector<Value> pairs;
    for (size_t i = Number(kMaxThingsPerCall + 1); i > 0; --i) {
      Thing thing = Pick();
      pairs.push_back(Value::Tuple({std::move(thing.object), Value(thing.serial)}));
    }
    return pairs;
  }

  // Takes over what the other end passed.
  void Take(std::vector<Value> pairs) {
    for (Value& pair : pairs) {
      std::vector<Value> parts = std::move(pair).TakeItems();
      if (parts.size() != 2 || parts[0].AsObject() == nullptr || parts[1].AsInt() == nullptr) {
        end_.Mistake(absl::StrCat("got what nobody sent: ", Value::Tuple(parts).DebugString()));
        continue;
      }
      Thing thing{std::move(parts[0]), *parts[1].AsInt()};
      Check(thing);
      if (Toss(2)) end_.Keep(std::move(thing));
    }
  }

  // Returns a number from 0 to bound - 1.
  size_t Number(size_t bound) {
    return std::uniform_int_distribution<size_t>(0, bound - 1)(random_);
  }
  bool Toss(size_t sides) { return Number(sides) == 0; }

 private:
  void Step() {
    switch (Number(end_.rules_.abandons ? 9 : 8)) {
      case 0:
      case 1:
        return TakeAnswer(CallRoot(CallContext()));
      case 2:
        return TakeAnswer(CallThing(Theirs()));
      case 3:
        return Check(Pick());
      case 4:
        return Drop();
      case 5:
        return end_.Keep(end_.MakeThing());
      case 6:
        return Start();
      case 7:
        return SendTheImpossible();
      default:
        // The answer, which may bring references, comes when nothing waits for it.
        return TakeAnswer(CallRoot(CallContext().WithTimeout(absl::ZeroDuration())));
    }
  }

  // Returns one of the kept things, or a new one.
  Thing Pick() {
    {
      MutexLock lock(&end_.mutex_);
      const size_t i = Number(kMaxKeptThings);
      if (i < end_.kept_things_.size()) return end_.kept_things_[i];
    }
    return end_.MakeThing();
  }

  // Returns one of the kept things that belongs to the other end, or no object if there is none.
  Thing Theirs() {
    MutexLock lock(&end_.mutex_);
    for (size_t tries = end_.kept_things_.size(); tries > 0; --tries) {
      const Thing& thing = end_.kept_things_[Number(end_.kept_things_.size())];
      if (dynamic_cast<NetrefObject*>(thing.object.AsObject()->get()) != nullptr) return thing;
    }
    return {Value(), 0};
  }

  void Drop() {
    Thing dropped;
    MutexLock lock(&end_.mutex_);
    if (end_.kept_things_.empty()) return;
    std::swap(end_.kept_things_[Number(end_.kept_things_.size())], end_.kept_things_.back());
    dropped = std::move(end_.kept_things_.back());
    end_.kept_things_.pop_back();
  }

  std::vector<Value> Arguments(std::vector<Value> pairs) {
    return {Value(static_cast<int64_t>(random_() >> 2)), Value(budget_ - 1),
            Value::Tuple(std::move(pairs))};
  }

  absl::StatusOr<Value> Root() {
    return end_.connection_.peer_objects()->Request(Handle::kGetRoot, Value::Tuple({}),
                                                    std::nullopt);
  }

  absl::StatusOr<Value> CallRoot(const CallContext& context) {
    absl::StatusOr<Value> root = Root();
    if (!root.ok()) return root;
    return (*root->AsObject())
        ->CallAttr(context, {.name = "visit", .exposed = false},
                   {.positional = Arguments(Pairs()), .keyword = {}});
  }

  absl::StatusOr<Value> CallThing(const Thing& thing) {
    if (thing.object.AsObject() == nullptr) return Value();
    return (*thing.object.AsObject())
        ->Call(CallContext(), {.positional = Arguments(Pairs()), .keyword = {}});
  }

  void Start() {
    absl::StatusOr<Value> root = Root();
    if (!root.ok()) return TakeAnswer(root.status());
    auto* netref = dynamic_cast<NetrefObject*>(root->AsObject()->get());
    started_requests_.push_back(
        netref->StartCallAttr("visit", {.positional = Arguments(Pairs()), .keyword = {}}));
    if (Toss(2)) return;
    // The callback runs on whichever thread serves then, when this walk may be over.
    started_requests_.back()->AddCallback(
        [end = &end_, seed = random_()](const absl::StatusOr<Value>& answer) {
          Walker(end, seed, 0).TakeAnswer(answer);
        });
  }

  void Await(const PendingRequest& request) {
    if (end_.connection_.peer_objects()->Await(request, absl::Now() + kMaxWait)) {
      TakeAnswer(request.answer());
    } else {
      end_.Mistake("a request was never answered");
    }
  }

  // References in a request that cannot be sent must not count as sent.
  void SendTheImpossible() {
    Value deep = end_.MakeThing().object;
    for (int i = 0; i < 2 * Limits().max_nesting; ++i) deep = Value::Tuple({std::move(deep)});
    std::vector<Value> pairs = Pairs();
    pairs.push_back(std::move(deep));
    absl::StatusOr<Value> root = Root();
    if (!root.ok()) return TakeAnswer(root.status());
    const absl::StatusOr<Value> answer =
        (*root->AsObject())
            ->CallAttr(CallContext(), {.name = "visit", .exposed = false},
                       {.positional = Arguments(std::move(pairs)), .keyword = {}});
    if (answer.ok()) end_.Mistake("a tuple nested too deep was sent");
  }

  void TakeAnswer(absl::StatusOr<Value> answer) {
    if (answer.ok()) return Take(std::move(*answer).TakeItems());
    const std::string name = ToException(answer.status()).name;
    const bool allowed = std::find(kRefusals.begin(), kRefusals.end(), name) != kRefusals.end() ||
                         (end_.rules_.abandons && name == "TimeoutError") ||
                         (end_.connection_.ended() && name == "EOFError");
    if (!allowed) end_.Mistake(ToException(answer.status()).Summary());
  }

  void Check(const Thing& thing) {
    Object* const object = thing.object.AsObject()->get();
    if (const auto* ours = dynamic_cast<Instance*>(object)) {
      const auto* token = static_cast<Token*>(ours->self().get());
      if (token->end() != &end_ || token->serial() != thing.serial) {
        end_.Mistake(absl::StrCat("number ", thing.serial, " came back as another object"));
      }
      return;
    }
    if (!Toss(4)) return;
    const absl::StatusOr<Value> serial =
        object->GetAttr(CallContext(), {.name = "serial", .exposed = false});
    if (!serial.ok()) return TakeAnswer(serial.status());
    if (*serial != Value(thing.serial)) {
      end_.Mistake(
          absl::StrCat("number ", thing.serial, " of the other end says ", serial->DebugString()));
    }
  }

  SymmetricEnd& end_;
  std::mt19937_64 random_;
  const int budget_;
  std::vector<std::shared_ptr<PendingRequest>> started_requests_;
};

void SymmetricEnd::Walk(uint64_t seed, int steps) {
  Walker(this, seed, kMaxCallDepth).Steps(steps);
}

absl::StatusOr<Value> SymmetricEnd::Visit(uint64_t seed, int budget, std::vector<Value> pairs) {
  ++visits_;
  Walker walker(this, seed, budget);
  walker.Take(std::move(pairs));
  if (settling_.load()) return Value::Tuple({});
  if (budget > 0) walker.Steps(static_cast<int>(walker.Number(kMaxStepsPerVisit + 1)));
  if (walker.Toss(8)) return PyStatus("ValueError", "no luck");
  return Value::Tuple(walker.Pairs());
}

void SymmetricEnd::Settle() {
  settling_.store(true);
  std::vector<Thing> dropped;  // outside the lock
  MutexLock lock(&mutex_);
  dropped.swap(kept_things_);
}

absl::Status SymmetricEnd::Ping() {
  return connection_.peer_objects()
      ->Request(Handle::kPing, Value::Tuple({Value("anybody there?")}), std::nullopt)
      .status();
}

}  // namespace rpyc
