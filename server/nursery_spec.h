#ifndef RPYC_SERVER_NURSERY_SPEC_H_
#define RPYC_SERVER_NURSERY_SPEC_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/tls_pem.h"
#include "server/server_options.h"

namespace rpyc {

// All that a nursery needs to know of its server: the options and, with TLS, the content of the PEM
// files. The descriptor of a listening socket that the server inherited is not part of it.
struct NurserySpec {
  ServerOptions options;  // with defaults filled in
  TlsPem pem;             // the files of options.tls, which the nursery may not be able to read
};

// Encodes a spec for another process of the same program.
// Wire:    brine.
std::string EncodeNurserySpec(const NurserySpec& spec);
// Errors:  kInvalidArgument - the bytes are no spec of this program.
absl::StatusOr<NurserySpec> DecodeNurserySpec(absl::string_view bytes);

// Does the same with certificates.
std::string EncodePem(const TlsPem& pem);
// Errors:  kInvalidArgument - the bytes are no certificates of this program.
absl::StatusOr<TlsPem> DecodePem(absl::string_view bytes);

// An encoded spec, or encoded certificates, may have at most so many bytes.
inline constexpr size_t kMaxNurserySpecBytes = 64 << 20;

}  // namespace rpyc

#endif  // RPYC_SERVER_NURSERY_SPEC_H_
