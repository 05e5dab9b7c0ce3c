#ifndef RPYC_SERVER_NURSERY_SPEC_H_
#define RPYC_SERVER_NURSERY_SPEC_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/tls_pem.h"
#include "server/server_options.h"

namespace rpyc {

// What a nursery is made of: the options of its server and, with TLS, what its files held. The
// descriptor of a socket that the server inherited stays behind.
struct NurserySpec {
  ServerOptions options;  // with defaults filled in
  TlsPem pem;             // of options.tls; the nursery need not be allowed to read the files
};

// As bytes, for another process of the same program. Wire:  brine.
std::string EncodeNurserySpec(const NurserySpec& spec);
// Errors:  kInvalidArgument - the bytes are no spec of this program.
absl::StatusOr<NurserySpec> DecodeNurserySpec(absl::string_view bytes);

std::string EncodePem(const TlsPem& pem);
// Errors:  kInvalidArgument - the bytes are none.
absl::StatusOr<TlsPem> DecodePem(absl::string_view bytes);

// What either takes, at most.
inline constexpr size_t kMaxNurserySpecBytes = 64 << 20;

}  // namespace rpyc

#endif  // RPYC_SERVER_NURSERY_SPEC_H_
