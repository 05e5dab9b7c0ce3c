#ifndef RPYC_TRANSPORT_TLS_STREAM_H_
#define RPYC_TRANSPORT_TLS_STREAM_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rpyc/frame_ends.h"
#include "rpyc/mutex.h"
#include "rpyc/stream.h"
#include "rpyc/transport/read_ahead.h"
#include "rpyc/transport/tls_context.h"
#include "rpyc/value.h"

struct bio_method_st;
struct bio_st;

namespace rpyc {

// TLS over another stream, the inner stream, which decides how to wait. OpenSSL never sees the
// inner stream: it reads and writes buffers of this one. An ordinary read makes one read of the
// inner stream and an ordinary write makes one write, even if that takes several records. An idle
// TlsStream holds a small buffer or none.
//
//   TlsStream stream(std::make_unique<SocketStream>(std::move(socket)), context.NewConnection());
//   absl::Status secure = stream.Handshake(deadline);
//
// Read-ahead holds plaintext: ReadAhead decrypts what has arrived, and its limit counts decrypted
// bytes. At most one buffer of encrypted bytes is held beside it.
// Reader and writer share one lock, because OpenSSL's state is one; neither waits while it holds
// it. The end of the inner stream is the end of this one, with or without a close_notify: Python
// sends none. Shutdown sends one, which answers the peer's if that came first. A peer that does not
// speak TLS is told so in its own protocol, where that is known (rpyc/foreign_protocol.h).
// Owns: the inner stream.      Threads: as Stream; Handshake is the reader's, before anything else.
class TlsStream : public Stream {
 public:
  TlsStream(std::unique_ptr<Stream> inner, SslPtr ssl);
  ~TlsStream() override;

  // Goes on with the handshake until it is done or `deadline` has passed; with InfinitePast it does
  // not wait.
  // Errors:  kDeadlineExceeded - not done yet: call again when wants() may have come;
  //          kUnauthenticated - the ends cannot agree, or one rejects the other's certificate; the
  //          message has OpenSSL's reason; kUnavailable - the peer has gone.
  absl::Status Handshake(absl::Time deadline);
  // The event that an unfinished Handshake waits for.
  Event wants() const { return wants_; }

  // From now on only RPyC's frames are written, and no record holds parts of two frames: a stock
  // Python peer waits for its descriptor, and would not see that its TLS holds a second frame
  // already. Call it after the handshake and before another thread writes.
  void BeginFrames();

  // The peer's certificate, once the handshake is done, as Python's ssl.getpeercert() shows it: a
  // dict, empty if the certificate was not verified; None if the peer has shown none.
  const Value& peer_certificate() const { return peer_certificate_; }

  absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint hint,
                                      absl::Time deadline = absl::InfiniteFuture()) override;
  absl::StatusOr<ReadResult> ReadAhead(size_t max_bytes) override;
  size_t read_ahead_bytes() const override { return ahead_.size(); }
  absl::string_view read_ahead() const override { return ahead_.bytes(); }
  bool has_buffered() const override { return openssl_has_more_ || read_ahead_bytes() > 0; }
  void Acknowledge() override { inner_->Acknowledge(); }
  absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) override;
  bool Wait(Event event, absl::Time deadline) override;
  void UseBudget(ByteBudget* budget) override { ahead_.UseBudget(budget); }
  void Shutdown() override;
  void EndReadingIfIdle() override { inner_->EndReadingIfIdle(); }

 private:
  // A record in out_: where it ends there, and how many of the writer's bytes are in it.
  struct Record {
    size_t end;
    size_t bytes;
  };
  // The BIO through which OpenSSL reaches in_ and out_.
  // Threads: any.
  static bio_method_st* BioMethod();
  // BioRead takes bytes from in_, and BioWrite appends bytes to out_. OpenSSL calls them within a
  // call that holds mutex_.
  static int BioRead(bio_st* bio, char* into, int bytes) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  static int BioWrite(bio_st* bio, const char* from, int bytes) ABSL_NO_THREAD_SAFETY_ANALYSIS;

  // Decrypts into `into` what is in in_, and takes all of in_ unless `into` is full. kWouldBlock:
  // there is no whole record. Takes mutex_.
  // Threads: the reader.
  absl::StatusOr<ReadResult> Decrypt(absl::Span<char> into);
  // Receives encrypted bytes into in_, which is empty, and waits until `deadline`; gives large
  // buffers back before a long wait. `inside`: a record or frame has begun. mutex_ must not be
  // held.
  // Threads: the reader.
  absl::StatusOr<ReadResult> Receive(bool inside, absl::Time deadline);
  // Reads the inner stream once into in_, made `capacity` large, and chooses the next capacity.
  // mutex_ must not be held.
  // Threads: the reader.
  absl::StatusOr<ReadResult> ReceiveInto(size_t capacity, ReadHint hint, absl::Time deadline);
  // Frees in_, and out_ if it is large and all of it has been sent; takes mutex_ for the latter.
  // Threads: the reader.
  void ReleaseBuffers();
  // Goes on with the handshake without waiting. kDeadlineExceeded: wants_ must come first.
  // Threads: the reader.
  absl::Status ShakeHands() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Says in broken_ what the peer seems to speak instead of TLS, and tells the peer. Called after a
  // handshake that failed at the first bytes, which in_ still holds.
  // Threads: the reader.
  void NameForeignPeer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Sends a close_notify, as far as the inner stream takes it without waiting: a peer that does not
  // read gets none.
  // Threads: any.
  void SendCloseNotify() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Encrypts the chunks except for their first `skip` bytes into out_, until there is enough to
  // send. Small chunks share a record, unless they belong to two frames.
  // Threads: the writer.
  absl::Status Encrypt(absl::Span<const absl::string_view> chunks, size_t skip)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Encrypts one record into out_.
  // Threads: the writer.
  absl::Status EncryptRecord(absl::string_view bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Sends as much of out_ as the inner stream takes without waiting.
  // Threads: any.
  absl::Status Send() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Sets and returns broken_, with OpenSSL's reason, and sends the peer OpenSSL's alert if that
  // takes no waiting.
  // Threads: any.
  absl::Status Break(absl::StatusCode code) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<Stream> inner_;
  std::atomic<bool> shut_{false};

  // Used by the reader only. in_ holds encrypted bytes that OpenSSL has not taken yet. OpenSSL
  // takes all of them before it asks for more.
  std::unique_ptr<char[]> in_;
  size_t in_capacity_ = 0;         // the size of in_
  size_t in_begin_ = 0;            // the bytes in in_ begin here
  size_t in_end_ = 0;              // and end here
  size_t next_in_capacity_;        // the size of the next in_
  int small_reads_ = 0;            // reads since one needed more than a small buffer
  int handshake_reads_ = 0;        // reads in the handshake so far
  bool inside_record_ = false;     // a record has begun and is not complete
  bool openssl_has_more_ = false;  // OpenSSL holds more bytes, or knows that the stream has ended
  ReadAheadBuffer ahead_;          // plaintext
  Event wants_ = Event::kReadable;
  Value peer_certificate_;

  std::atomic<bool> out_is_large_{false};  // set by the writer: out_ is large and has been sent

  // A thread that holds mutex_ never waits: it writes to the inner stream without waiting.
  Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;  // the caller is the reader: OpenSSL may read in_
  const SslPtr ssl_ ABSL_PT_GUARDED_BY(mutex_);
  absl::Status broken_ ABSL_GUARDED_BY(mutex_);  // why TLS has failed; stays so
  bool has_frames_ ABSL_GUARDED_BY(mutex_) = false;
  FrameEnds frame_ends_ ABSL_GUARDED_BY(mutex_);  // follows the frames in what is encrypted
  std::string out_ ABSL_GUARDED_BY(mutex_);       // encrypted bytes
  size_t out_sent_ ABSL_GUARDED_BY(mutex_) = 0;   // so many of out_ have been sent
  std::vector<Record> records_
      ABSL_GUARDED_BY(mutex_);  // the records in out_ with bytes of the writer
  // The writer has not been told of these bytes yet, and will pass them again: how many of them
  // have been encrypted, and how many of those have been sent.
  size_t encrypted_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t sent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_TLS_STREAM_H_
