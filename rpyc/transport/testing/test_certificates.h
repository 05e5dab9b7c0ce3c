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

// What is in one.
struct TestCertificateOptions {
  // "CN=server,O=Some + OU=More": attributes by their short or long names; those that a + joins
  // are of one set.
  std::string subject = "CN=localhost";
  // Extensions by OpenSSL's names and in its notation, {"subjectAltName", "DNS:localhost"}.
  std::map<std::string, std::string> extensions = {};
  // OpenSSL configuration, "[names]\nCN=other\n", that the extensions refer to.
  std::string sections = "";
  absl::Duration from = -absl::Hours(1);  // now
  absl::Duration until = absl::Hours(24);
};

// An authority, and what it signs. Threads: one at a time.
class TestAuthority {
 public:
  explicit TestAuthority(absl::string_view name = "test authority");
  ~TestAuthority();

  // Its own certificate, in PEM.
  const std::string& certificate() const { return certificate_; }
  TestCertificate Issue(const TestCertificateOptions& options = {}) const;

 private:
  struct Keys;
  const std::unique_ptr<Keys> keys_;
  std::string certificate_;
};

// A directory of its own, that goes with this object.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  // Writes a file, as another with its name if there is one. Returns: its path.
  std::string Write(const std::string& name, absl::string_view text) const;
  std::string Path(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_TESTING_TEST_CERTIFICATES_H_
