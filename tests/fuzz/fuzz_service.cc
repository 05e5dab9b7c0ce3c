#include "tests/fuzz/fuzz_service.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"
#include "rpyc/restricted.h"

namespace rpyc::fuzz {
namespace {

int live = 0;

// Counts the objects that live.
struct Counted {
  Counted() { ++live; }
  ~Counted() { --live; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
};

// This is an object that has others of its kind, nested as deep as the peer asks.
class Node {
 public:
  std::shared_ptr<Node> child() {
    if (child_ == nullptr) child_ = std::make_shared<Node>();
    return child_;
  }
  int64_t number() const { return 42; }

  friend void RpycExpose(ClassDef<Node>& c) {
    c.Doc("A node.");
    c.Property("number", &Node::number);
    c.Property("child", &Node::child);
    c.Property("label", [](Node&) {
      return std::string(
          "n\xC3\xB6"
          "de");
    });
    c.Expose("add", [](Node& node, int64_t n) { return node.number() + n; });
    c.Expose("fail", [](Node&) -> int { throw KeyError("node"); });
    c.Expose("__len__", [](Node&) { return 3; });
    c.Expose("__getitem__", [](Node&, int64_t i) {
      if (i < 0 || i >= 3) throw IndexError("node");
      return i;
    });
    c.Expose("__call__", [](Node&, Value x) { return x; });
    c.Expose("__contains__", [](Node&, Value x) { return x.is_none(); });
    c.Expose("__enter__", [](Node&) { return 1; });
    c.Expose("__exit__", [](Node&, Value type, Value, Value) { return !type.is_none(); });
  }

 private:
  const Counted counted_;
  std::shared_ptr<Node> child_;
};

// Inherits, can be made by a call, and has attributes of every kind.
class Leaf : public Node {
 public:
  explicit Leaf(int64_t size = 1) : size_(size) {}
  int64_t size() const { return size_; }

  friend void RpycExpose(ClassDef<Leaf>& c) {
    c.Base<Node>();
    c.Init([](int64_t size) { return std::make_shared<Leaf>(size); }, Arg("size") = 1);
    c.Property("size", &Leaf::size, [](Leaf& leaf, int64_t size) { leaf.size_ = size; });
    c.Public("open", &Leaf::size);
    c.Expose("__iter__", [](Leaf& leaf) {
      return Iterator([i = int64_t{0}, size = std::clamp<int64_t>(leaf.size(), 0, 50)]() mutable {
        return i < size ? std::optional(i++) : std::nullopt;
      });
    });
    c.Expose("__eq__", [](Leaf& leaf, Value other) { return other == Value(leaf.size()); });
    c.Expose("__lt__", [](Leaf& leaf, int64_t other) { return leaf.size() < other; });
    c.Expose("__add__", [](Leaf& leaf, const std::shared_ptr<Leaf>& other) {
      return std::make_shared<Leaf>((leaf.size() + other->size()) % 1000);
    });
    c.Expose("__hash__", [](Leaf& leaf) { return leaf.size(); });
    c.Expose("__str__", [](Leaf&) { return "a leaf"; });
  }

 private:
  int64_t size_;
};

}  // namespace

// Holds what the peer gave.
struct FuzzService::Kept {
  std::shared_ptr<Node> node;
  Value value;
  List list;
  Dict dict;
  bool containers_lent = false;
};

bool FuzzService::Forget() {
  // Destructors may run code of this service, which must not see a member that is half assigned.
  Kept dropped = std::exchange(*kept_, {});
  dropped.list.clear();
  dropped.dict.clear();
  return !dropped.containers_lent;
}

FuzzService::FuzzService() : service_("FUZZ"), kept_(std::make_shared<Kept>()) {
  const std::shared_ptr<Kept>& kept = kept_;
  service_.Doc("For fuzzing.");
  service_.Expose(
      "add",
      [](int64_t a, int64_t b) { return static_cast<uint64_t>(a) ^ static_cast<uint64_t>(b); },
      Arg("a"), Arg("b"));
  service_.Expose("echo", [](Value x) { return x; });
  service_.Expose("make", [] { return std::make_shared<Node>(); });
  service_.Expose("Leaf", Class<Leaf>());
  service_.Expose("leaf", [](int64_t size) { return std::make_shared<Leaf>(size % 1000); });
  service_.Expose("numbers", [] {
    return Iterator([i = 0]() mutable -> std::optional<Value> {
      if (i++ < 3) return Value(i);
      return i < 6 ? std::optional(Cast<std::shared_ptr<Node>>::To(std::make_shared<Node>()))
                   : std::nullopt;
    });
  });
  service_.Expose("without_end", [] { return Iterator([] { return 1; }); });
  service_.Expose("list", [kept] {
    kept->containers_lent = true;
    return kept->list;
  });
  service_.Expose("dict", [kept] {
    kept->containers_lent = true;
    return kept->dict;
  });
  service_.Expose("rest", [](Value first, Args more, Kwargs named) {
    return std::make_tuple(first, more.size(), named.size());
  });
  service_.Expose("limited", [](std::shared_ptr<Node> node) {
    return Restricted(std::move(node), {"number"}, {{}});
  });
  service_.Expose("keep", [kept](std::shared_ptr<Node> node) { kept->node = std::move(node); });
  service_.Expose("kept", [kept] { return kept->node; });
  service_.Expose("take", [kept](Value value) { kept->value = std::move(value); });
  service_.Expose("taken", [kept] { return Value::Tuple({kept->value, kept->value}); });
  service_.Expose("many", [](int64_t count) {
    std::vector<std::shared_ptr<Node>> nodes(
        static_cast<size_t>(std::clamp<int64_t>(count, 0, 100)));
    for (auto& node : nodes) node = std::make_shared<Node>();
    return nodes;
  });
  service_.Expose("sum", [](std::vector<int64_t> numbers) {
    uint64_t sum = 0;
    for (int64_t number : numbers) sum += static_cast<uint64_t>(number);
    return sum;
  });
  service_.Expose("join", [](std::vector<std::string> parts) {
    std::string joined;
    for (const std::string& part : parts) joined += part;
    return joined;
  });
  service_.Expose("maybe", [](std::optional<double> x) { return x; });
  service_.Expose("set_of", [](Value a, Value b) { return Value::Frozenset({a, b, a}); });
  service_.Expose("slice_of", [](Value a) { return Value::Slice(a, a, a); });
  service_.Expose("fail", [](std::string what) { throw ValueError(what); });
  service_.Expose("stop", [] { throw StopIteration(); });
  service_.Expose("not_text", [] { return std::string("\xff"); });
}

const std::vector<const char*>& FuzzService::MethodNames() {
  static const auto* names = new std::vector<const char*>{
      "add", "echo", "make",  "numbers", "keep",     "kept", "take", "taken",   "many",
      "sum", "join", "maybe", "set_of",  "slice_of", "fail", "stop", "not_text"};
  return *names;
}

int FuzzService::live_objects() { return live; }

}  // namespace rpyc::fuzz
