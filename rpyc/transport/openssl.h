#ifndef RPYC_TRANSPORT_OPENSSL_H_
#define RPYC_TRANSPORT_OPENSSL_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

// Helpers for the files of this folder that call OpenSSL.
namespace rpyc {

// Owns an object of OpenSSL, and frees it with `kFree`.
template <auto kFree>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <typename T, auto kFree>
using OpensslPtr = std::unique_ptr<T, OpensslDeleter<kFree>>;

using BioPtr = OpensslPtr<BIO, &BIO_free_all>;
using X509Ptr = OpensslPtr<X509, &X509_free>;
using KeyPtr = OpensslPtr<EVP_PKEY, &EVP_PKEY_free>;

// Makes a BIO that reads `text`, which it borrows.
BioPtr BioOver(absl::string_view text);

// Takes this thread's OpenSSL errors. Returns the reason of the first, "key values mismatch"; "" if
// there is none.
std::string TakeOpensslError();

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_OPENSSL_H_
