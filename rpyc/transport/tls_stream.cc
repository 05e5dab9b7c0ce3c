#include "rpyc/transport/tls_stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "rpyc/foreign_protocol.h"
#include "rpyc/transport/openssl.h"
#include "rpyc/transport/peer_certificate.h"

namespace rpyc {
namespace {

constexpr size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;
// The sizes of in_, which one read fills at most. A small one takes an ordinary message, and is all
// that an idle connection holds.
constexpr size_t kSmallBufferBytes = 1 << 10;
constexpr size_t kMediumBufferBytes = 17 << 10;  // takes a whole record
constexpr size_t kLargeBufferBytes = 8 * kMediumBufferBytes;
// After so many reads in a row that needed no more than a small buffer, in_ is small again.
constexpr int kManySmallReads = 64;
// After so long a wait between frames in_ is small again too.
constexpr absl::Duration kIdleTime = absl::Seconds(1);
// Encrypt stops when so many bytes are to be sent.
constexpr size_t kMaxOutBytes = 8 * kMediumBufferBytes;
// A stream with more unsent bytes than this breaks. Writing alone never adds so many: they are
// TLS's answers to a peer that asks and does not read.
constexpr size_t kMaxUnsentBytes = 4 * kMaxOutBytes;
// out_ keeps a buffer of this size when it is empty.
constexpr size_t kKeptOutBytes = 1 << 10;

size_t Total(absl::Span<const absl::string_view> chunks) {
  size_t total = 0;
  for (const absl::string_view chunk : chunks) total += chunk.size();
  return total;
}

// Makes a buffer that is not initialised: it is overwritten.
std::unique_ptr<char[]> NewBuffer(size_t bytes) {
  return std::make_unique_for_overwrite<char[]>(bytes);
}

// Why a handshake or a record failed, for people.
std::string Reason(SSL* ssl) {
  std::string reason = TakeOpensslError();
  const auto verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE) {
    absl::StrAppend(&reason, ": ", X509_verify_cert_error_string(verified));
  }
  return reason;
}

absl::Status NotYet() { return absl::DeadlineExceededError("TLS handshake: not done in time"); }

}  // namespace

TlsStream::TlsStream(std::unique_ptr<Stream> inner, SslPtr ssl)
    : inner_(std::move(inner)), next_in_capacity_(kSmallBufferBytes), ssl_(std::move(ssl)) {
  MutexLock lock(&mutex_);
  BIO* const bio = ssl_ == nullptr ? nullptr : BIO_new(BioMethod());
  if (bio == nullptr) {
    broken_ = absl::ResourceExhaustedError("TLS: out of memory");
    return;
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsStream::~TlsStream() = default;

bio_method_st* TlsStream::BioMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "rpychost stream");
    if (made == nullptr) return made;
    BIO_meth_set_read(made, &TlsStream::BioRead);
    BIO_meth_set_write(made, &TlsStream::BioWrite);
    // WriteSome flushes by itself, and OpenSSL asks for nothing else.
    BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long {  // NOLINT: OpenSSL's
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return made;
  }();
  return method;
}

int TlsStream::BioRead(bio_st* bio, char* into, int bytes) {
  TlsStream* const self = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (!self->reading_ || self->in_begin_ == self->in_end_) {
    BIO_set_retry_read(bio);
    return -1;
  }
  RPYC_ASSERT(self->in_begin_ < self->in_end_ && self->in_end_ <= self->in_capacity_);
  const size_t taken = std::min<size_t>(bytes, self->in_end_ - self->in_begin_);
  std::memcpy(into, self->in_.get() + self->in_begin_, taken);
  self->in_begin_ += taken;
  return static_cast<int>(taken);
}

int TlsStream::BioWrite(bio_st* bio, const char* from, int bytes) {
  BIO_clear_retry_flags(bio);
  std::string& out = static_cast<TlsStream*>(BIO_get_data(bio))->out_;
  // An exception must not pass through OpenSSL. To OpenSSL -1 means a broken stream.
  const bool taken = OrOutOfMemory([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
                       out.append(from, bytes);
                       return absl::OkStatus();
                     }).ok();
  return taken ? bytes : -1;
}

