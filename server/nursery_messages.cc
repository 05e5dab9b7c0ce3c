#include "server/nursery_messages.h"

#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "rpyc/transport/fd_message.h"

namespace rpyc {
namespace {

// The numbers in each message. The structs have no padding.
struct OrderHead {
  uint32_t kind, slot;
  uint64_t number;
  uint32_t tcp, zero;
};
struct ReportHead {
  uint32_t kind;
  int32_t wait_status;
  uint64_t number;
};

template <typename Head>
std::string Write(const Head& head, absl::string_view text) {
  return absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&head), sizeof(head)),
                      text.substr(0, FdMessage::kMaxBytes - sizeof(head)));
}

template <typename Head>
absl::Status Read(absl::string_view bytes, uint32_t kinds, Head* head, std::string* text) {
  if (bytes.size() >= sizeof(*head)) {
    std::memcpy(head, bytes.data(), sizeof(*head));
    *text = std::string(bytes.substr(sizeof(*head)));
    if (head->kind < kinds) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("not a message between a server and its nursery: ", bytes.size(), " bytes"));
}

}  // namespace

std::string WriteOrder(const NurseryOrder& order) {
  return Write(OrderHead{order.kind, order.slot, order.number, order.tcp, 0}, order.text);
}

std::string WriteReport(const NurseryReport& report) {
  return Write(ReportHead{report.kind, report.wait_status, report.number}, report.text);
}

absl::StatusOr<NurseryOrder> ReadOrder(absl::string_view bytes) {
  OrderHead head = {};
  NurseryOrder order;
  absl::Status read = Read(bytes, NurseryOrder::kKill + 1, &head, &order.text);
  if (!read.ok()) return read;
  order.kind = static_cast<NurseryOrder::Kind>(head.kind);
  order.slot = head.slot;
  order.number = head.number;
  order.tcp = head.tcp;
  return order;
}

absl::StatusOr<NurseryReport> ReadReport(absl::string_view bytes) {
  ReportHead head = {};
  NurseryReport report;
  absl::Status read = Read(bytes, NurseryReport::kError + 1, &head, &report.text);
  if (!read.ok()) return read;
  report.kind = static_cast<NurseryReport::Kind>(head.kind);
  report.wait_status = head.wait_status;
  report.number = head.number;
  return report;
}

}  // namespace rpyc
