#include "server/process_table.h"

#include <sys/mman.h>

#include <cerrno>
#include <span>
#include <utility>

#include "rpyc/transport/errno_status.h"

namespace rpyc {

struct ProcessTable::Memory {
  struct Entry {
    pid_t pid;
    uint64_t number;
  };
  size_t size;
  size_t max_processes;
  Entry entries[1];  // there are `max_processes` of them

  std::span<Entry> all() { return {entries, size}; }
};

absl::StatusOr<ProcessTable> ProcessTable::Make(size_t max_processes) {
  const size_t bytes = sizeof(Memory) + max_processes * sizeof(Memory::Entry);
  void* const mapped =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    return ErrnoStatus(absl::StatusCode::kResourceExhausted, "mmap", errno);
  }
  auto* const memory = static_cast<Memory*>(mapped);  // zeros are an empty table
  memory->max_processes = max_processes;
  ProcessTable table(memory, bytes);
  if (::madvise(mapped, bytes, MADV_DONTFORK) != 0) {
    return ErrnoStatus(absl::StatusCode::kResourceExhausted, "madvise", errno);
  }
  return table;
}

ProcessTable::ProcessTable(ProcessTable&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), bytes_(other.bytes_) {}

ProcessTable::~ProcessTable() {
  if (memory_ != nullptr) ::munmap(memory_, bytes_);
}

bool ProcessTable::Add(pid_t pid, uint64_t number) {
  if (memory_->size == memory_->max_processes) return false;
  memory_->entries[memory_->size++] = {pid, number};
  return true;
}

std::optional<uint64_t> ProcessTable::Take(pid_t pid) {
  for (Memory::Entry& entry : memory_->all()) {
    if (entry.pid != pid) continue;
    const uint64_t number = entry.number;
    entry = memory_->all().back();
    --memory_->size;
    return number;
  }
  return std::nullopt;
}

void ProcessTable::ForEach(absl::FunctionRef<void(pid_t pid, uint64_t number)> see) const {
  for (const Memory::Entry& entry : memory_->all()) see(entry.pid, entry.number);
}

bool ProcessTable::empty() const { return memory_->size == 0; }

}  // namespace rpyc