// --- The handshake. ---

absl::Status TlsStream::Handshake(absl::Time deadline) {
  for (;;) {
    absl::Status shaken;
    {
      MutexLock lock(&mutex_);
      shaken = ShakeHands();
    }
    if (!absl::IsDeadlineExceeded(shaken)) return shaken;
    if (wants_ == Event::kWritable) {
      if (deadline == absl::InfinitePast() || !inner_->Wait(Event::kWritable, deadline)) {
        return shaken;
      }
      continue;
    }
    const absl::StatusOr<ReadResult> received = Receive(/*inside=*/true, deadline);
    if (!received.ok()) return received.status();
    if (received->outcome == ReadResult::kWouldBlock) return shaken;
    if (received->outcome == ReadResult::kEof) {
      return absl::UnavailableError("TLS handshake: the peer ended the connection");
    }
    ++handshake_reads_;
  }
}

absl::Status TlsStream::ShakeHands() {
  if (!broken_.ok()) return broken_;
  ERR_clear_error();
  reading_ = true;
  const int done = SSL_do_handshake(ssl_.get());
  reading_ = false;
  const int error = SSL_get_error(ssl_.get(), done);
  if (done != 1 && error != SSL_ERROR_WANT_READ) {
    Break(absl::StatusCode::kUnauthenticated).IgnoreError();
    if (handshake_reads_ == 1) NameForeignPeer();
    return broken_;
  }
  if (absl::Status sent = Send(); !sent.ok()) return sent;
  wants_ = out_.empty() ? Event::kReadable : Event::kWritable;
  if (done != 1 || !out_.empty()) return NotYet();
  absl::StatusOr<Value> certificate = PeerCertificate(ssl_.get());
  if (!certificate.ok()) {
    broken_ = certificate.status();
    return broken_;
  }
  peer_certificate_ = *std::move(certificate);
  next_in_capacity_ = kSmallBufferBytes;
  inner_->Acknowledge();  // nothing answers the peer's last message of the handshake
  return absl::OkStatus();
}

void TlsStream::NameForeignPeer() {
  const absl::string_view first(in_.get(), in_end_);
  if (SSL_is_server(ssl_.get()) == 0 && IsAnswerToTls(first)) {
    broken_ = absl::UnauthenticatedError(
        absl::StrCat(broken_.message(), ": the port seems to be one of RPyC without TLS"));
  }
  const std::optional<ForeignProtocol> foreign =
      RecogniseForeignProtocol(first, PortProtocol::kTls);
  if (!foreign.has_value()) return;
  broken_ = absl::UnauthenticatedError(
      absl::StrCat("TLS handshake: the peer does not speak TLS: it seems to be ", foreign->name));
  if (foreign->answer.empty() || SSL_is_server(ssl_.get()) == 0) return;
  const absl::string_view answer = foreign->answer;
  inner_->WriteSome(absl::MakeConstSpan(&answer, 1)).IgnoreError();
  // The kernel resets a socket that is closed with unread bytes, and the answer would be lost.
  inner_->ReadAhead(kReadAheadPieceBytes).IgnoreError();
}

absl::Status TlsStream::Break(absl::StatusCode code) {
  const bool shaking = code == absl::StatusCode::kUnauthenticated;
  broken_ =
      absl::Status(code, absl::StrCat(shaking ? "TLS handshake: " : "TLS: ", Reason(ssl_.get())));
  Send().IgnoreError();
  return broken_;
}

// --- Reading. ---

