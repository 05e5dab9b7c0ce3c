// error: rpyc: a string_view would outlive its text
#include "rpyc/service.h"

size_t LengthOf(const rpyc::Netref& text) { return text.as<absl::string_view>().size(); }
