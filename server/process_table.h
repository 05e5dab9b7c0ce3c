#ifndef RPYC_SERVER_PROCESS_TABLE_H_
#define RPYC_SERVER_PROCESS_TABLE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace rpyc {

// The processes that this one has forked, with a number for each. Children do not inherit its
// memory: otherwise what the parent writes between forks would cost each child a copied page, and
// show the child its siblings. A child must neither touch nor destroy the table.
// Threads: one.
class ProcessTable {
 public:
  // Makes a table for at most `max_processes` processes.
  // Errors:  kResourceExhausted.
  static absl::StatusOr<ProcessTable> Make(size_t max_processes);
  ProcessTable(ProcessTable&& other) noexcept;
  ~ProcessTable();

  // Returns false if the table is full.
  bool Add(pid_t pid, uint64_t number);
  // Removes a process and returns its number. Nullopt: it was not in the table.
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