absl::StatusOr<ReadResult> TlsStream::ReadSome(absl::Span<char> into, ReadHint hint,
                                               absl::Time deadline) {
  if (!ahead_.idle()) {
    if (!ahead_.status().ok()) return ahead_.status();
    const size_t taken = ahead_.Take(into);
    if (shut_.load(std::memory_order_relaxed)) return ReadResult{ReadResult::kEof};
    return ReadResult{ReadResult::kData, taken};
  }
  for (;;) {
    // Otherwise OpenSSL holds nothing, and to ask it costs as much as a small record.
    if (openssl_has_more_ || in_begin_ != in_end_) {
      absl::StatusOr<ReadResult> read = Decrypt(into);
      if (!read.ok() || read->outcome != ReadResult::kWouldBlock) return read;
      // It was a message of TLS itself, for example a session ticket, which gets no answer.
      if (!inside_record_) inner_->Acknowledge();
    }
    absl::StatusOr<ReadResult> received =
        Receive(inside_record_ || hint == ReadHint::kInsideFrame, deadline);
    if (!received.ok() || received->outcome != ReadResult::kData) return received;
  }
}

absl::StatusOr<ReadResult> TlsStream::Decrypt(absl::Span<char> into) {
  MutexLock lock(&mutex_);
  if (shut_.load(std::memory_order_relaxed)) return ReadResult{ReadResult::kEof};
  if (!broken_.ok()) return broken_;
  ERR_clear_error();
  size_t bytes = 0;
  int result;
  bool more;
  reading_ = true;
  do {
    const size_t room = std::min<size_t>(into.size() - bytes, INT_MAX);
    result = SSL_read(ssl_.get(), into.data() + bytes, static_cast<int>(room));
    more = result > 0 && (in_begin_ != in_end_ || SSL_has_pending(ssl_.get()) == 1);
    if (result > 0) bytes += result;
  } while (more && bytes < into.size());
  reading_ = false;
  const int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  // The end or the error of the stream is also something to read.
  openssl_has_more_ = more || (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ);
  // The second letter of OpenSSL's state "RB" means that it reads the body of a record.
  inside_record_ = SSL_has_pending(ssl_.get()) == 1 || SSL_rstate_string(ssl_.get())[1] == 'B';
  const bool ended = error == SSL_ERROR_ZERO_RETURN;
  // If there are bytes before a bad record, the next read returns the error.
  if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ && !ended) {
    Break(absl::StatusCode::kUnavailable).IgnoreError();
  } else if (!out_.empty()) {
    Send().IgnoreError();  // OpenSSL may have answered something
    if (out_.size() - out_sent_ > kMaxUnsentBytes) {
      broken_ = absl::ResourceExhaustedError("TLS: the peer asks for new keys, and reads nothing");
    }
  }
  if (bytes > 0) return ReadResult{ReadResult::kData, bytes};
  if (!broken_.ok()) return broken_;
  return ReadResult{ended ? ReadResult::kEof : ReadResult::kWouldBlock};
}

absl::StatusOr<ReadResult> TlsStream::Receive(bool inside, absl::Time deadline) {
  if (inside) return ReceiveInto(next_in_capacity_, ReadHint::kInsideFrame, deadline);
  // Buffers are shrunk before a long wait.
  const bool much =
      next_in_capacity_ > kSmallBufferBytes || out_is_large_.load(std::memory_order_relaxed);
  if (much && deadline != absl::InfinitePast()) {
    const absl::Time soon = absl::Now() + kIdleTime;
    if (soon < deadline) {
      absl::StatusOr<ReadResult> received =
          ReceiveInto(next_in_capacity_, ReadHint::kBetweenFrames, soon);
      if (!received.ok() || received->outcome != ReadResult::kWouldBlock) return received;
      next_in_capacity_ = kSmallBufferBytes;
      ReleaseBuffers();
    }
  }
  absl::StatusOr<ReadResult> received =
      ReceiveInto(next_in_capacity_, ReadHint::kBetweenFrames, deadline);
  if (received.ok() && received->outcome == ReadResult::kWouldBlock) ReleaseBuffers();
  return received;
}

