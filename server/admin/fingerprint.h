#ifndef RPYC_SERVER_ADMIN_FINGERPRINT_H_
#define RPYC_SERVER_ADMIN_FINGERPRINT_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace rpyc {

// The 64-bit FNV-1a hash of `bytes`. Unlike absl::Hash it is the same in every build. It does not
// protect against a peer that looks for a collision.
uint64_t Fingerprint(absl::string_view bytes);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_FINGERPRINT_H_
