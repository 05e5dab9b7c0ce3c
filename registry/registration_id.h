#ifndef RPYC_REGISTRY_REGISTRATION_ID_H_
#define RPYC_REGISTRY_REGISTRATION_ID_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registry/registration.h"

namespace rpyc {

// Writes a registration's key as one word, for example "CALCULATOR@10.0.0.5:18861" or
// "CALCULATOR@[::1]:18861". It writes bytes other than letters, digits and -._~ as %XX, except for
// colons in the host. Each key has exactly one such word.
std::string RegistrationId(const RegistrationKey& key);
// Errors:  kInvalidArgument - not a word that RegistrationId makes.
absl::StatusOr<RegistrationKey> ParseRegistrationId(absl::string_view id);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRATION_ID_H_
