#ifndef RPYC_SERVER_ADMIN_FINGERPRINT_H_
#define RPYC_SERVER_ADMIN_FINGERPRINT_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace rpyc {

// A number that is the same for the same bytes in every build, as absl::Hash is not, and another
// one for others unless somebody means harm: 64 bits of FNV-1a.
uint64_t Fingerprint(absl::string_view bytes);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_FINGERPRINT_H_
