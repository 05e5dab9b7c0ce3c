#include "rpyc/transport/tls_context.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rpyc/transport/openssl.h"
#include "rpyc/transport/testing/test_certificates.h"

namespace rpyc {
namespace {

class TlsContextTest : public testing::Test {
 protected:
  // Puts a new pair in place and returns its certificate.
  std::string WritePair() {
    const TestCertificate made = authority_.Issue();
    directory_.Write("key.pem", made.key);
    directory_.Write("cert.pem", made.certificate);
    return made.certificate;
  }
  TlsOptions Options() const {
    return {.keyfile = directory_.Path("key.pem"), .certfile = directory_.Path("cert.pem")};
  }
  // The certificate that a new connection would show.
  static std::string Shown(const TlsContext& context) {
    const SslPtr ssl = context.NewConnection();
    const BioPtr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), SSL_get_certificate(ssl.get()));
    char* text = nullptr;
    const auto bytes = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, bytes);
  }
  // Expects that `options` make no context, and that the error names all of `words`.
  static void ExpectRefused(const TlsOptions& options, std::initializer_list<std::string> words) {
    const absl::Status status = TlsContext::Load(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    for (const std::string& word : words) {
      EXPECT_TRUE(absl::StrContains(status.message(), word)) << word << " in " << status;
    }
  }

  TestAuthority authority_;
  TestDirectory directory_;
};

TEST_F(TlsContextTest, ShowsTheCertificateOfItsFile) {
  const std::string certificate = WritePair();
  EXPECT_EQ(Shown(**TlsContext::Load(Options())), certificate);
}

TEST_F(TlsContextTest, AKeyInTheCertificatesFile) {
  const TestCertificate made = authority_.Issue();
  const std::string file = directory_.Write(
      "both.pem", absl::StrCat(made.key, made.certificate, authority_.certificate()));
  EXPECT_EQ(Shown(**TlsContext::Load({.certfile = file})), made.certificate);
}

TEST_F(TlsContextTest, OfBytes) {
  const TestCertificate made = authority_.Issue();
  const TlsPem pem = {{"the key", made.key}, {"the certificate", made.certificate}, {}};
  const TlsOptions options = {.keyfile = "nowhere", .certfile = "nowhere"};
  const auto context = *TlsContext::Make(options, pem);
  EXPECT_EQ(Shown(*context), made.certificate);
  // There are no files to read again.
  EXPECT_TRUE(context->Reload().ok());
  EXPECT_FALSE(*context->ReloadIfChanged());
  const TestCertificate next = authority_.Issue();
  EXPECT_TRUE(context->Use({{"key", next.key}, {"certificate", next.certificate}, {}}).ok());
  EXPECT_EQ(Shown(*context), next.certificate);
}

TEST_F(TlsContextTest, ErrorsNameTheFileAndWhatIsWrongWithIt) {
  ExpectRefused({}, {"certfile"});
  ExpectRefused(Options(), {"certificate " + directory_.Path("cert.pem"), "No such file"});
  const TestCertificate one = authority_.Issue(), other = authority_.Issue();
  const std::string certificate = directory_.Write("cert.pem", one.certificate);
  ExpectRefused(Options(), {"private key " + directory_.Path("key.pem"), "No such file"});
  const std::string key = directory_.Write("key.pem", other.key);
  ExpectRefused(Options(), {key, certificate, "key values mismatch"});
  directory_.Write("key.pem", "");
  ExpectRefused(Options(), {key, "empty"});
  directory_.Write("key.pem", "no PEM");
  ExpectRefused(Options(), {"private key " + key});
  directory_.Write("key.pem", one.key);
  EXPECT_TRUE(TlsContext::Load(Options()).ok());
  directory_.Write("cert.pem", one.key);
  ExpectRefused(Options(), {"certificate " + certificate, "no PEM"});
  directory_.Write("cert.pem", one.certificate.substr(0, one.certificate.size() / 2));
  ExpectRefused(Options(), {"certificate " + certificate});
  directory_.Write("cert.pem", one.certificate);

  TlsOptions options = Options();
  options.cert_reqs = CertReqs::kRequired;
  ExpectRefused(options, {"ca_certs"});
  options.ca_certs = directory_.Write("ca.pem", one.key);
  ExpectRefused(options, {"authorities " + options.ca_certs, "no PEM certificate"});
  options.ca_certs = directory_.Path("");
  ExpectRefused(options, {"authorities " + options.ca_certs, "not a file"});
  options = Options();
  options.ciphers = "NONSENSE";
  ExpectRefused(options, {"NONSENSE", "no cipher"});
}

TEST_F(TlsContextTest, APipeHoldsNobodyUp) {
  WritePair();
  TlsOptions options = Options();
  options.keyfile = directory_.Path("pipe");
  ASSERT_EQ(::mkfifo(options.keyfile.c_str(), 0600), 0);
  ExpectRefused(options, {options.keyfile, "not a file"});
}

TEST_F(TlsContextTest, APassphraseIsNotAskedFor) {
  const TestCertificate made = authority_.Issue();
  const KeyPtr key(PEM_read_bio_PrivateKey(BioOver(made.key).get(), nullptr, nullptr, nullptr));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char passphrase[] = "secret";
  PEM_write_bio_PrivateKey(bio.get(), key.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr,
                           passphrase);
  char* text = nullptr;
  const auto bytes = BIO_get_mem_data(bio.get(), &text);
  directory_.Write("key.pem", std::string(text, bytes));
  directory_.Write("cert.pem", made.certificate);
  ExpectRefused(Options(), {directory_.Path("key.pem"), "passphrase"});
}

