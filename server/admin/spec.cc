#include "server/admin/spec.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/admin/proto_time.h"
#include "server/admin/request_checks.h"
#include "server/reason.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;

// Values are read and written by recursion; see Limits::max_nesting.
constexpr int kMostNesting = 500;

// Refuses a key that has no meaning in a host that is no Python.
absl::Status MeaninglessIf(bool given, absl::string_view field, absl::string_view why) {
  return given ? InvalidField(field, absl::StrCat(field, " is refused: ", why)) : absl::OkStatus();
}

// Takes a number of which 0 means the default.
template <typename T>
absl::Status TakeNumber(absl::string_view field, int64_t value, int64_t most, T* out) {
  if (value < 0 || value > most) {
    return InvalidField(field, absl::StrCat(field, " is ", value, ", not within 0 and ", most));
  }
  if (value != 0) *out = static_cast<T>(value);
  return absl::OkStatus();
}

// As TakeNumber, of a field that is not built yet.
absl::Status RefuseNumber(absl::string_view field, int64_t value) {
  int64_t unused = 0;
  absl::Status status = TakeNumber(field, value, std::numeric_limits<int64_t>::max(), &unused);
  status.Update(NotSupportedIf(value != 0, field));
  return status;
}

// As RefuseNumber, of a time.
absl::Status RefuseDuration(absl::string_view field, const google::protobuf::Duration& value) {
  const absl::StatusOr<absl::Duration> duration = ReadDuration(field, value);
  if (!duration.ok()) return duration.status();
  return NotSupportedIf(*duration != absl::ZeroDuration(), field);
}

absl::Status TakeListener(const v1::ServerSpec& spec, ServerOptions* options) {
  options->hostname = spec.hostname();
  options->port = spec.port();
  options->socket_path = spec.socket_path();
  options->ipv6 = spec.ipv6();
  options->allow_insecure = spec.allow_insecure();
  options->backlog = spec.backlog();
  if (spec.has_reuse_addr()) {
    if (!spec.socket_path().empty()) {
      return InvalidField("spec.reuse_addr",
                          "spec.reuse_addr is set, but a unix socket has no such option");
    }
    options->reuse_addr = spec.reuse_addr();
  }
  return absl::OkStatus();
}

// The fields that only some kinds have.
absl::Status TakeKindOptions(const v1::ServerSpec& spec, const ServerKindInfo& kind) {
  const struct {
    const char* name;
    int32_t value;
  } fields[] = {
      {"nbthreads", spec.nbthreads()},
      {"request_batch_size", spec.request_batch_size()},
      {"loops", spec.loops()},
  };
  absl::Status status;
  for (const auto& field : fields) {
    if (field.value == 0) continue;
    const std::string path = absl::StrCat("spec.", field.name);
    const auto& accepted = kind.traits.option_fields;
    if (std::find(accepted.begin(), accepted.end(), field.name) == accepted.end()) {
      status.Update(
          InvalidField(path, absl::StrCat(path, " is not an option of kind ", kind.name)));
    } else {
      status.Update(RefuseNumber(path, field.value));
    }
  }
  return status;
}

absl::Status TakeProtocolConfig(const v1::ProtocolConfig& config, ProtocolConfig* out) {
  if (config.has_allow_safe_attrs()) out->allow_safe_attrs = config.allow_safe_attrs();
  if (config.has_allow_exposed_attrs()) out->allow_exposed_attrs = config.allow_exposed_attrs();
  if (config.has_allow_public_attrs()) out->allow_public_attrs = config.allow_public_attrs();
  if (config.has_allow_all_attrs()) out->allow_all_attrs = config.allow_all_attrs();
  if (config.has_exposed_prefix()) out->exposed_prefix = config.exposed_prefix();
  if (config.has_allow_getattr()) out->allow_getattr = config.allow_getattr();
  if (config.has_include_local_traceback()) {
    out->include_local_traceback = config.include_local_traceback();
  }
  if (config.has_include_local_version()) {
    out->include_local_version = config.include_local_version();
  }

  constexpr absl::string_view kNoClasses = "a host in C++ has no Python classes to make";
  constexpr absl::string_view kToPeer = "what a method raises goes to the peer";
  absl::Status status;
  status.Update(MeaninglessIf(config.allow_pickle(), "spec.protocol_config.allow_pickle",
                              "unpickling runs code of the peer's choice"));
  status.Update(MeaninglessIf(config.instantiate_custom_exceptions(),
                              "spec.protocol_config.instantiate_custom_exceptions", kNoClasses));
  status.Update(MeaninglessIf(config.import_custom_exceptions(),
                              "spec.protocol_config.import_custom_exceptions", kNoClasses));
  status.Update(MeaninglessIf(config.instantiate_oldstyle_exceptions(),
                              "spec.protocol_config.instantiate_oldstyle_exceptions", kNoClasses));
  status.Update(MeaninglessIf(config.propagate_systemexit_locally(),
                              "spec.protocol_config.propagate_SystemExit_locally", kToPeer));
  status.Update(MeaninglessIf(config.propagate_keyboardinterrupt_locally(),
                              "spec.protocol_config.propagate_KeyboardInterrupt_locally", kToPeer));
  status.Update(MeaninglessIf(config.has_log_exceptions(), "spec.protocol_config.log_exceptions",
                              "RPyC itself does not use it"));
  status.Update(MeaninglessIf(config.close_catchall(), "spec.protocol_config.close_catchall",
                              "closing raises nothing here"));

  if (config.dialect() != 0 && config.dialect() != 5 && config.dialect() != 6) {
    status.Update(InvalidField("spec.protocol_config.dialect",
                               absl::StrCat("spec.protocol_config.dialect is ", config.dialect(),
                                            ", not 0 (detect), 5 or 6")));
  }
  status.Update(NotSupportedIf(config.dialect() != 0, "spec.protocol_config.dialect"));
  status.Update(NotSupportedIf(config.allow_setattr(), "spec.protocol_config.allow_setattr"));
  status.Update(NotSupportedIf(config.allow_delattr(), "spec.protocol_config.allow_delattr"));
  status.Update(NotSupportedIf(config.has_safe_attrs(), "spec.protocol_config.safe_attrs"));
  status.Update(NotSupportedIf(config.has_sync_request_timeout(),
                               "spec.protocol_config.sync_request_timeout"));
  status.Update(NotSupportedIf(config.has_connid(), "spec.protocol_config.connid"));
  status.Update(NotSupportedIf(config.bind_threads(), "spec.protocol_config.bind_threads"));
  return status;
}

