#include "rpyc/stream.h"

namespace rpyc {

absl::Status Stream::WriteAll(absl::Span<const absl::string_view> chunks) {
  for (absl::string_view chunk : chunks) {
    while (!chunk.empty()) {
      const absl::StatusOr<size_t> written = WriteSome(absl::MakeConstSpan(&chunk, 1));
      if (!written.ok()) return written.status();
      chunk.remove_prefix(*written);
      if (*written == 0) Wait(Event::kWritable, absl::InfiniteFuture());
    }
  }
  return absl::OkStatus();
}

}  // namespace rpyc
