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

// TLS over any other stream, which decides how it is waited. OpenSSL never sees that stream: it
// reads and writes buffers here. An ordinary read is one read of the inner stream, an ordinary
// write one write; several records go in either if there is much. Idle, with nothing begun, it
// holds a small buffer or none.
//
//   TlsStream stream(std::make_unique<SocketStream>(std::move(socket)), context.NewConnection());
//   absl::Status secure = stream.Handshake(deadline);
//
// What is read ahead is decrypted; a reader's lock is a writer's too, but nobody waits in it.
// The end of the inner stream is the end, with a close_notify or without: Python sends none.
// Shutdown sends one, which answers the peer's if that came first.
// A peer that begins with something else than TLS is told so in what it speaks, where that is known
// (rpyc/foreign_protocol.h).
// Owns the inner stream. Threads: as Stream; Handshake by the reader, before anything else.
class TlsStream : public Stream {
 public:
  TlsStream(std::unique_ptr<Stream> inner, SslPtr ssl);
  ~TlsStream() override;

  // Shakes hands, as far as that goes until `deadline`; InfinitePast: without waiting.
  // Errors:  kDeadlineExceeded - not done yet: call again, when wants() may have come true;
  //          kUnauthenticated - they cannot agree, or one does not believe the other's certificate:
  //          OpenSSL's reason; kUnavailable - the peer has gone.
  absl::Status Handshake(absl::Time deadline);
  // What an unfinished Handshake waits for.
  Event wants() const { return wants_; }

  // From here on what is written are RPyC's frames, and no record holds pieces of two: a stock
  // Python peer, which waits for its descriptor, does not see that its TLS has a second frame
  // already. After the handshake, before any other thread writes.
  void BeginFrames();

  // After the handshake: the peer's certificate as Python's ssl.getpeercert() shows it, a dict; an
  // empty one if it was not verified; None if the peer has shown none.
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
  // The end of a record in what was encrypted, and how many of the writer's bytes are in it.
  struct Record {
    size_t end;
    size_t bytes;
  };
  static bio_method_st* BioMethod();
  // Called by OpenSSL, for whoever holds the lock.
  static int BioRead(bio_st* bio, char* into, int bytes) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  static int BioWrite(bio_st* bio, const char* from, int bytes) ABSL_NO_THREAD_SAFETY_ANALYSIS;

  absl::StatusOr<ReadResult> Decrypt(absl::Span<char> into);
  absl::StatusOr<ReadResult> Receive(bool inside, absl::Time deadline);
  absl::StatusOr<ReadResult> ReceiveInto(size_t room, ReadHint hint, absl::Time deadline);
  void ReleaseBuffers();
  absl::Status ShakeHands() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NameForeignPeer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendCloseNotify() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Encrypt(absl::Span<const absl::string_view> chunks, size_t skip)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status EncryptRecord(absl::string_view bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Send() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Break(absl::StatusCode code) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<Stream> inner_;
  std::atomic<bool> shut_{false};

  // The reader's. What has been received and OpenSSL has not taken yet: it takes all before it asks
  // for more.
  std::unique_ptr<char[]> in_;
  size_t in_capacity_ = 0;  // of in_
  size_t in_begin_ = 0;     // of what is in it
  size_t in_end_ = 0;
  size_t next_in_capacity_;        // of the next in_
  int small_reads_ = 0;            // since one needed that much
  int handshake_reads_ = 0;        // so far
  bool inside_record_ = false;     // a record has begun
  bool openssl_has_more_ = false;  // OpenSSL has more, or it has ended
  ReadAheadBuffer ahead_;
  Event wants_ = Event::kReadable;
  Value peer_certificate_;

  std::atomic<bool> out_is_large_{false};  // by the writer: out_ is, and has been sent

  // No waiting within: the inner stream is written to, which takes no time.
  Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;  // OpenSSL may take from in_
  const SslPtr ssl_ ABSL_PT_GUARDED_BY(mutex_);
  absl::Status broken_ ABSL_GUARDED_BY(mutex_);  // by TLS, for good
  bool has_frames_ ABSL_GUARDED_BY(mutex_) = false;
  FrameEnds frame_ends_ ABSL_GUARDED_BY(mutex_);  // of what has been encrypted
  std::string out_ ABSL_GUARDED_BY(mutex_);       // encrypted, of which out_sent_ bytes are sent
  size_t out_sent_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Record> records_ ABSL_GUARDED_BY(mutex_);  // in out_, with bytes of the writer's
  // Of the writer's bytes, which it is not told of yet and hands over again: encrypted, and of
  // these sent.
  size_t encrypted_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t sent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_TLS_STREAM_H_
