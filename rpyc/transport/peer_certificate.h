#ifndef RPYC_TRANSPORT_PEER_CERTIFICATE_H_
#define RPYC_TRANSPORT_PEER_CERTIFICATE_H_

#include "absl/status/statusor.h"
#include "rpyc/value.h"

// These are OpenSSL's SSL and X509.
struct ssl_st;
struct x509_st;

namespace rpyc {

// Returns a certificate as Python shows it: a dict with subject and issuer as tuples of tuples of
// (name, value), version, serialNumber, notBefore and notAfter, and, where the certificate has
// them, subjectAltName, OCSP, caIssuers and crlDistributionPoints.
// Errors:  kUnauthenticated - a text in it is not UTF-8; Python refuses such a certificate too.
// Source:  CPython Modules/_ssl.c, _decode_certificate, 3.11.
absl::StatusOr<Value> DecodeCertificate(x509_st* certificate);

// Returns the peer's certificate after the handshake: an empty dict if it was not verified, None if
// the peer has shown none.
// Errors:  as DecodeCertificate.
// Source:  CPython Modules/_ssl.c, _ssl__SSLSocket_getpeercert_impl, 3.11.
absl::StatusOr<Value> PeerCertificate(ssl_st* ssl);

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_PEER_CERTIFICATE_H_