absl::Status TakeLimits(const v1::Limits& limits, ServerOptions* options) {
  constexpr int64_t kMost32 = std::numeric_limits<int32_t>::max();
  constexpr int64_t kMostU32 = std::numeric_limits<uint32_t>::max();
  constexpr int64_t kMost64 = std::numeric_limits<int64_t>::max();
  Limits* out = &options->limits;
  absl::Status status;
  status.Update(TakeNumber("spec.limits.max_frame_bytes", limits.max_frame_bytes(), kMostU32,
                           &out->max_frame_bytes));
  status.Update(TakeNumber("spec.limits.max_inflated_bytes", limits.max_inflated_bytes(), kMostU32,
                           &out->max_inflated_bytes));
  status.Update(
      TakeNumber("spec.limits.max_nesting", limits.max_nesting(), kMostNesting, &out->max_nesting));
  status.Update(TakeNumber("spec.limits.max_int_digits", limits.max_int_digits(), kMost32,
                           &out->max_int_digits));
  status.Update(TakeNumber("spec.limits.max_local_objects", limits.max_local_objects(), kMost64,
                           &out->max_local_objects));
  options->max_sessions = limits.max_sessions();
  // A long string must still decode.
  out->max_decoded_bytes =
      std::max<size_t>({out->max_decoded_bytes, out->max_frame_bytes, out->max_inflated_bytes});

  status.Update(RefuseNumber("spec.limits.max_read_ahead_bytes", limits.max_read_ahead_bytes()));
  status.Update(RefuseNumber("spec.limits.max_callback_depth", limits.max_callback_depth()));
  status.Update(RefuseDuration("spec.limits.handshake_timeout", limits.handshake_timeout()));
  status.Update(RefuseDuration("spec.limits.idle_timeout", limits.idle_timeout()));
  return status;
}

}  // namespace

absl::StatusOr<ServerOptions> OptionsFromSpec(const v1::ServerSpec& spec,
                                              const ServerKindTable& kinds) {
  ServerOptions options;
  options.kind = spec.kind();
  options.service = spec.service();
  absl::Status status = TakeListener(spec, &options);
  const ServerKindInfo* kind = kinds.Find(spec.kind());
  if (kind != nullptr) status.Update(TakeKindOptions(spec, *kind));
  status.Update(TakeProtocolConfig(spec.protocol_config(), &options.protocol_config));
  status.Update(TakeLimits(spec.limits(), &options));
  status.Update(NotSupportedIf(spec.has_tls(), "spec.tls"));
  status.Update(NotSupportedIf(spec.has_registrar(), "spec.registrar"));
  status.Update(NotSupportedIf(spec.auto_register(), "spec.auto_register"));
  if (!status.ok()) return status;
  return options;
}

v1::ServerSpec SpecFromOptions(const ServerOptions& options) {
  v1::ServerSpec spec;
  spec.set_kind(options.kind);
  spec.set_service(options.service);
  spec.set_hostname(options.hostname);
  spec.set_port(options.port);
  spec.set_socket_path(options.socket_path);
  spec.set_ipv6(options.ipv6);
  spec.set_allow_insecure(options.allow_insecure);
  spec.set_backlog(options.backlog);
  if (options.socket_path.empty()) spec.set_reuse_addr(options.reuse_addr);
  spec.set_auto_register(false);

  v1::ProtocolConfig* config = spec.mutable_protocol_config();
  config->set_allow_safe_attrs(options.protocol_config.allow_safe_attrs);
  config->set_allow_exposed_attrs(options.protocol_config.allow_exposed_attrs);
  config->set_allow_public_attrs(options.protocol_config.allow_public_attrs);
  config->set_allow_all_attrs(options.protocol_config.allow_all_attrs);
  config->set_exposed_prefix(options.protocol_config.exposed_prefix);
  config->set_allow_getattr(options.protocol_config.allow_getattr);
  config->set_allow_setattr(options.protocol_config.allow_setattr);
  config->set_allow_delattr(options.protocol_config.allow_delattr);
  config->set_allow_pickle(false);
  config->set_include_local_traceback(options.protocol_config.include_local_traceback);
  config->set_include_local_version(options.protocol_config.include_local_version);
  config->set_dialect(0);

  v1::Limits* limits = spec.mutable_limits();
  limits->set_max_frame_bytes(options.limits.max_frame_bytes);
  limits->set_max_inflated_bytes(options.limits.max_inflated_bytes);
  limits->set_max_nesting(options.limits.max_nesting);
  limits->set_max_int_digits(options.limits.max_int_digits);
  limits->set_max_local_objects(static_cast<int64_t>(options.limits.max_local_objects));
  limits->set_max_sessions(options.max_sessions);
  return spec;
}

}  // namespace rpyc
