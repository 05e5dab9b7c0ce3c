#include "rpyc/cast/cast.h"

#include "absl/strings/str_cat.h"
#include "rpyc/errors.h"

namespace rpyc {

absl::Status WrongType(absl::string_view expected, const Value& got) {
  return PyStatus("TypeError", absl::StrCat("expected ", expected, ", got ", got.type_name()));
}

}  // namespace rpyc
