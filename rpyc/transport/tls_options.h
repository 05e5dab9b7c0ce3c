#ifndef RPYC_TRANSPORT_TLS_OPTIONS_H_
#define RPYC_TRANSPORT_TLS_OPTIONS_H_

#include <optional>
#include <string>

#include "rpyc/cpp20.h"

namespace rpyc {

// What becomes of a client's certificate: Python's ssl.CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED.
enum class CertReqs {
  kUnspecified,  // kRequired if ca_certs is given, else kNone
  kNone,         // not asked for
  kOptional,     // asked for; verified if there is one
  kRequired,     // none, or one that cannot be verified: the client is refused
};

// TLS at a server's end: RPyC's SSLAuthenticator. Files are PEM. Every field has an initializer, so
// that {.keyfile = "key.pem", .certfile = "cert.pem"} is one without a warning.
// Source:  RPyC utils/authenticators.py, SSLAuthenticator, 5.3.1 and 6.0.2.
struct TlsOptions {
  std::string keyfile = "";   // the private key, without a passphrase; empty: it is in certfile
  std::string certfile = "";  // the certificate, then those that lead to its authority
  std::string ca_certs = "";  // the authorities that clients' certificates are verified with
  CertReqs cert_reqs = CertReqs::kUnspecified;
  std::string ciphers = "";  // of TLS 1.2, in OpenSSL's notation; empty: OpenSSL's default

  // cert_reqs, never kUnspecified.
  CertReqs effective_cert_reqs() const {
    if (cert_reqs != CertReqs::kUnspecified) return cert_reqs;
    return ca_certs.empty() ? CertReqs::kNone : CertReqs::kRequired;
  }

  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

// TLS at a client's end, with the defaults of RPyC's ssl_connect: a server is believed unless
// ca_certs is given, and its name is not checked unless asked for.
// Source:  RPyC utils/factory.py, ssl_connect, 5.3.1 and 6.0.2.
struct TlsClientOptions {
  std::string keyfile = "";   // as TlsOptions, of this client; for servers that ask for it
  std::string certfile = "";  // empty: no certificate is shown
  std::string ca_certs = "";  // the authorities that the server's certificate is verified with
  // Whether the server's certificate must be good. Unset: if ca_certs is given. True without
  // ca_certs: by the authorities that the system trusts.
  std::optional<bool> verify = std::nullopt;
  // Whether it must also be that of the host connected to, or of server_name.
  bool check_hostname = false;
  // The name that the server is asked for (SNI). Empty: the host, unless that is a number.
  std::string server_name = "";
  std::string ciphers = "";
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_TLS_OPTIONS_H_
