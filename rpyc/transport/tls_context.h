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

// These are OpenSSL's SSL and SSL_CTX.
struct ssl_st;
struct ssl_ctx_st;

namespace rpyc {

// The TLS state of one connection, until its stream takes it over. Null: there was no memory; then
// the handshake fails.
struct SslDeleter {
  void operator()(ssl_st* ssl) const;
};
using SslPtr = std::unique_ptr<ssl_st, SslDeleter>;

// What the TLS connections of one server share: one SSL_CTX, for TLS 1.2 and later, without session
// tickets. It can read certificates again; a connection keeps those that it began with.
// Threads: any.
class TlsContext {
 public:
  // Makes one from files, which it can read again.
  // Errors:  kInvalidArgument - there is no certfile, or cert_reqs need ca_certs, or a file is
  //          wrong; the message says which and why.
  static absl::StatusOr<std::shared_ptr<TlsContext>> Load(const TlsOptions& options);
  // Makes one from bytes that were read elsewhere. The options' files are only names then.
  // Errors:  as Load.
  static absl::StatusOr<std::shared_ptr<TlsContext>> Make(const TlsOptions& options,
                                                          const TlsPem& pem);

  // Reads the files again. It does nothing if it was made from bytes. If the files are wrong, for
  // example if only half of a new pair is there, all stays as it was.
  // Errors:  as Load.
  absl::Status Reload();
  // Does the same with bytes.
  absl::Status Use(const TlsPem& pem);
  // Reloads if the files have changed, and returns whether it has. Call it before a handshake. It
  // looks at the files once a second at most. Files that are wrong are tried again each time, and
  // the error is returned once.
  // Errors:  as Load.
  absl::StatusOr<bool> ReloadIfChanged(absl::Time now = absl::Now());
  // Why the files were wrong when they were last read; OK: they were good. Never waits for a file.
  absl::Status last_reload() const;

  // The server's end of a new connection.
  SslPtr NewConnection() const;
  // Makes a handshake in memory, with a client of its own. OpenSSL then has done what it does for a
  // first time, once for all processes that are forked later; each of them still has random numbers
  // of its own. Where clients must have a certificate the handshake fails, late enough to be of
  // use.
  // Source:  OpenSSL 3.0, crypto/rand: a DRBG is seeded anew after a fork.
  void WarmUp() const;
  // The bytes that it is made of, from which another process can make its own, and how often they
  // have changed.
  struct Source {
    TlsPem pem;
    int64_t version = 0;
  };
  Source source() const;
  int64_t version() const { return version_.load(); }
  const TlsOptions& options() const { return options_; }

 private:
  // What changes when a file is changed or replaced.
  struct FileStamp {
    int64_t device = 0, inode = 0, size = 0, modified_nanos = 0, changed_nanos = 0;
    friend bool operator==(const FileStamp&, const FileStamp&) = default;
  };
  using Stamps = std::array<FileStamp, 3>;

  TlsContext(const TlsOptions& options, bool has_files);
  // The stamps of the three files as they are now.
  Stamps StatFiles() const;
  // Reads the files, whose stamps were taken before: a change meanwhile is then seen the next time.
  absl::Status ReloadLocked(const Stamps& stamps) ABSL_EXCLUSIVE_LOCKS_REQUIRED(reload_mutex_);
  // Sets last_reload_; takes mutex_.
  void NoteReload(const absl::Status& status);

  const TlsOptions options_;
  const bool has_files_;
  std::atomic<int64_t> next_stat_unix_nanos_{0};

  Mutex reload_mutex_;  // held while files are read; it is locked before mutex_
  Stamps loaded_ ABSL_GUARDED_BY(reload_mutex_);
  // Files that were wrong, and whose error has been returned.
  std::optional<Stamps> failed_ ABSL_GUARDED_BY(reload_mutex_);

  std::atomic<int64_t> version_{0};
  mutable Mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_ ABSL_GUARDED_BY(mutex_);
  TlsPem pem_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_reload_ ABSL_GUARDED_BY(mutex_);
};

// What a client's TLS connections share.
// Threads: any.
class TlsClientContext {
 public:
  // Makes one from files.
  // Errors:  kInvalidArgument - check_hostname without verification, or a file is wrong; the
  //          message says which and why.
  static absl::StatusOr<TlsClientContext> Load(const TlsClientOptions& options);

  // The client's end of a new connection to `host`, a name or a numeric address.
  // Errors:  kInvalidArgument - `host` is no name that can be checked or asked for.
  absl::StatusOr<SslPtr> NewConnection(const std::string& host) const;

 private:
  TlsClientContext(const TlsClientOptions& options, std::shared_ptr<ssl_ctx_st> context)
      : options_(options), context_(std::move(context)) {}

  TlsClientOptions options_;
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_TLS_CONTEXT_H_
