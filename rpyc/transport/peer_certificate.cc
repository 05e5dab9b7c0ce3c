#include "rpyc/transport/peer_certificate.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "rpyc/dict.h"
#include "rpyc/transport/openssl.h"
#include "rpyc/utf8.h"

namespace rpyc {
namespace {

using NamesPtr = OpensslPtr<GENERAL_NAMES, &GENERAL_NAMES_free>;
using AccessPtr = OpensslPtr<AUTHORITY_INFO_ACCESS, &AUTHORITY_INFO_ACCESS_free>;
using PointsPtr = OpensslPtr<CRL_DIST_POINTS, &CRL_DIST_POINTS_free>;

// Python's buffers for names have this size.
constexpr int kNameBytes = 2048;

absl::string_view View(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

absl::StatusOr<Value> Text(absl::string_view text) {
  if (IsValidUtf8(text)) return Value(text);
  return absl::UnauthenticatedError("the peer's certificate holds a text that is not UTF-8");
}

// Returns what `print` writes into a BIO.
template <typename Print>
std::string Printed(Print print) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  print(bio.get());
  char* text = nullptr;
  const auto bytes = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, bytes);
}

// The object's name, "commonName", or its numbers if it has none.
std::string NameOf(const ASN1_OBJECT* object) {
  char name[kNameBytes];
  const int bytes = OBJ_obj2txt(name, sizeof(name), object, /*no_name=*/0);
  return std::string(name, std::min<size_t>(std::max(bytes, 0), sizeof(name) - 1));
}

// Returns an attribute as a tuple: ("commonName", "client.example").
absl::StatusOr<Value> Attribute(const X509_NAME_ENTRY* entry) {
  const ASN1_STRING* data = X509_NAME_ENTRY_get_data(entry);
  const std::string name = NameOf(X509_NAME_ENTRY_get_object(entry));
  if (ASN1_STRING_type(data) == V_ASN1_BIT_STRING) {
    return Value::Tuple({Value(name), Value(Bytes{std::string(View(data))})});
  }
  unsigned char* utf8 = nullptr;
  const int bytes = ASN1_STRING_to_UTF8(&utf8, data);
  if (bytes < 0) {
    return absl::UnauthenticatedError(
        absl::StrCat("the peer's certificate: ", name, ": ", TakeOpensslError()));
  }
  absl::StatusOr<Value> text = Text({reinterpret_cast<const char*>(utf8), size_t(bytes)});
  OPENSSL_free(utf8);
  if (!text.ok()) return text;
  return Value::Tuple({Value(name), *std::move(text)});
}

// A tuple of tuples: one for each relative distinguished name, which holds its attributes, mostly
// one.
absl::StatusOr<Value> DistinguishedName(const X509_NAME* name) {
  std::vector<Value> names;
  std::vector<Value> attributes;
  int set = 0;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    if (!attributes.empty() && X509_NAME_ENTRY_set(entry) != set) {
      names.push_back(Value::Tuple(std::exchange(attributes, {})));
    }
    set = X509_NAME_ENTRY_set(entry);
    absl::StatusOr<Value> attribute = Attribute(entry);
    if (!attribute.ok()) return attribute;
    attributes.push_back(*std::move(attribute));
  }
  if (!attributes.empty()) names.push_back(Value::Tuple(std::move(attributes)));
  return Value::Tuple(std::move(names));
}

std::string IpAddress(const ASN1_OCTET_STRING* address) {
  const unsigned char* p = ASN1_STRING_get0_data(address);
  switch (ASN1_STRING_length(address)) {
    case 4:
      return absl::StrFormat("%d.%d.%d.%d", p[0], p[1], p[2], p[3]);
    case 16: {
      std::string text;
      for (int i = 0; i < 16; i += 2) {
        absl::StrAppendFormat(&text, "%s%X", i == 0 ? "" : ":", p[i] << 8 | p[i + 1]);
      }
      return text;
    }
    default:
      return "<invalid>";
  }
}

std::string RegisteredId(const ASN1_OBJECT* id) {
  char text[kNameBytes];
  const int bytes = i2t_ASN1_OBJECT(text, sizeof(text) - 1, id);
  if (bytes < 0 || bytes >= static_cast<int>(sizeof(text))) return "<INVALID>";
  return std::string(text, bytes);
}

