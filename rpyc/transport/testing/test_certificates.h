#ifndef RPYC_TRANSPORT_TESTING_TEST_CERTIFICATES_H_
#define RPYC_TRANSPORT_TESTING_TEST_CERTIFICATES_H_

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace rpyc {

// A certificate and its key in PEM, made at run time, for tests.
struct TestCertificate {
  std::string certificate;
  std::string key;
};

// What a certificate says.
struct TestCertificateOptions {
  // "CN=server,O=Some + OU=More": attributes with their short or long names. A + joins attributes
  // to one set.
  std::string subject = "CN=localhost";
  // Extensions with OpenSSL's names and notation: {"subjectAltName", "DNS:localhost"}.
  std::map<std::string, std::string> extensions = {};
  // OpenSSL configuration that the extensions refer to: "[names]\nCN=other\n".
  std::string sections = "";
  absl::Duration from = -absl::Hours(1);  // counted from now, as the next
  absl::Duration until = absl::Hours(24);
};

// A certificate authority, which signs certificates.
// Threads: one at a time.
class TestAuthority {
 public:
  explicit TestAuthority(absl::string_view name = "test authority");
  ~TestAuthority();

  // The authority's own certificate, in PEM.
  const std::string& certificate() const { return certificate_; }
  TestCertificate Issue(const TestCertificateOptions& options = {}) const;

 private:
  struct Keys;
  const std::unique_ptr<Keys> keys_;
  std::string certificate_;
};

// A new directory, which is removed with this object.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  // Writes a file and returns its path. A file of that name is replaced by another, and not
  // changed.
  std::string Write(const std::string& name, absl::string_view text) const;
  std::string Path(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_TESTING_TEST_CERTIFICATES_H_
