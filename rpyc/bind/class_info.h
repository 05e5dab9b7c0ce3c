#ifndef RPYC_BIND_CLASS_INFO_H_
#define RPYC_BIND_CLASS_INFO_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/bind/signature.h"
#include "rpyc/value.h"

namespace rpyc {

enum class MemberKind { kMethod, kProperty };

// One thing that an exposed class shows to Python, types erased.
struct Member {
  std::string name;
  std::string doc;
  MemberKind kind = MemberKind::kMethod;
  Signature signature;  // of a property: its return_type
  // Runs it on the C++ object behind `self`, which is of the class it was made for. `args` are one
  // for each parameter and may be moved from. May throw what user code throws: see Invoke.
  std::function<absl::StatusOr<Value>(const Member& member, void* self, absl::Span<Value> args)>
      body;

  // A special method: Python looks it up on the class.
  bool is_special() const;
};

// What Python sees of a C++ class. Built once, then immutable and shared by all its objects.
class ClassInfo {
 public:
  // `name` as Python shows it, "cpp.Account". The first component must not be a Python module.
  explicit ClassInfo(absl::string_view name);
  // The same members under another name, as a class of its own.
  ClassInfo(absl::string_view name, const ClassInfo& other);

  const std::string& name() const { return name_; }
  int64_t class_id() const { return class_id_; }
  const std::string& doc() const { return doc_; }
  void set_doc(absl::string_view doc) { doc_ = std::string(doc); }

  // Adds a member; one of the same name is replaced.
  void Add(Member member);
  const Member* Find(absl::string_view name) const;  // nullptr if there is none
  // In the order added.
  const std::vector<std::shared_ptr<const Member>>& members() const { return members_; }

 private:
  std::string name_;
  int64_t class_id_;
  std::string doc_;
  std::vector<std::shared_ptr<const Member>> members_;
  absl::flat_hash_map<std::string, const Member*> by_name_;
};

}  // namespace rpyc

#endif  // RPYC_BIND_CLASS_INFO_H_
