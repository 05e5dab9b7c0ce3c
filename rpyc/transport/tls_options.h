#ifndef RPYC_TRANSPORT_TLS_OPTIONS_H_
#define RPYC_TRANSPORT_TLS_OPTIONS_H_

#include <optional>
#include <string>

#include "rpyc/cpp20.h"

namespace rpyc {

// Whether clients must show a certificate: Python's ssl.CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED.
enum class CertReqs {
  kUnspecified,  // kRequired if ca_certs is given, else kNone
  kNone,         // clients are not asked for one
  kOptional,     // clients are asked for one, and it is verified if there is one
  kRequired,     // a client without a certificate, or with one that cannot be verified, is refused
};

// The options of TLS at a server's end, as RPyC's SSLAuthenticator has them. Files are PEM. Every
// field has an initializer, so that {.keyfile = "key.pem", .certfile = "cert.pem"} compiles without
// a warning.
// Source:  RPyC utils/authenticators.py, SSLAuthenticator, 5.3.1 and 6.0.2.
struct TlsOptions {
  std::string keyfile = "";   // has the private key, without a passphrase; empty: certfile has it
  std::string certfile = "";  // has the certificate, then those that lead to its authority
  std::string ca_certs = "";  // has the authorities that verify clients' certificates
  CertReqs cert_reqs = CertReqs::kUnspecified;
  std::string ciphers = "";  // for TLS 1.2, in OpenSSL's notation; empty: OpenSSL's default

  // The value of cert_reqs that is in force; never kUnspecified.
  CertReqs effective_cert_reqs() const {
    if (cert_reqs != CertReqs::kUnspecified) return cert_reqs;
    return ca_certs.empty() ? CertReqs::kNone : CertReqs::kRequired;
  }

  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

// The options of TLS at a client's end, with the defaults of RPyC's ssl_connect: any server is
// trusted unless ca_certs is given, and its name is checked only with check_hostname.
// Source:  RPyC utils/factory.py, ssl_connect, 5.3.1 and 6.0.2.
struct TlsClientOptions {
  std::string keyfile = "";   // has this client's key, as in TlsOptions
  std::string certfile = "";  // has this client's certificate; empty: it shows none
  std::string ca_certs = "";  // has the authorities that verify the server's certificate
  // Whether the server's certificate is verified. Unset: if ca_certs is given. True without
  // ca_certs: with the authorities that the system trusts.
  std::optional<bool> verify = std::nullopt;
  // Whether the certificate must also be for the host that is connected to, or for server_name.
  bool check_hostname = false;
  // The name that the client asks the server for (SNI). Empty: the host, unless it is numeric.
  std::string server_name = "";
  std::string ciphers = "";
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_TLS_OPTIONS_H_
