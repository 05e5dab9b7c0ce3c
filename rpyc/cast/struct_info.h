#ifndef RPYC_CAST_STRUCT_INFO_H_
#define RPYC_CAST_STRUCT_INFO_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/call_context.h"
#include "rpyc/value.h"

namespace rpyc {

// Describes one field of a C++ struct that travels by value; its type is erased.
struct StructField {
  std::string name;
  std::string type;                    // the annotation of what it gives
  std::string parameter_type;          // the annotation of what it takes
  std::optional<Value> default_value;  // none if the field must be passed
  std::function<absl::Status(const CallContext& context, void* object, Value& value)> set;
  std::function<Value(const void* object)> get;
};

// Says what Python sees of such a struct; its types are erased. It is built once, then immutable,
// and never destroyed.
class StructInfo {
 public:
  // Makes a struct whose fields have their initial values in C++; it is null where C++ cannot make
  // one.
  using Create = std::shared_ptr<void> (*)();

  // `name` is the name that Python shows, such as "cpp.Limits".
  StructInfo(absl::string_view name, Create create);
  StructInfo(const StructInfo&) = delete;
  StructInfo& operator=(const StructInfo&) = delete;

  // Call these while it is being built. A name that is wrong or given twice ends the program.
  void set_doc(absl::string_view doc);
  void Add(StructField field);
  void Finish();

  const std::string& name() const { return name_; }
  std::string short_name() const { return name_.substr(name_.rfind('.') + 1); }
  const std::vector<StructField>& fields() const { return fields_; }
  // Returns the class of the objects that Python sees; calling it makes one.
  const std::shared_ptr<const ClassInfo>& object_class() const { return object_class_; }

  // Sets the fields of a C++ struct from what Python passed: an object that this gave out, a dict
  // of the fields, a tuple or list of them in order, or an object that has them as attributes.
  // Errors:  a PyStatus that names the field: TypeError - a field is missing or unknown, or the
  //          value is none of these; what a field's conversion says; what asking raises.
  absl::Status Fill(const CallContext& context, Value value, void* object) const;
  // Makes a copy of the struct for Python.
  Value Make(const void* object) const;

 private:
  // one for each field; empty if it was not passed
  using Values = std::vector<std::optional<Value>>;

  // Returns text such as "Limits (low, high)".
  std::string Described() const;
  absl::StatusOr<Values> Read(const CallContext& context, Value& value) const;
  absl::StatusOr<Values> InOrder(std::vector<Value> items) const;
  absl::StatusOr<Values> ReadPairs(const CallContext& context, const Value& mapping) const;
  absl::StatusOr<Values> ReadItems(const CallContext& context, const Value& sequence) const;
  absl::StatusOr<Values> ReadAttributes(const CallContext& context, const Value& object) const;
  absl::StatusOr<Values> ReadObject(const CallContext& context, const Value& value) const;
  absl::Status CheckOrder(const CallContext& context, const Value& sequence) const;
  absl::Status FillFrom(const CallContext& context, Values values, void* object) const;

  const std::string name_;
  const Create create_;
  std::string doc_;
  std::vector<StructField> fields_;
  std::vector<std::string> names_;
  std::shared_ptr<const ClassInfo> object_class_;
};

}  // namespace rpyc

#endif  // RPYC_CAST_STRUCT_INFO_H_
