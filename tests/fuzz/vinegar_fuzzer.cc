// This fuzzes exceptions on their way to a peer: whatever text and values user code puts into one,
// it can be encoded, and is what vinegar says it is.
//
// The input has texts between bytes 0xfe: module, class, traceback, then arguments and attributes
// by turns; texts that are brine become the value they encode.

#include "absl/strings/str_split.h"
#include "rpyc/brine.h"
#include "rpyc/errors.h"
#include "rpyc/limits.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/utf8.h"
#include "rpyc/value.h"
#include "rpyc/vinegar.h"
#include "tests/fuzz/fuzz_target.h"

namespace rpyc::fuzz {
namespace {

constexpr char kSeparator = '\xfe';

Value ValueFrom(absl::string_view text) {
  const Limits limits;
  brine::Reader reader(text, limits);
  absl::StatusOr<Value> value = reader.ReadValue();
  if (value.ok() && reader.rest().empty()) return *std::move(value);
  return Value(text);
}

RemoteException ExceptionFrom(absl::string_view input) {
  RemoteException exception;
  int part = 0;
  for (absl::string_view text : absl::StrSplit(input, kSeparator)) {
    switch (part++) {
      case 0:
        exception.module = std::string(text);
        break;
      case 1:
        exception.name = std::string(text);
        break;
      case 2:
        exception.traceback = std::string(text);
        break;
      default:
        if (part % 2 == 0) {
          exception.args.push_back(ValueFrom(text));
        } else {
          exception.attributes.emplace_back(std::string(text.substr(0, 3)), ValueFrom(text));
        }
    }
  }
  return exception;
}

void CheckDump(const RemoteException& exception, const vinegar::DumpOptions& options) {
  const Value dumped = vinegar::Dump(exception, options);
  const absl::StatusOr<std::string> encoded = brine::EncodeToString(dumped, Limits());
  Check(encoded.ok(), "every exception can be encoded");
  Check(*brine::Decode(*encoded, Limits()) == dumped, "and decoded");
  if (dumped == Value(kExcStopIteration)) return;
  const absl::Span<const Value> parts = dumped.items();
  Check(dumped.IsTuple() && parts.size() == 4, "((module, class), args, attributes, traceback)");
  Check(parts[0].items().size() == 2 && parts[0].items()[0].AsStr() != nullptr &&
            parts[0].items()[1].AsStr() != nullptr,
        "(module, class) are texts");
  Check(parts[1].IsTuple() && parts[1].items().size() == exception.args.size(), "args");
  Check(parts[2].IsTuple() && parts[2].items().size() == exception.attributes.size() + 1,
        "attributes and the version");
  Check(parts[3].AsStr() != nullptr, "the traceback is text");
}

}  // namespace

std::vector<std::string> Seeds() {
  return {
      "builtins\xfeValueError\xfe\xfemessage",
      "builtins\xfeStopIteration",
      "my.module\xfeOdd\xfeTraceback:\n\xfe\x51\xfe\x08\x0a\x61\xfe\x14\x05\x50\x51\x52\x53\x54",
      "\xff\xfe\xc3\xfe\xed\xa0\x80\xfe\x80\xfe\xf0\x9f",
      "os\xfe\x16\x03\x31\x36\x30\xfe\xfe\x18\x7f\xf8",
  };
}

}  // namespace rpyc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rpyc::fuzz;
  const rpyc::RemoteException exception = ExceptionFrom(Text(data, size));
  CheckDump(exception, {});
  CheckDump(exception, {.include_traceback = false, .version = "6.0"});
  // Library code passes it on in a Status.
  const rpyc::RemoteException passed = rpyc::ToException(rpyc::PyStatus(exception));
  CheckDump(passed, {});
  Check(passed.args.size() == exception.args.size(), "no argument is lost in a Status");
  Check(rpyc::IsValidUtf8(passed.name) || passed.name == exception.name, "the name");
  return 0;
}
