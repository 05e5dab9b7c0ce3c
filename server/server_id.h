#ifndef RPYC_SERVER_SERVER_ID_H_
#define RPYC_SERVER_SERVER_ID_H_

#include <functional>
#include <string>

#include "absl/strings/string_view.h"

namespace rpyc {

// Whether `id` may be a server's id: [a-z]([a-z0-9-]{0,61}[a-z0-9])?
bool IsServerId(absl::string_view id);

// Makes an id for a server of the service: the service's name in lower case, with '-' for other
// characters. If that is taken, appends -2, -3, ... until it is not.
std::string MakeServerId(absl::string_view service_name,
                         const std::function<bool(const std::string&)>& taken);

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVER_ID_H_
