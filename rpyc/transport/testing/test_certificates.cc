#include "rpyc/transport/testing/test_certificates.h"

#include <gtest/gtest.h>
#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "rpyc/transport/openssl.h"

namespace rpyc {
namespace {

template <typename Write>
std::string Pem(Write write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  EXPECT_EQ(write(bio.get()), 1) << TakeOpensslError();
  char* text = nullptr;
  const auto bytes = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, bytes);
}

std::string CertificatePem(X509* certificate) {
  return Pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

void SetName(X509_NAME* name, const std::string& text) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    int set = 0;
    for (absl::string_view attribute : absl::StrSplit(part, " + ")) {
      const std::vector<std::string> pair = absl::StrSplit(attribute, absl::MaxSplits('=', 1));
      const int type = pair[0] == "x500UniqueIdentifier" ? V_ASN1_BIT_STRING : MBSTRING_UTF8;
      EXPECT_EQ(X509_NAME_add_entry_by_txt(name, pair[0].c_str(), type,
                                           reinterpret_cast<const unsigned char*>(pair[1].data()),
                                           static_cast<int>(pair[1].size()), -1, set),
                1)
          << pair[0] << ": " << TakeOpensslError();
      set = -1;
    }
  }
}

X509Ptr Make(const TestCertificateOptions& options, EVP_PKEY* key, X509* issuer,
             EVP_PKEY* issuer_key) {
  static int64_t serial = 0x0D70FEDCBA;
  X509Ptr made(X509_new());
  X509* const raw = made.get();
  X509_set_version(raw, 2);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(raw), ++serial);
  X509_time_adj_ex(X509_getm_notBefore(raw), 0, absl::ToInt64Seconds(options.from), nullptr);
  X509_time_adj_ex(X509_getm_notAfter(raw), 0, absl::ToInt64Seconds(options.until), nullptr);
  SetName(X509_get_subject_name(raw), options.subject);
  X509* const parent = issuer == nullptr ? raw : issuer;
  X509_set_issuer_name(raw, X509_get_subject_name(parent));
  X509_set_pubkey(raw, key);
  X509V3_CTX context;
  X509V3_set_ctx(&context, parent, raw, nullptr, nullptr, 0);
  const OpensslPtr<CONF, &NCONF_free> sections(NCONF_new(nullptr));
  EXPECT_EQ(NCONF_load_bio(sections.get(), BioOver(options.sections + "\n").get(), nullptr), 1);
  X509V3_set_nconf(&context, sections.get());
  for (const auto& [name, text] : options.extensions) {
    const OpensslPtr<X509_EXTENSION, &X509_EXTENSION_free> extension(
        X509V3_EXT_nconf(sections.get(), &context, name.c_str(), text.c_str()));
    EXPECT_NE(extension, nullptr) << name << ": " << TakeOpensslError();
    if (extension != nullptr) X509_add_ext(raw, extension.get(), -1);
  }
  EXPECT_GT(X509_sign(raw, issuer_key, EVP_sha256()), 0) << TakeOpensslError();
  return made;
}

}  // namespace

struct TestAuthority::Keys {
  KeyPtr key;
  X509Ptr certificate;
};

TestAuthority::TestAuthority(absl::string_view name) : keys_(std::make_unique<Keys>()) {
  keys_->key.reset(EVP_EC_gen("P-256"));
  keys_->certificate = Make({.subject = absl::StrCat("CN=", name),
                             .extensions = {{"basicConstraints", "critical,CA:TRUE"},
                                            {"keyUsage", "critical,keyCertSign,cRLSign"}}},
                            keys_->key.get(), nullptr, keys_->key.get());
  certificate_ = CertificatePem(keys_->certificate.get());
}

TestAuthority::~TestAuthority() = default;

TestCertificate TestAuthority::Issue(const TestCertificateOptions& options) const {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr made = Make(options, key.get(), keys_->certificate.get(), keys_->key.get());
  return {CertificatePem(made.get()), Pem([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

TestDirectory::TestDirectory() {
  char path[] = "/tmp/certificates_XXXXXX";
  EXPECT_NE(::mkdtemp(path), nullptr);
  path_ = path;
}

TestDirectory::~TestDirectory() { std::filesystem::remove_all(path_); }

std::string TestDirectory::Write(const std::string& name, absl::string_view text) const {
  // The file is moved into place, as programs that renew certificates do it. It has another inode,
  // so a reader sees that it is another file, however little time has passed.
  const std::string fresh = path_ / absl::StrCat(name, ".new");
  std::ofstream(fresh) << text;
  std::filesystem::rename(fresh, path_ / name);
  return path_ / name;
}

}  // namespace rpyc
