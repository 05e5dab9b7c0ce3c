#include "rpyc/transport/tls_pem.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/openssl.h"

namespace rpyc {
namespace {

// More than all authorities of the world.
constexpr off_t kMostFileBytes = 8 << 20;

// "certificate /etc/x.pem: no start line".
absl::Status Wrong(absl::string_view what, const Pem& pem, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(what, " ", pem.name, ": ", why));
}

absl::Status ReadPem(absl::string_view what, absl::string_view file, Pem* pem) {
  if (file.empty()) return absl::OkStatus();
  pem->name = std::string(file);
  // A pipe must not hold up who asks.
  const Fd fd(::open(pem->name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status = {};
  if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0) return Wrong(what, *pem, ErrnoText(errno));
  if (!S_ISREG(status.st_mode)) return Wrong(what, *pem, "it is not a file");
  if (status.st_size > kMostFileBytes) return Wrong(what, *pem, "it is too large for a PEM file");
  char piece[4096];
  for (;;) {
    const ssize_t bytes = ::read(fd.get(), piece, sizeof(piece));
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return Wrong(what, *pem, ErrnoText(errno));
    if (bytes == 0) break;
    pem->text.append(piece, bytes);
  }
  // One that is being written; and an empty text would count as none.
  if (pem->text.empty()) return Wrong(what, *pem, "it is empty");
  return absl::OkStatus();
}

// OpenSSL would ask on the terminal.
int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// The next certificate of a text; null at its end, and with *why, where it is not one.
X509Ptr NextCertificate(BIO* bio, std::string* why) {
  bool asked = false;
  X509Ptr certificate(PEM_read_bio_X509_AUX(bio, nullptr, &NoPassphrase, &asked));
  if (certificate == nullptr) {
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    *why = TakeOpensslError();
    if (at_end) why->clear();
  }
  return certificate;
}

absl::StatusOr<KeyPtr> ReadKey(const Pem& pem) {
  bool asked = false;
  KeyPtr key(PEM_read_bio_PrivateKey(BioOver(pem.text).get(), nullptr, &NoPassphrase, &asked));
  const std::string why = TakeOpensslError();
  if (key == nullptr) {
    return Wrong("private key", pem,
                 asked ? "it has a passphrase, and must be without one" : absl::string_view(why));
  }
  return key;
}

}  // namespace

absl::StatusOr<TlsPem> ReadTlsPem(absl::string_view keyfile, absl::string_view certfile,
                                  absl::string_view ca_certs) {
  TlsPem pem;
  absl::Status status = ReadPem("certificate", certfile, &pem.certificate);
  status.Update(ReadPem("private key", keyfile, &pem.key));
  status.Update(ReadPem("authorities", ca_certs, &pem.ca_certs));
  if (!status.ok()) return status;
  return pem;
}

absl::Status UseCertificate(const TlsPem& pem, ssl_ctx_st* context) {
  ERR_clear_error();
  const BioPtr bio = BioOver(pem.certificate.text);
  std::string why;
  const X509Ptr certificate = NextCertificate(bio.get(), &why);
  if (certificate == nullptr) {
    return Wrong("certificate", pem.certificate, why.empty() ? "there is no PEM in it" : why);
  }
  const Pem& key_pem = pem.key.text.empty() ? pem.certificate : pem.key;
  const absl::StatusOr<KeyPtr> key = ReadKey(key_pem);
  if (!key.ok()) return key.status();
  if (X509_check_private_key(certificate.get(), key->get()) != 1) {
    return Wrong("private key", key_pem,
                 absl::StrCat("it is not that of certificate ", pem.certificate.name, ": ",
                              TakeOpensslError()));
  }
  if (SSL_CTX_use_certificate(context, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key->get()) != 1) {
    return Wrong("certificate", pem.certificate, TakeOpensslError());
  }
  while (X509Ptr next = NextCertificate(bio.get(), &why)) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
      return Wrong("certificate", pem.certificate, TakeOpensslError());
    }
  }
  return why.empty() ? absl::OkStatus() : Wrong("certificate", pem.certificate, why);
}

absl::Status UseAuthorities(const Pem& ca_certs, ssl_ctx_st* context) {
  ERR_clear_error();
  const BioPtr bio = BioOver(ca_certs.text);
  std::string why;
  int count = 0;
  while (X509Ptr next = NextCertificate(bio.get(), &why)) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), next.get()) != 1) {
      return Wrong("authorities", ca_certs, TakeOpensslError());
    }
    ++count;
  }
  if (why.empty() && count == 0) why = "there is no PEM certificate in it";
  return why.empty() ? absl::OkStatus() : Wrong("authorities", ca_certs, why);
}

absl::Status UseCiphers(const std::string& ciphers, ssl_ctx_st* context) {
  if (ciphers.empty() || SSL_CTX_set_cipher_list(context, ciphers.c_str()) == 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("ciphers \"", ciphers, "\": ", TakeOpensslError()));
}

}  // namespace rpyc