// Returns 32 random bytes of a process that is forked now.
std::string RandomBytesOfAChild() {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    unsigned char bytes[32];
    RAND_bytes(bytes, sizeof(bytes));
    std::_Exit(::write(ends[1], bytes, sizeof(bytes)) == sizeof(bytes) ? 0 : 1);
  }
  char bytes[32] = {};
  EXPECT_EQ(::read(ends[0], bytes, sizeof(bytes)), static_cast<ssize_t>(sizeof(bytes)));
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  return std::string(bytes, sizeof(bytes));
}

TEST_F(TlsContextTest, RehearsesAHandshake) {
  const std::string certificate = WritePair();
  const std::shared_ptr<TlsContext> context = *TlsContext::Load(Options());
  const auto context_of = [](const TlsContext& context) {
    return SSL_get_SSL_CTX(context.NewConnection().get());
  };
  context->WarmUp();
  EXPECT_EQ(SSL_CTX_sess_accept_good(context_of(*context)), 1);
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_EQ(Shown(*context), certificate);
  // Processes that are forked afterwards do not share their random numbers.
  EXPECT_NE(RandomBytesOfAChild(), RandomBytesOfAChild());

  TlsOptions strict = Options();
  strict.ca_certs = directory_.Write("ca.pem", authority_.certificate());
  strict.cert_reqs = CertReqs::kRequired;
  const std::shared_ptr<TlsContext> strict_context = *TlsContext::Load(strict);
  strict_context->WarmUp();  // the client is refused
  EXPECT_EQ(SSL_CTX_sess_accept(context_of(*strict_context)), 1);
  EXPECT_EQ(SSL_CTX_sess_accept_good(context_of(*strict_context)), 0);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(TlsContextTest, ReloadsWhenTold) {
  WritePair();
  const auto context = *TlsContext::Load(Options());
  const std::string next = WritePair();
  EXPECT_NE(Shown(*context), next);
  EXPECT_TRUE(context->Reload().ok());
  EXPECT_EQ(Shown(*context), next);
}

TEST_F(TlsContextTest, WhatIsNoGoodLeavesTheOldInPlace) {
  const std::string good = WritePair();
  const auto context = *TlsContext::Load(Options());
  const TestCertificate next = authority_.Issue();
  directory_.Write("cert.pem", next.certificate);  // this is half of a pair
  const absl::Status half = context->Reload();
  EXPECT_TRUE(absl::StrContains(half.message(), "mismatch")) << half;
  directory_.Write("key.pem", "broken");
  EXPECT_FALSE(context->Reload().ok());
  EXPECT_EQ(Shown(*context), good);
  directory_.Write("key.pem", next.key);
  EXPECT_TRUE(context->Reload().ok());
  EXPECT_EQ(Shown(*context), next.certificate);
}

TEST_F(TlsContextTest, SeesThatItsFilesHaveChanged) {
  absl::Time now = absl::Now();
  const auto later = [&now] { return now += absl::Seconds(1); };
  const std::string first = WritePair();
  const auto context = *TlsContext::Load(Options());
  EXPECT_FALSE(*context->ReloadIfChanged(now));
  const TestCertificate next = authority_.Issue();
  directory_.Write("cert.pem", next.certificate);
  // It does not look again so soon.
  EXPECT_FALSE(*context->ReloadIfChanged(now + absl::Milliseconds(999)));
  // With half of a pair it returns the error once, and tries until the other half is there.
  EXPECT_FALSE(context->ReloadIfChanged(later()).ok());
  EXPECT_FALSE(*context->ReloadIfChanged(later()));
  EXPECT_EQ(Shown(*context), first);
  directory_.Write("key.pem", next.key);
  EXPECT_FALSE(*context->ReloadIfChanged(now));
  EXPECT_TRUE(*context->ReloadIfChanged(later()));
  EXPECT_EQ(Shown(*context), next.certificate);
  EXPECT_FALSE(*context->ReloadIfChanged(later()));
  // The clock was put back.
  const std::string last = WritePair();
  EXPECT_TRUE(*context->ReloadIfChanged(now - absl::Hours(1)));
  EXPECT_EQ(Shown(*context), last);
}

TEST_F(TlsContextTest, AConnectionKeepsWhatItBeganWith) {
  WritePair();
  const auto context = *TlsContext::Load(Options());
  const SslPtr begun = context->NewConnection();
  const X509* before = SSL_get_certificate(begun.get());
  WritePair();
  EXPECT_TRUE(context->Reload().ok());
  EXPECT_EQ(SSL_get_certificate(begun.get()), before);
}

TEST_F(TlsContextTest, AClientsContradictions) {
  const auto message = [](const TlsClientOptions& options) {
    return std::string(TlsClientContext::Load(options).status().message());
  };
  EXPECT_EQ(message({}), "");
  EXPECT_TRUE(absl::StrContains(message({.check_hostname = true}), "check_hostname"));
  EXPECT_TRUE(absl::StrContains(message({.ca_certs = "/nowhere.pem"}), "/nowhere.pem"));
  EXPECT_TRUE(absl::StrContains(message({.keyfile = directory_.Write("k", "text")}), "certfile"));
  EXPECT_TRUE(absl::StrContains(message({.ciphers = "NONSENSE"}), "NONSENSE"));
}

}  // namespace
}  // namespace rpyc
