#include "rpyc/transport/openssl.h"

#include <openssl/err.h>

#include <cstring>

#include "absl/strings/str_cat.h"

namespace rpyc {

BioPtr BioOver(absl::string_view text) {
  // OpenSSL refuses a null pointer, so an empty text needs another one.
  return BioPtr(BIO_new_mem_buf(text.empty() ? "" : text.data(), static_cast<int>(text.size())));
}

std::string TakeOpensslError() {
  const unsigned long error = ERR_get_error();  // NOLINT(google-runtime-int): OpenSSL's type
  ERR_clear_error();
  if (error == 0) return "";
  if (ERR_SYSTEM_ERROR(error)) return std::strerror(ERR_GET_REASON(error));
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : absl::StrCat("OpenSSL error ", ERR_GET_REASON(error));
}

}  // namespace rpyc
