#ifndef RPYC_SERVER_PROCESS_TABLE_H_
#define RPYC_SERVER_PROCESS_TABLE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace rpyc {

// The processes that this one has forked, and a number of each. In memory that is not theirs: what
// a parent writes between forks would else cost each child a page, and show it its siblings. In a
// child it must not be touched, nor be destroyed.
// Threads: one.
class ProcessTable {
 public:
  // Makes a table for at most `max_processes`. Errors:  kResourceExhausted.
  static absl::StatusOr<ProcessTable> Make(size_t max_processes);
  ProcessTable(ProcessTable&& other) noexcept;
  ~ProcessTable();

  // False: it is full.
  bool Add(pid_t pid, uint64_t number);
  // The number of one that is in it, which it is not any more.
  std::optional<uint64_t> Take(pid_t pid);
  void ForEach(absl::FunctionRef<void(pid_t pid, uint64_t number)> see) const;
  bool empty() const;

 private:
  struct Memory;
  ProcessTable(Memory* memory, size_t bytes) : memory_(memory), bytes_(bytes) {}

  Memory* memory_;
  size_t bytes_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_PROCESS_TABLE_H_
