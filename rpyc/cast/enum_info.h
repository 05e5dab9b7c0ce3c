#ifndef RPYC_CAST_ENUM_INFO_H_
#define RPYC_CAST_ENUM_INFO_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/call_context.h"
#include "rpyc/numbered_object.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc {

class EnumInfo;

// Shows Python a member of a C++ enumeration, or a combination of flags, much as a member of an
// IntEnum. Each member is one object for as long as the program runs.
class EnumMember : public NumberedObject {
 public:
  // `info` is never destroyed. `name` is empty for a combination of no flags.
  EnumMember(const EnumInfo* info, std::string name, uint64_t bits);

  const EnumInfo& info() const { return info_; }
  const std::string& name() const { return name_; }
  uint64_t bits() const { return bits_; }
  Value number() const override;

  absl::StatusOr<std::string> Str(const CallContext& context) override;
  absl::StatusOr<std::string> Repr(const CallContext& context) override;
  // Returns the hash that its number has in Python.
  absl::StatusOr<Value> Hash(const CallContext& context) override;
  absl::StatusOr<Value> Compare(const CallContext& context, absl::string_view op,
                                const Value& other) override;

 private:
  const EnumInfo& info_;
  const std::string name_;
  const uint64_t bits_;
};

// Says what Python sees of a C++ enumeration; its type is erased. It is built once, then immutable,
// and never destroyed.
class EnumInfo {
 public:
  // `name` is the name that Python shows, such as "cpp.State". `is_signed` says how the bits of a
  // member are read.
  EnumInfo(absl::string_view name, bool is_signed);
  EnumInfo(const EnumInfo&) = delete;
  EnumInfo& operator=(const EnumInfo&) = delete;

  // Call these while it is being built. A name that is wrong or given twice ends the program.
  void set_doc(absl::string_view doc);
  void set_are_flags() { are_flags_ = true; }
  void Add(absl::string_view name, uint64_t bits);
  void Finish();

  const std::string& name() const { return name_; }
  std::string short_name() const { return name_.substr(name_.rfind('.') + 1); }
  bool are_flags() const { return are_flags_; }
  uint64_t all_flags() const { return all_flags_; }
  const std::shared_ptr<const ClassInfo>& member_class() const { return member_class_; }
  // The members are in the order added, without the second names of a value.
  const std::vector<std::shared_ptr<EnumMember>>& members() const { return members_; }

  // Returns `bits` as a number.
  Value Number(uint64_t bits) const;
  // These return null if there is no member of that name or value.
  std::shared_ptr<EnumMember> FindName(absl::string_view name) const;
  std::shared_ptr<EnumMember> FindBits(uint64_t bits) const;

  // Returns what Python passed as a member: a member, its name or number, or an object of the
  // peer's that is a number or text.
  // Errors:  a PyStatus: ValueError - no member; TypeError - none of these; what asking raises.
  absl::StatusOr<uint64_t> From(const CallContext& context, const Value& value) const;
  // Throws a ValueError if `bits` are no member.
  Value To(uint64_t bits) const;
  Value ToNumber(uint64_t bits) const;

  // Returns the enumeration itself as Python sees it: iterable and callable, with its members as
  // attributes.
  const std::shared_ptr<Object>& class_object() const { return class_object_; }

 private:
  // Returns text such as "IDLE (0), MOVING (1)" for errors.
  std::string Listed() const;
  absl::Status NoMember(absl::string_view shown, std::optional<absl::string_view> name) const;
  absl::StatusOr<uint64_t> FromNumber(const Value& number) const;
  absl::StatusOr<uint64_t> FromName(const std::string& text) const;

  const std::string name_;
  const bool is_signed_;
  std::string doc_;
  bool are_flags_ = false;
  uint64_t all_flags_ = 0;
  std::shared_ptr<const ClassInfo> member_class_;
  std::vector<std::shared_ptr<EnumMember>> members_;
  absl::flat_hash_map<std::string, std::shared_ptr<EnumMember>> by_name_;
  absl::flat_hash_map<uint64_t, std::shared_ptr<EnumMember>> by_bits_;
  // The names are in the order added and include second names of a value.
  std::vector<std::string> names_;
  std::vector<uint64_t> bits_;
  std::shared_ptr<Object> class_object_;
};

}  // namespace rpyc

#endif  // RPYC_CAST_ENUM_INFO_H_
