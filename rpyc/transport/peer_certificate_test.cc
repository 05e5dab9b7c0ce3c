#include "rpyc/transport/peer_certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <stdio.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rpyc/call_context.h"
#include "rpyc/dict.h"
#include "rpyc/python_ops.h"
#include "rpyc/transport/openssl.h"
#include "rpyc/transport/testing/test_certificates.h"

namespace rpyc {
namespace {

X509Ptr Read(const std::string& pem) {
  return X509Ptr(PEM_read_bio_X509(BioOver(pem).get(), nullptr, nullptr, nullptr));
}

// Returns what Python's own ssl module makes of the certificate: its repr(), or "refused".
std::string PythonsDecoding(const std::string& pem) {
  const TestDirectory directory;
  const std::string file = directory.Write("cert.pem", pem);
  FILE* python = ::popen(absl::StrCat("/usr/bin/python3 -I -c '\nimport _ssl, sys\ntry:\n"
                                      "    print(repr(_ssl._test_decode_cert(\"",
                                      file, "\")))\nexcept Exception:\n    print(\"refused\")\n'")
                             .c_str(),
                         "r");
  EXPECT_NE(python, nullptr);
  std::string text;
  for (int c; (c = std::fgetc(python)) != EOF;) text.push_back(static_cast<char>(c));
  EXPECT_EQ(::pclose(python), 0);
  return std::string(absl::StripSuffix(text, "\n"));
}

std::string OurDecoding(const std::string& pem) {
  const absl::StatusOr<Value> decoded = DecodeCertificate(Read(pem).get());
  if (!decoded.ok()) {
    EXPECT_EQ(decoded.status().code(), absl::StatusCode::kUnauthenticated) << decoded.status();
    return "refused";
  }
  return PyRepr(CallContext(), *decoded).value();
}

TEST(PeerCertificate, AnOrdinaryOne) {
  const TestCertificate made =
      TestAuthority("an authority").Issue({.subject = "CN=client.example"});
  const Dict dict = Dict::Of(*DecodeCertificate(Read(made.certificate).get())).value();
  const auto name = [](const char* text) {
    return Value::Tuple({Value::Tuple({Value::Tuple({"commonName", text})})});
  };
  EXPECT_EQ(*dict.Get("subject"), name("client.example"));
  EXPECT_EQ(*dict.Get("issuer"), name("an authority"));
  EXPECT_EQ(*dict.Get<int>("version"), 3);
  EXPECT_EQ(dict.Get<std::string>("serialNumber")->substr(0, 8), "0D70FEDC");
  EXPECT_EQ(dict.size(), 6u);
}

TEST(PeerCertificate, IsWhatPythonMakesOfIt) {
  const TestAuthority authority("Aut\u00f6rit\u00e4t \"quoted\" 'both'");
  const TestCertificateOptions cases[] = {
      {},
      {.subject = "C=DE,O=Some + OU=More + OU=Other,CN=\u00e9\U0001f600,emailAddress=a@b.example"},
      {.subject = "1.2.3.4.5=unknown,serialNumber=17,x500UniqueIdentifier=bits"},
      {.subject = "CN=ends", .from = -absl::Hours(24 * 365 * 40), .until = absl::Hours(24 * 3)},
      {.subject = "CN=far", .until = absl::Hours(24 * 365 * 60)},
      {.extensions = {{"subjectAltName",
                       "DNS:a.example,DNS:*.b.example,email:a@b.example,URI:https://a.example/,"
                       "IP:127.0.0.1,IP:2001:db8::ff:1,RID:1.2.3.4,RID:2.5.4.3,dirName:other,"
                       "otherName:1.2.3.4;UTF8:text"}},
       .sections = "[other]\nC=DE\nCN=other\n"},
      {.extensions = {{"authorityInfoAccess",
                       "OCSP;URI:http://ocsp.example/,OCSP;URI:http://two.example/,"
                       "caIssuers;URI:http://ca.example/,OCSP;DNS:no.uri"},
                      {"crlDistributionPoints",
                       "URI:http://crl.example/1,URI:http://crl.example/2"}}},
      {.extensions = {{"authorityInfoAccess", "caIssuers;DNS:no.uri"}}},
      {.extensions = {{"crlDistributionPoints", "points"}},
       .sections = "[points]\nrelativename=relative\n[relative]\nCN=relative\n"},
      {.extensions = {{"basicConstraints", "CA:FALSE"}, {"keyUsage", "digitalSignature"}}},
      // This is not UTF-8, and not a time that certificates can have.
      {.extensions = {{"subjectAltName", "URI:\xff\xfe"}}},
      {.extensions = {{"subjectAltName", "DER:30:03:82:01:ff"}}},
      {.extensions = {{"subjectAltName", "DER:30:05:87:03:01:02:03"}}},
      {.extensions = {{"subjectAltName", "DER:05:00"}}},
  };
  for (const TestCertificateOptions& each : cases) {
    const std::string pem = authority.Issue(each).certificate;
    const std::string pythons = PythonsDecoding(pem);
    EXPECT_EQ(OurDecoding(pem), pythons);
    RecordProperty("decoded", pythons);
  }
}

}  // namespace
}  // namespace rpyc
