#ifndef RPYC_ID_PACK_H_
#define RPYC_ID_PACK_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "rpyc/brine.h"
#include "rpyc/limits.h"
#include "rpyc/out_buffer.h"
#include "rpyc/value.h"

namespace rpyc {

// The name of one of our objects on the wire: (type name, class id, instance id).
// Ids come from NewObjectId; the instance id of a class itself is 0.
// Source:  RPyC lib/__init__.py, get_id_pack, 5.3.1 and 6.0.2.
struct IdPack {
  absl::string_view name;  // borrowed
  int64_t class_id = 0;
  int64_t instance_id = 0;
  // For an object that a service shares: the bits above the 64 of instance_id, with which they are
  // one int on the wire. Both are random then. Else 0.
  uint64_t secret = 0;

  friend bool operator==(const IdPack& a, const IdPack& b) {
    return a.instance_id == b.instance_id && a.class_id == b.class_id && a.secret == b.secret &&
           a.name == b.name;
  }
};

// Reads an id_pack from its encoding, in place; nullopt if it is not shaped like one of ours.
std::optional<IdPack> ParseIdPack(absl::string_view encoded, const Limits& limits);
// Reads an id_pack from a decoded value, which the result borrows from.
std::optional<IdPack> ToIdPack(const Value& value);

// Appends the encoding of `id_pack`.
void AppendIdPack(const IdPack& id_pack, OutBuffer* out);

}  // namespace rpyc

#endif  // RPYC_ID_PACK_H_