// A name as a tuple: ("DNS", "client.example").
absl::StatusOr<Value> GeneralName(GENERAL_NAME* name) {
  const char* kind = nullptr;
  absl::StatusOr<Value> value = Value();
  switch (name->type) {
    case GEN_DIRNAME:
      kind = "DirName";
      value = DistinguishedName(name->d.directoryName);
      break;
    case GEN_EMAIL:
      kind = "email";
      value = Text(View(name->d.rfc822Name));
      break;
    case GEN_DNS:
      kind = "DNS";
      value = Text(View(name->d.dNSName));
      break;
    case GEN_URI:
      kind = "URI";
      value = Text(View(name->d.uniformResourceIdentifier));
      break;
    case GEN_RID:
      kind = "Registered ID";
      value = Text(RegisteredId(name->d.registeredID));
      break;
    case GEN_IPADD:
      kind = "IP Address";
      value = Text(IpAddress(name->d.iPAddress));
      break;
    default: {
      // For other types OpenSSL prints "othername:<unsupported>".
      const std::string text = Printed([&](BIO* bio) { GENERAL_NAME_print(bio, name); });
      const size_t colon = text.find(':');
      if (colon == std::string::npos || !IsValidUtf8(text)) return Text("\xff");
      return Value::Tuple({Value(text.substr(0, colon)), Value(text.substr(colon + 1))});
    }
  }
  if (!value.ok()) return value;
  return Value::Tuple({Value(kind), *std::move(value)});
}

// Adds `names`, or only the URIs among them, to `out`.
absl::Status AddNames(const GENERAL_NAMES* names, bool uris_only, std::vector<Value>* out) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
    if (uris_only && name->type != GEN_URI) continue;
    absl::StatusOr<Value> value =
        uris_only ? Text(View(name->d.uniformResourceIdentifier)) : GeneralName(name);
    if (!value.ok()) return value.status();
    out->push_back(*std::move(value));
  }
  return absl::OkStatus();
}

absl::Status AddAlternativeNames(X509* certificate, std::vector<Value>* out) {
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  return names == nullptr ? absl::OkStatus() : AddNames(names.get(), /*uris_only=*/false, out);
}

// Adds the URIs at which the authority offers `method`.
absl::Status AddAuthorityUris(X509* certificate, int method, std::vector<Value>* out) {
  const AccessPtr access(static_cast<AUTHORITY_INFO_ACCESS*>(
      X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr)));
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
    const ACCESS_DESCRIPTION* each = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    if (OBJ_obj2nid(each->method) != method || each->location->type != GEN_URI) continue;
    absl::StatusOr<Value> uri = Text(View(each->location->d.uniformResourceIdentifier));
    if (!uri.ok()) return uri.status();
    out->push_back(*std::move(uri));
  }
  return absl::OkStatus();
}

absl::Status AddRevocationUris(X509* certificate, std::vector<Value>* out) {
  const PointsPtr points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(certificate, NID_crl_distribution_points, nullptr, nullptr)));
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT_NAME* name = sk_DIST_POINT_value(points.get(), i)->distpoint;
    if (name == nullptr || name->type != 0) continue;
    absl::Status added = AddNames(name->name.fullname, /*uris_only=*/true, out);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

std::string Time(const ASN1_TIME* time) {
  return Printed([time](BIO* bio) { ASN1_TIME_print(bio, time); });
}

}  // namespace

absl::StatusOr<Value> DecodeCertificate(x509_st* certificate) {
  ERR_clear_error();
  absl::StatusOr<Value> subject = DistinguishedName(X509_get_subject_name(certificate));
  if (!subject.ok()) return subject;
  absl::StatusOr<Value> issuer = DistinguishedName(X509_get_issuer_name(certificate));
  if (!issuer.ok()) return issuer;
  Dict dict;
  dict.Set("subject", *subject);
  dict.Set("issuer", *issuer);
  dict.Set("version", static_cast<int64_t>(X509_get_version(certificate)) + 1);
  dict.Set("serialNumber",
           Printed([&](BIO* bio) { i2a_ASN1_INTEGER(bio, X509_get_serialNumber(certificate)); }));
  dict.Set("notBefore", Time(X509_get0_notBefore(certificate)));
  dict.Set("notAfter", Time(X509_get0_notAfter(certificate)));

  std::vector<Value> names, ocsp, issuers, revocation;
  absl::Status status = AddAlternativeNames(certificate, &names);
  status.Update(AddAuthorityUris(certificate, NID_ad_OCSP, &ocsp));
  status.Update(AddAuthorityUris(certificate, NID_ad_ca_issuers, &issuers));
  status.Update(AddRevocationUris(certificate, &revocation));
  if (!status.ok()) return status;
  if (!names.empty()) dict.Set("subjectAltName", Value::Tuple(std::move(names)));
  if (!ocsp.empty()) dict.Set("OCSP", Value::Tuple(std::move(ocsp)));
  if (!issuers.empty()) dict.Set("caIssuers", Value::Tuple(std::move(issuers)));
  if (!revocation.empty()) dict.Set("crlDistributionPoints", Value::Tuple(std::move(revocation)));
  // An extension that could not be read is left out. Its errors are still in OpenSSL's queue.
  ERR_clear_error();
  return dict.ToValue();
}

absl::StatusOr<Value> PeerCertificate(ssl_st* ssl) {
  const X509Ptr certificate(SSL_get1_peer_certificate(ssl));
  if (certificate == nullptr) return Value();
  if (SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return Dict().ToValue();
  return DecodeCertificate(certificate.get());
}

}  // namespace rpyc