void TlsStream::ReleaseBuffers() {
  RPYC_ASSERT(in_begin_ == in_end_);
  in_.reset();
  if (!out_is_large_.load(std::memory_order_relaxed)) return;
  MutexLock lock(&mutex_);
  if (!out_.empty()) return;
  out_ = std::string();
  out_is_large_.store(false, std::memory_order_relaxed);
}

absl::StatusOr<ReadResult> TlsStream::ReceiveInto(size_t capacity, ReadHint hint,
                                                  absl::Time deadline) {
  RPYC_ASSERT(in_begin_ == in_end_);
  if (in_ == nullptr || in_capacity_ != capacity) {
    in_ = NewBuffer(capacity);
    in_capacity_ = capacity;
  }
  in_begin_ = in_end_ = 0;
  absl::StatusOr<ReadResult> received =
      inner_->ReadSome(absl::MakeSpan(in_.get(), capacity), hint, deadline);
  if (!received.ok() || received->outcome != ReadResult::kData) return received;
  RPYC_ASSERT(received->bytes > 0 && received->bytes <= capacity);
  in_end_ = received->bytes;
  if (received->bytes == capacity) {
    next_in_capacity_ = capacity < kMediumBufferBytes ? kMediumBufferBytes : kLargeBufferBytes;
    small_reads_ = 0;
  } else if (received->bytes > kSmallBufferBytes) {
    small_reads_ = 0;
  } else if (++small_reads_ >= kManySmallReads) {
    next_in_capacity_ = kSmallBufferBytes;
  }
  return received;
}

absl::StatusOr<ReadResult> TlsStream::ReadAhead(size_t max_bytes) {
  const size_t room = std::min(max_bytes, kReadAheadPieceBytes);
  const std::unique_ptr<char[]> piece = NewBuffer(room);
  const absl::Span<char> into = absl::MakeSpan(piece.get(), room);
  absl::StatusOr<ReadResult> read = Decrypt(into);
  while (read.ok() && read->outcome == ReadResult::kWouldBlock) {
    // The peer may hold back the rest until the first part has been acknowledged.
    absl::StatusOr<ReadResult> received =
        ReceiveInto(next_in_capacity_, ReadHint::kInsideFrame, absl::InfinitePast());
    if (!received.ok() || received->outcome != ReadResult::kData) return received;
    read = Decrypt(into);
  }
  if (read.ok() && read->outcome == ReadResult::kData) {
    if (absl::Status kept = ahead_.Append({piece.get(), read->bytes}); !kept.ok()) {
      Shutdown();  // the next read returns the reason
      return kept;
    }
  }
  return read;
}

// --- Writing. ---

absl::StatusOr<size_t> TlsStream::WriteSome(absl::Span<const absl::string_view> chunks) {
  MutexLock lock(&mutex_);
  if (!broken_.ok()) return broken_;
  const size_t total = Total(chunks);
  if (sent_bytes_ == 0) {
    if (encrypted_bytes_ < total) {
      if (absl::Status encrypted = Encrypt(chunks, encrypted_bytes_); !encrypted.ok())
        return encrypted;
    }
    if (absl::Status sent = Send(); !sent.ok()) return sent;
  }
  RPYC_ASSERT(sent_bytes_ <= encrypted_bytes_);
  const size_t told = std::min(sent_bytes_, total);
  sent_bytes_ -= told;
  encrypted_bytes_ -= told;
  return told;
}

void TlsStream::BeginFrames() {
  MutexLock lock(&mutex_);
  has_frames_ = true;
}

