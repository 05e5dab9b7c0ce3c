#ifndef RPYC_TRANSPORT_TLS_CONTEXT_H_
#define RPYC_TRANSPORT_TLS_CONTEXT_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "rpyc/mutex.h"
#include "rpyc/transport/tls_options.h"
#include "rpyc/transport/tls_pem.h"

// OpenSSL's SSL and SSL_CTX.
struct ssl_st;
struct ssl_ctx_st;

namespace rpyc {

// One connection's TLS state before its stream has it; null: out of memory, which the handshake
// tells.
struct SslDeleter {
  void operator()(ssl_st* ssl) const;
};
using SslPtr = std::unique_ptr<ssl_st, SslDeleter>;

// What the TLS connections of one server have in common: one SSL_CTX, TLS 1.2 and up, no session
// tickets. Certificates are read again without a restart: a connection keeps what it began with.
// Threads: any.
class TlsContext {
 public:
  // From files, which can be read again.
  // Errors:  kInvalidArgument - no certfile, cert_reqs that need ca_certs, or what is wrong with
  //          which file.
  static absl::StatusOr<std::shared_ptr<TlsContext>> Load(const TlsOptions& options);
  // From bytes, read elsewhere; the options' files are names only. Errors as Load's.
  static absl::StatusOr<std::shared_ptr<TlsContext>> Make(const TlsOptions& options,
                                                          const TlsPem& pem);

  // Reads the files again; one made from bytes has none, and stays. If they are no good, half of a
  // new pair for one, all stays as it was. Errors as Load's.
  absl::Status Reload();
  // The same with bytes.
  absl::Status Use(const TlsPem& pem);
  // Reloads if the files have changed; to be called before a handshake. Looks at them once a second
  // at most. What is no good is tried again each time, and told once.
  // Returns: whether it has reloaded.   Errors as Load's.
  absl::StatusOr<bool> ReloadIfChanged(absl::Time now = absl::Now());
  // Why the files, when they were last read, were no good; OK: they were. Waits for no file.
  absl::Status last_reload() const;

  // A server's end of a new connection.
  SslPtr NewConnection() const;
  // Shakes hands with a client that is made for it, in memory. What OpenSSL does for the first time
  // is then done for all processes that are forked from this one; its random numbers are still each
  // process's own. Nothing comes of it where a client must have a certificate, but most is done.
  // Source:  OpenSSL 3.0, crypto/rand: a DRBG is seeded anew after a fork.
  void WarmUp() const;
  // What it is made of, to make another of it in another process, and how often that has changed.
  struct Source {
    TlsPem pem;
    int64_t version = 0;
  };
  Source source() const;
  int64_t version() const { return version_.load(); }
  const TlsOptions& options() const { return options_; }

 private:
  // Whether a file is another than before.
  struct FileStamp {
    int64_t device = 0, inode = 0, size = 0, modified_nanos = 0, changed_nanos = 0;
    friend bool operator==(const FileStamp&, const FileStamp&) = default;
  };
  using Stamps = std::array<FileStamp, 3>;

  TlsContext(const TlsOptions& options, bool has_files);
  Stamps StatFiles() const;
  absl::Status ReloadLocked(const Stamps& stamps) ABSL_EXCLUSIVE_LOCKS_REQUIRED(reload_mutex_);
  void NoteReload(const absl::Status& status);

  const TlsOptions options_;
  const bool has_files_;
  std::atomic<int64_t> next_stat_unix_nanos_{0};

  Mutex reload_mutex_;  // over reading files; before mutex_
  Stamps loaded_ ABSL_GUARDED_BY(reload_mutex_);
  std::optional<Stamps> failed_ ABSL_GUARDED_BY(reload_mutex_);  // told already

  std::atomic<int64_t> version_{0};
  mutable Mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_ ABSL_GUARDED_BY(mutex_);
  TlsPem pem_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_reload_ ABSL_GUARDED_BY(mutex_);
};

// What a client's TLS connections have in common. Threads: any.
class TlsClientContext {
 public:
  // Errors:  kInvalidArgument - check_hostname without verifying, or what is wrong with which file.
  static absl::StatusOr<TlsClientContext> Load(const TlsClientOptions& options);

  // The client's end of a new connection to `host`, a name or a number.
  // Errors:  kInvalidArgument - that is not a name to check or to ask for.
  absl::StatusOr<SslPtr> NewConnection(const std::string& host) const;

 private:
  TlsClientContext(const TlsClientOptions& options, std::shared_ptr<ssl_ctx_st> context)
      : options_(options), context_(std::move(context)) {}

  TlsClientOptions options_;
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_TLS_CONTEXT_H_
