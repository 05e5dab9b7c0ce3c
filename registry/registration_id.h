#ifndef RPYC_REGISTRY_REGISTRATION_ID_H_
#define RPYC_REGISTRY_REGISTRATION_ID_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registry/registration.h"

namespace rpyc {

// A registration's key as one word: "CALCULATOR@10.0.0.5:18861", "CALCULATOR@[::1]:18861". Bytes
// other than letters, digits and -._~ are written as %XX, the host's colons apart; each key has one
// such word.
std::string RegistrationId(const RegistrationKey& key);
// Errors:  kInvalidArgument - not a word that RegistrationId gives.
absl::StatusOr<RegistrationKey> ParseRegistrationId(absl::string_view id);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRATION_ID_H_
