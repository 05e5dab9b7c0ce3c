#include "rpyc/transport/tls_pem.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/openssl.h"

namespace rpyc {
namespace {

// A larger file is no PEM file: all authorities of the world need less.
constexpr off_t kMaxFileBytes = 8 << 20;

// The key of the status payload that names the field.
constexpr char kFieldPayload[] = "rpychost/tls_field";

// What a PEM file is for, and the field of TlsOptions that names it.
struct Purpose {
  absl::string_view what;
  absl::string_view field;
};
constexpr Purpose kCertificate = {"certificate", "certfile"};
constexpr Purpose kKey = {"private key", "keyfile"};
constexpr Purpose kKeyInCertfile = {"private key", "certfile"};
constexpr Purpose kAuthorities = {"authorities", "ca_certs"};

absl::Status OfField(absl::Status status, absl::string_view field) {
  status.SetPayload(kFieldPayload, absl::Cord(field));
  return status;
}

// Returns the error for a file: "certificate /etc/x.pem: no start line".
absl::Status Wrong(const Purpose& purpose, const Pem& pem, absl::string_view why) {
  return OfField(absl::InvalidArgumentError(absl::StrCat(purpose.what, " ", pem.name, ": ", why)),
                 purpose.field);
}

absl::Status ReadPem(const Purpose& what, absl::string_view file, Pem* pem) {
  if (file.empty()) return absl::OkStatus();
  if (absl::StrContains(file, '\0')) {
    pem->name = absl::CEscape(file);
    return Wrong(what, *pem, "the name holds a NUL");
  }
  pem->name = std::string(file);
  // O_NONBLOCK keeps a pipe from blocking the caller.
  const Fd fd(::open(pem->name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status = {};
  if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0) return Wrong(what, *pem, ErrnoText(errno));
  if (!S_ISREG(status.st_mode)) return Wrong(what, *pem, "it is not a file");
  if (status.st_size > kMaxFileBytes) return Wrong(what, *pem, "it is too large for a PEM file");
  char piece[4096];
  for (;;) {
    const ssize_t bytes = ::read(fd.get(), piece, sizeof(piece));
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return Wrong(what, *pem, ErrnoText(errno));
    if (bytes == 0) break;
    pem->text.append(piece, bytes);
  }
  // The file may be about to be written. An empty text would mean that there is no file.
  if (pem->text.empty()) return Wrong(what, *pem, "it is empty");
  return absl::OkStatus();
}

// Refuses a passphrase, and notes that OpenSSL wanted one. Without it OpenSSL asks on the terminal.
int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// Reads the next certificate of a text. Null: the text has ended, or *why says what is wrong.
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

// Says that a text has no private key, and what it has instead.
std::string WhyNoKey(const Pem& pem) {
  std::string why = "there is no PEM private key in it";
  if (absl::StrContains(pem.text, "-----BEGIN PUBLIC KEY-----")) {
    absl::StrAppend(&why, ", only a public key");
  } else if (absl::StrContains(pem.text, "-----BEGIN CERTIFICATE-----")) {
    absl::StrAppend(&why, ", only a certificate");
  }
  return why;
}

absl::StatusOr<KeyPtr> ReadKey(const Purpose& purpose, const Pem& pem) {
  bool asked = false;
  KeyPtr key(PEM_read_bio_PrivateKey(BioOver(pem.text).get(), nullptr, &NoPassphrase, &asked));
  std::string why = TakeOpensslError();
  if (key != nullptr) return key;
  // For a text that is no key at all OpenSSL says only "unsupported".
  if (asked) {
    why = "it has a passphrase, and must be without one";
  } else if (!absl::StrContains(pem.text, "PRIVATE KEY-----")) {
    why = WhyNoKey(pem);
  }
  return Wrong(purpose, pem, why);
}

}  // namespace

std::string TlsFieldOf(const absl::Status& status) {
  const absl::optional<absl::Cord> field = status.GetPayload(kFieldPayload);
  return field.has_value() ? std::string(*field) : "";
}

absl::StatusOr<TlsPem> ReadTlsPem(absl::string_view keyfile, absl::string_view certfile,
                                  absl::string_view ca_certs) {
  TlsPem pem;
  absl::Status status = ReadPem(kCertificate, certfile, &pem.certificate);
  status.Update(ReadPem(kKey, keyfile, &pem.key));
  status.Update(ReadPem(kAuthorities, ca_certs, &pem.ca_certs));
  if (!status.ok()) return status;
  return pem;
}

absl::Status UseCertificate(const TlsPem& pem, ssl_ctx_st* context) {
  ERR_clear_error();
  const BioPtr bio = BioOver(pem.certificate.text);
  std::string why;
  const X509Ptr certificate = NextCertificate(bio.get(), &why);
  if (certificate == nullptr) {
    return Wrong(kCertificate, pem.certificate, why.empty() ? "there is no PEM in it" : why);
  }
  const bool has_keyfile = !pem.key.text.empty();
  const Pem& key_pem = has_keyfile ? pem.key : pem.certificate;
  const Purpose& key_purpose = has_keyfile ? kKey : kKeyInCertfile;
  const absl::StatusOr<KeyPtr> key = ReadKey(key_purpose, key_pem);
  if (!key.ok()) return key.status();
  if (X509_check_private_key(certificate.get(), key->get()) != 1) {
    return Wrong(key_purpose, key_pem,
                 absl::StrCat("it is not that of certificate ", pem.certificate.name, ": ",
                              TakeOpensslError()));
  }
  if (SSL_CTX_use_certificate(context, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key->get()) != 1) {
    return Wrong(kCertificate, pem.certificate, TakeOpensslError());
  }
  while (X509Ptr next = NextCertificate(bio.get(), &why)) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
      return Wrong(kCertificate, pem.certificate, TakeOpensslError());
    }
  }
  return why.empty() ? absl::OkStatus() : Wrong(kCertificate, pem.certificate, why);
}

absl::Status UseAuthorities(const Pem& ca_certs, ssl_ctx_st* context) {
  ERR_clear_error();
  const BioPtr bio = BioOver(ca_certs.text);
  std::string why;
  int count = 0;
  while (X509Ptr next = NextCertificate(bio.get(), &why)) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), next.get()) != 1) {
      return Wrong(kAuthorities, ca_certs, TakeOpensslError());
    }
    ++count;
  }
  if (why.empty() && count == 0) why = "there is no PEM certificate in it";
  return why.empty() ? absl::OkStatus() : Wrong(kAuthorities, ca_certs, why);
}

absl::Status UseCiphers(const std::string& ciphers, ssl_ctx_st* context) {
  const bool has_nul = absl::StrContains(ciphers, '\0');
  if (ciphers.empty() || (!has_nul && SSL_CTX_set_cipher_list(context, ciphers.c_str()) == 1)) {
    return absl::OkStatus();
  }
  return OfField(absl::InvalidArgumentError(
                     absl::StrCat("ciphers \"", absl::CEscape(ciphers),
                                  "\": ", has_nul ? "it holds a NUL" : TakeOpensslError())),
                 "ciphers");
}

}  // namespace rpyc
