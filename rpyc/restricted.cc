#include "rpyc/restricted.h"

#include <algorithm>

#include "rpyc/errors.h"

namespace rpyc {
namespace {

using Names = std::vector<std::string>;

bool Holds(const Names& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Python looks these up on the class, which is not restricted: the connection's rules decide.
bool IsComparison(absl::string_view name) {
  constexpr absl::string_view kComparisons[] = {"__eq__", "__ge__", "__gt__",
                                                "__le__", "__lt__", "__ne__"};
  return std::find(std::begin(kComparisons), std::end(kComparisons), name) !=
         std::end(kComparisons);
}

class RestrictedObject : public Object {
 public:
  RestrictedObject(std::shared_ptr<Object> object, Names attrs, Names wattrs)
      : object_(std::move(object)), attrs_(std::move(attrs)), wattrs_(std::move(wattrs)) {}

  absl::string_view type_name() const override { return "cpp.Restricted"; }
  int64_t class_id() const override { return kRestrictedClassId; }

  std::optional<absl::StatusOr<AttributeRef>> OwnRule(Access access,
                                                      absl::string_view name) const override {
    if (access == Access::kDelete) return std::nullopt;
    if (!Holds(access == Access::kSet ? wattrs_ : attrs_, name)) {
      if (access == Access::kGet && IsComparison(name)) return std::nullopt;
      return Denied(name);
    }
    return AttributeRef{.name = name, .exposed = object_->Has(name).exposed};
  }
  absl::StatusOr<Value> GetAttr(const CallContext& context, AttributeRef attribute) override {
    if (!Holds(attrs_, attribute.name)) return Denied(attribute.name);
    return object_->GetAttr(context, attribute);
  }
  absl::StatusOr<Value> CallAttr(const CallContext& context, AttributeRef attribute,
                                 CallArgs args) override {
    if (!Holds(attrs_, attribute.name)) return Denied(attribute.name);
    return object_->CallAttr(context, attribute, std::move(args));
  }
  absl::Status SetAttr(const CallContext& context, AttributeRef attribute, Value value) override {
    return object_->SetAttr(context, attribute, std::move(value));
  }
  absl::Status DelAttr(const CallContext&, AttributeRef attribute) override {
    return Denied(attribute.name);
  }
  absl::StatusOr<Names> Dir(const CallContext&) override {
    Names names = attrs_;
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  static absl::Status Denied(absl::string_view name) { return PyStatus("AttributeError", name); }

  const std::shared_ptr<Object> object_;
  const Names attrs_;
  const Names wattrs_;
};

}  // namespace

Value Restricted(std::shared_ptr<Object> object, std::vector<std::string> attrs,
                 std::optional<std::vector<std::string>> wattrs) {
  Names writable = wattrs ? *std::move(wattrs) : attrs;
  return Value(
      std::make_shared<RestrictedObject>(std::move(object), std::move(attrs), std::move(writable)));
}

}  // namespace rpyc
