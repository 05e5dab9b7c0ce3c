#include "rpyc/transport/tls_context.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <sys/stat.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"
#include "rpyc/transport/openssl.h"

namespace rpyc {
namespace {

constexpr absl::Duration kStatInterval = absl::Seconds(1);
// OpenSSL demands a name for the server in its sessions, though none is kept.
constexpr unsigned char kSessionContext[] = "rpychost";

using ContextPtr = std::shared_ptr<SSL_CTX>;

// Makes a context with the settings that both ends share.
absl::StatusOr<ContextPtr> NewContext(const SSL_METHOD* method) {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(method), &SSL_CTX_free);
  if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) {
    return absl::ResourceExhaustedError(absl::StrCat("TLS context: ", TakeOpensslError()));
  }
  // OpenSSL frees a record's buffer between records. TlsStream may repeat a write with the bytes at
  // another address.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

absl::Status CheckOptions(const TlsOptions& options) {
  if (options.certfile.empty()) return absl::InvalidArgumentError("TLS needs a certfile");
  if (options.effective_cert_reqs() != CertReqs::kNone && options.ca_certs.empty()) {
    return absl::InvalidArgumentError(
        "certificates of clients are asked for, and there is no ca_certs to verify them with");
  }
  return absl::OkStatus();
}

int VerifyMode(CertReqs reqs) {
  switch (reqs) {
    case CertReqs::kOptional:
      return SSL_VERIFY_PEER;
    case CertReqs::kRequired:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    default:
      return SSL_VERIFY_NONE;
  }
}

absl::StatusOr<ContextPtr> MakeServerContext(const TlsOptions& options, const TlsPem& pem) {
  absl::StatusOr<ContextPtr> context = NewContext(TLS_server_method());
  if (!context.ok()) return context;
  SSL_CTX* const raw = context->get();
  SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_session_id_context(raw, kSessionContext, sizeof(kSessionContext) - 1);
  absl::Status status = UseCertificate(pem, raw);
  if (!pem.ca_certs.text.empty()) status.Update(UseAuthorities(pem.ca_certs, raw));
  status.Update(UseCiphers(options.ciphers, raw));
  if (!status.ok()) return status;
  SSL_CTX_set_verify(raw, VerifyMode(options.effective_cert_reqs()), nullptr);
  return context;
}

bool IsNumeric(const std::string& host) {
  in6_addr address;
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

void SslDeleter::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsContext::TlsContext(const TlsOptions& options, bool has_files)
    : options_(options), has_files_(has_files) {}

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::Load(const TlsOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext(options, /*has_files=*/true));
  if (absl::Status loaded = made->Reload(); !loaded.ok()) return loaded;
  return made;
}

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::Make(const TlsOptions& options,
                                                             const TlsPem& pem) {
  std::shared_ptr<TlsContext> made(new TlsContext(options, /*has_files=*/false));
  if (absl::Status used = made->Use(pem); !used.ok()) return used;
  return made;
}

absl::Status TlsContext::Use(const TlsPem& pem) {
  absl::Status status = CheckOptions(options_);
  if (!status.ok()) return status;
  absl::StatusOr<ContextPtr> context = MakeServerContext(options_, pem);
  if (!context.ok()) return context.status();
  MutexLock lock(&mutex_);
  std::swap(context_, *context);  // the old one is freed with its last connection
  pem_ = pem;
  version_.fetch_add(1);
  return absl::OkStatus();
}

TlsContext::Source TlsContext::source() const {
  MutexLock lock(&mutex_);
  return {pem_, version_.load()};
}

absl::Status TlsContext::Reload() {
  if (!has_files_) return absl::OkStatus();
  MutexLock lock(&reload_mutex_);
  return ReloadLocked(StatFiles());
}

absl::Status TlsContext::ReloadLocked(const Stamps& stamps) {
  absl::Status status = CheckOptions(options_);
  if (!status.ok()) return status;
  const absl::StatusOr<TlsPem> pem =
      ReadTlsPem(options_.keyfile, options_.certfile, options_.ca_certs);
  status = pem.ok() ? Use(*pem) : pem.status();
  if (status.ok()) {
    loaded_ = stamps;
    failed_.reset();
  } else {
    failed_ = stamps;
  }
  NoteReload(status);
  return status;
}

void TlsContext::NoteReload(const absl::Status& status) {
  MutexLock lock(&mutex_);
  last_reload_ = status;
}

absl::Status TlsContext::last_reload() const {
  MutexLock lock(&mutex_);
  return last_reload_;
}

absl::StatusOr<bool> TlsContext::ReloadIfChanged(absl::Time now) {
  int64_t next_stat = next_stat_unix_nanos_.load(std::memory_order_relaxed);
  const int64_t nanos = absl::ToUnixNanos(now);
  // After the clock was put back the files must still be looked at.
  const bool early = nanos < next_stat && next_stat - nanos <= ToInt64Nanoseconds(kStatInterval);
  if (!has_files_ || early ||
      !next_stat_unix_nanos_.compare_exchange_strong(next_stat,
                                                     absl::ToUnixNanos(now + kStatInterval))) {
    return false;
  }
  MutexLock lock(&reload_mutex_);
  const Stamps stamps = StatFiles();
  if (stamps == loaded_) {
    if (failed_.has_value()) {  // the good files have been put back
      failed_.reset();
      NoteReload(absl::OkStatus());
    }
    return false;
  }
  const bool told = failed_ == stamps;
  absl::Status status = ReloadLocked(stamps);
  if (status.ok()) return true;
  if (told) return false;
  return status;
}

TlsContext::Stamps TlsContext::StatFiles() const {
  Stamps stamps;
  size_t i = 0;
  for (const std::string* file : {&options_.keyfile, &options_.certfile, &options_.ca_certs}) {
    FileStamp& stamp = stamps[i++];
    struct stat status = {};
    if (file->empty() || ::stat(file->c_str(), &status) != 0) continue;
    stamp = {static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_ino),
             static_cast<int64_t>(status.st_size),
             absl::ToUnixNanos(absl::TimeFromTimespec(status.st_mtim)),
             absl::ToUnixNanos(absl::TimeFromTimespec(status.st_ctim))};
  }
  return stamps;
}

