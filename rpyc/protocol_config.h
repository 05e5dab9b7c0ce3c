#ifndef RPYC_PROTOCOL_CONFIG_H_
#define RPYC_PROTOCOL_CONFIG_H_

#include <string>

namespace rpyc {

// RPyC's connection configuration, by its own names and with its own defaults.
// Source:  RPyC core/protocol.py, DEFAULT_CONFIG, 5.3.1 and 6.0.2.
struct ProtocolConfig {
  bool allow_safe_attrs = true;
  bool allow_exposed_attrs = true;
  bool allow_public_attrs = false;
  bool allow_all_attrs = false;
  std::string exposed_prefix = "exposed_";
  bool allow_getattr = true;
  bool allow_setattr = false;
  bool allow_delattr = false;
  bool include_local_traceback = true;
  bool include_local_version = true;
};

}  // namespace rpyc

#endif  // RPYC_PROTOCOL_CONFIG_H_
