#ifndef RPYC_TESTING_MEMORY_STREAM_H_
#define RPYC_TESTING_MEMORY_STREAM_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rpyc/stream.h"

namespace rpyc {

// One end of a two-ended stream in memory, for protocol tests without sockets:
//
//   auto [client, server] = MemoryStream::MakePair();
//   client->Send(request);
//   client->CloseWrite();                     // the server reads `request`, then kEof
//   Connection(std::move(server), ...).ServeAll();
//   EXPECT_EQ(client->Received(), reply);
//
// Writes never block. An end outlives the other: what was written before stays readable, then kEof.
// Threads: as Stream; the additions from any.
class MemoryStream : public Stream {
 public:
  static std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>> MakePair();
  ~MemoryStream() override;

  absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint hint,
                                      absl::Time deadline = absl::InfiniteFuture()) override;
  absl::StatusOr<ReadResult> ReadAhead(size_t max_bytes) override;
  size_t read_ahead_bytes() const override { return ahead_.size(); }
  absl::string_view read_ahead() const override { return ahead_; }
  void Acknowledge() override { ++acknowledgements_; }
  absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) override;
  bool Wait(Event event, absl::Time deadline) override;
  void Shutdown() override;

  // Writes one chunk; the status is dropped.
  void Send(absl::string_view bytes);
  // Ends this end's direction only: the peer reads what is there, then kEof.
  void CloseWrite();
  // Takes what has arrived at this end and was not read yet. Does not wait.
  std::string Received();
  // How many WriteSome calls the peer made.
  int64_t peer_writes() const;
  // Whether the peer ended its direction, by Shutdown, CloseWrite or destruction.
  bool peer_closed() const;

  // From now on this end's ReadSome returns at most `bytes` at once; 0: no bound.
  void set_max_read_bytes(size_t bytes);
  // How often this end was asked to Acknowledge.
  int acknowledgements() const { return acknowledgements_; }
  // The hint of this end's last ReadSome.
  ReadHint last_hint() const;

 private:
  struct Shared;
  MemoryStream(std::shared_ptr<Shared> shared, int side);

  const std::shared_ptr<Shared> shared_;
  const int side_;
  std::string ahead_;
  std::atomic<int> acknowledgements_{0};
};

}  // namespace rpyc

#endif  // RPYC_TESTING_MEMORY_STREAM_H_