SslPtr TlsContext::NewConnection() const {
  ContextPtr context;
  {
    MutexLock lock(&mutex_);
    context = context_;
    RPYC_ASSERT(context != nullptr);
  }
  SslPtr ssl(SSL_new(context.get()));
  if (ssl != nullptr) SSL_set_accept_state(ssl.get());
  return ssl;
}

void TlsContext::WarmUp() const {
  const absl::StatusOr<ContextPtr> context = NewContext(TLS_client_method());
  const SslPtr client(context.ok() ? SSL_new(context->get()) : nullptr);
  const SslPtr server = NewConnection();
  BIO *to_server, *to_client;
  if (client == nullptr || server == nullptr ||
      BIO_new_bio_pair(&to_server, 0, &to_client, 0) != 1) {
    return;
  }
  SSL_set_bio(client.get(), to_server, to_server);
  SSL_set_bio(server.get(), to_client, to_client);
  SSL_set_connect_state(client.get());
  constexpr int kMaxRounds = 10;
  for (int turn = 0; turn < kMaxRounds && SSL_is_init_finished(server.get()) == 0; ++turn) {
    SSL_do_handshake(client.get());
    SSL_do_handshake(server.get());
  }
  char message = 0;
  SSL_write(client.get(), &message, sizeof(message));
  SSL_read(server.get(), &message, sizeof(message));
  SSL_write(server.get(), &message, sizeof(message));
  ERR_clear_error();
}

absl::StatusOr<TlsClientContext> TlsClientContext::Load(const TlsClientOptions& options) {
  const bool verify = options.verify.value_or(!options.ca_certs.empty());
  if (options.check_hostname && !verify) {
    return absl::InvalidArgumentError(
        "check_hostname says nothing about a server whose certificate is not verified: give "
        "ca_certs, or set verify");
  }
  const absl::StatusOr<TlsPem> pem =
      ReadTlsPem(options.keyfile, options.certfile, options.ca_certs);
  if (!pem.ok()) return pem.status();
  const absl::StatusOr<ContextPtr> context = NewContext(TLS_client_method());
  if (!context.ok()) return context.status();
  SSL_CTX* const raw = context->get();
  absl::Status status = UseCiphers(options.ciphers, raw);
  if (!options.certfile.empty()) {
    status.Update(UseCertificate(*pem, raw));
  } else if (!options.keyfile.empty()) {
    status.Update(absl::InvalidArgumentError("keyfile is given without its certfile"));
  }
  if (!options.ca_certs.empty()) {
    status.Update(UseAuthorities(pem->ca_certs, raw));
  } else if (verify && SSL_CTX_set_default_verify_paths(raw) != 1) {
    status.Update(absl::InvalidArgumentError(
        absl::StrCat("the authorities that the system trusts: ", TakeOpensslError())));
  }
  if (!status.ok()) return status;
  SSL_CTX_set_verify(raw, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  return TlsClientContext(options, *context);
}

absl::StatusOr<SslPtr> TlsClientContext::NewConnection(const std::string& host) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl == nullptr) return ssl;
  ERR_clear_error();
  SSL_set_connect_state(ssl.get());
  const std::string& name = options_.server_name.empty() ? host : options_.server_name;
  const bool numeric = IsNumeric(name);
  const bool has_nul = absl::StrContains(name, '\0');  // OpenSSL would take the part before it
  bool good = !has_nul && (numeric || SSL_set_tlsext_host_name(ssl.get(), name.c_str()) == 1);
  if (options_.check_hostname) {
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl.get());
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // An empty name would match every certificate.
    good = good && !name.empty() &&
           (numeric ? X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str())
                    : X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size())) == 1;
  }
  if (good) return ssl;
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", absl::CEscape(name),
      "\" is no name of a TLS server: ", has_nul ? "it holds a NUL" : TakeOpensslError()));
}

}  // namespace rpyc