absl::Status TlsStream::Encrypt(absl::Span<const absl::string_view> chunks, size_t skip) {
  std::unique_ptr<char[]> gathered;
  size_t gathered_bytes = 0;
  for (size_t i = 0; i < chunks.size() && out_.size() - out_sent_ < kMaxOutBytes; ++i) {
    absl::string_view chunk = chunks[i];
    chunk.remove_prefix(std::min(skip, chunk.size()));
    skip -= chunks[i].size() - chunk.size();
    const bool last = i + 1 == chunks.size();
    while (!chunk.empty() && out_.size() - out_sent_ < kMaxOutBytes) {
      absl::string_view record = chunk.substr(0, kRecordBytes - gathered_bytes);
      if (has_frames_) record = record.substr(0, frame_ends_.Take(record));
      const size_t bytes = record.size();
      RPYC_ASSERT(bytes > 0 && gathered_bytes + bytes <= kRecordBytes);
      chunk.remove_prefix(bytes);
      const bool ends = has_frames_ ? frame_ends_.at_end() : last;
      if (gathered_bytes + bytes < kRecordBytes && !ends) {
        if (gathered == nullptr) gathered = NewBuffer(kRecordBytes);
        std::memcpy(gathered.get() + gathered_bytes, record.data(), bytes);
        gathered_bytes += bytes;
        continue;
      }
      if (gathered_bytes > 0) {
        std::memcpy(gathered.get() + gathered_bytes, record.data(), bytes);
        record = absl::string_view(gathered.get(), gathered_bytes + bytes);
        gathered_bytes = 0;
      }
      if (absl::Status status = EncryptRecord(record); !status.ok()) return status;
    }
  }
  if (gathered_bytes == 0) return absl::OkStatus();
  return EncryptRecord(absl::string_view(gathered.get(), gathered_bytes));
}

absl::Status TlsStream::EncryptRecord(absl::string_view bytes) {
  ERR_clear_error();
  const int result = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  // OpenSSL writes all: out_ takes any number of bytes, and no renegotiation needs a read first.
  if (result != static_cast<int>(bytes.size())) return Break(absl::StatusCode::kUnavailable);
  encrypted_bytes_ += bytes.size();
  records_.push_back({out_.size(), bytes.size()});
  return absl::OkStatus();
}

absl::Status TlsStream::Send() {
  if (out_.empty()) return absl::OkStatus();
  const absl::string_view rest = absl::string_view(out_).substr(out_sent_);
  const absl::StatusOr<size_t> taken = inner_->WriteSome(absl::MakeConstSpan(&rest, 1));
  if (!taken.ok()) return taken.status();
  out_sent_ += *taken;
  RPYC_ASSERT(out_sent_ <= out_.size());
  auto record = records_.begin();
  for (; record != records_.end() && record->end <= out_sent_; ++record)
    sent_bytes_ += record->bytes;
  records_.erase(records_.begin(), record);
  if (out_sent_ == out_.size()) {
    RPYC_ASSERT(records_.empty());
    out_sent_ = 0;
    // A large buffer is kept while there is much to send.
    if (out_.capacity() > kKeptOutBytes && out_.size() <= kKeptOutBytes) {
      out_ = std::string();
    } else {
      out_.clear();
    }
    out_is_large_.store(out_.capacity() > kKeptOutBytes, std::memory_order_relaxed);
  } else if (out_sent_ >= kMaxOutBytes) {
    // The unsent bytes move to the front, so that out_ does not grow.
    out_.erase(0, out_sent_);
    for (Record& record : records_) record.end -= out_sent_;
    out_sent_ = 0;
  }
  return absl::OkStatus();
}

bool TlsStream::Wait(Event event, absl::Time deadline) {
  const bool reads = event != Event::kWritable;
  if (event == Event::kReadable && !ahead_.empty()) return true;
  if (reads && in_begin_ != in_end_) return true;
  {
    MutexLock lock(&mutex_);
    if (!broken_.ok()) return true;
    if (reads && (SSL_pending(ssl_.get()) > 0 || SSL_get_shutdown(ssl_.get()) != 0)) return true;
  }
  return inner_->Wait(event, deadline);
}

void TlsStream::Shutdown() {
  if (!shut_.exchange(true)) {
    MutexLock lock(&mutex_);
    SendCloseNotify();
  }
  inner_->Shutdown();
}

void TlsStream::SendCloseNotify() {
  if (!broken_.ok() || SSL_is_init_finished(ssl_.get()) == 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  Send().IgnoreError();
}

}  // namespace rpyc
