#ifndef RPYC_TRANSPORT_TLS_PEM_H_
#define RPYC_TRANSPORT_TLS_PEM_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace rpyc {

// What a PEM file holds, and how to call it in an error.
struct Pem {
  std::string name;
  std::string text;  // empty: there is none
};

// The bytes that a TLS context is made of: they can be handed to a process that may not, or cannot,
// read the files.
struct TlsPem {
  Pem key;  // none: it is in `certificate`
  Pem certificate;
  Pem ca_certs;
};

// Which of TlsOptions' fields an error of TlsContext or of the functions below is about: "keyfile",
// "certfile", "ca_certs", "ciphers"; "" if of none.
std::string TlsFieldOf(const absl::Status& status);

// Reads the files; an empty name is none. Errors:  kInvalidArgument - the message says which file
// and why.
absl::StatusOr<TlsPem> ReadTlsPem(absl::string_view keyfile, absl::string_view certfile,
                                  absl::string_view ca_certs);

// Has `context` show the certificate with those that follow it in the text, and use the key.
// Errors:  kInvalidArgument - what is wrong with which of them, or that they are no pair.
absl::Status UseCertificate(const TlsPem& pem, ssl_ctx_st* context);

// Has `context` verify peers by the authorities. Errors as UseCertificate's.
absl::Status UseAuthorities(const Pem& ca_certs, ssl_ctx_st* context);

// Has `context` choose among these ciphers, in OpenSSL's notation; "" leaves its default.
// Errors:  kInvalidArgument - it knows none of them.
absl::Status UseCiphers(const std::string& ciphers, ssl_ctx_st* context);

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_TLS_PEM_H_
