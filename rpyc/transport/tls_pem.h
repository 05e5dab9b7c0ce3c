#ifndef RPYC_TRANSPORT_TLS_PEM_H_
#define RPYC_TRANSPORT_TLS_PEM_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace rpyc {

// The content of a PEM file, and its name in errors.
struct Pem {
  std::string name;
  std::string text;  // empty: there is no file
};

// The bytes that a TLS context is made of. They can be sent to a process that cannot read the
// files.
struct TlsPem {
  Pem key;  // empty: the key is in `certificate`
  Pem certificate;
  Pem ca_certs;
};

// The field of TlsOptions that an error of TlsContext or of the functions below is about:
// "keyfile", "certfile", "ca_certs" or "ciphers"; "" if there is none.
std::string TlsFieldOf(const absl::Status& status);

// Reads the files; an empty name means no file.
// Errors:  kInvalidArgument - the message says which file is wrong and why.
absl::StatusOr<TlsPem> ReadTlsPem(absl::string_view keyfile, absl::string_view certfile,
                                  absl::string_view ca_certs);

// Has `context` use the key and show the certificate, with those that follow it in the text.
// Errors:  kInvalidArgument - the message says which of them is wrong, or that they are no pair.
absl::Status UseCertificate(const TlsPem& pem, ssl_ctx_st* context);

// Has `context` verify peers with the authorities.
// Errors:  as UseCertificate.
absl::Status UseAuthorities(const Pem& ca_certs, ssl_ctx_st* context);

// Has `context` choose among these ciphers, in OpenSSL's notation; "" leaves its default.
// Errors:  kInvalidArgument - it knows none of them.
absl::Status UseCiphers(const std::string& ciphers, ssl_ctx_st* context);

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_TLS_PEM_H_
