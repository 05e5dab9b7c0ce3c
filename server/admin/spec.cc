#include "server/admin/spec.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/admin/proto_time.h"
#include "server/admin/request_checks.h"
#include "server/reason.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;

// Reading and writing a value recurses into it; see Limits::max_nesting.
constexpr int kMaxNesting = 500;
// Bounds the stack: a call within a call needs the stack of both.
constexpr int kMaxCallbackDepth = 1000;
constexpr size_t kMaxLabelBytes = 255;
constexpr int kMaxSafeAttrs = 1000;
constexpr size_t kMaxFileNameBytes = 4096;

// Refuses a key that means nothing in a host that is not Python, if it is given.
absl::Status RefuseIf(bool given, absl::string_view field, absl::string_view why) {
  return given ? InvalidField(field, absl::StrCat(field, " is refused: ", why)) : absl::OkStatus();
}

// Reads a number; 0 means the default, which `out` holds.
template <typename T>
absl::Status TakeNumber(absl::string_view field, int64_t value, int64_t max, T* out) {
  if (value < 0 || value > max) {
    return InvalidField(field, absl::StrCat(field, " is ", value, ", not within 0 and ", max));
  }
  if (value != 0) *out = static_cast<T>(value);
  return absl::OkStatus();
}

// Reads a name or a label.
absl::Status TakeText(absl::string_view field, const std::string& text, std::string* out) {
  if (text.size() > kMaxLabelBytes) {
    return InvalidField(field, absl::StrCat(field, " has over ", kMaxLabelBytes, " bytes"));
  }
  if (absl::StrContains(text, '\0')) {
    return InvalidField(field, absl::StrCat(field, " holds a NUL"));
  }
  *out = text;
  return absl::OkStatus();
}

absl::Status TakeSafeAttrs(const v1::SafeAttrs& attrs, ProtocolConfig* out) {
  constexpr absl::string_view kField = "spec.protocol_config.safe_attrs.names";
  if (attrs.names_size() > kMaxSafeAttrs) {
    return InvalidField(kField, absl::StrCat(kField, " has over ", kMaxSafeAttrs, " names"));
  }
  absl::flat_hash_set<std::string>& safe_attrs = out->safe_attrs.emplace();
  absl::Status status;
  for (const std::string& name : attrs.names()) {
    std::string text;
    status.Update(TakeText(kField, name, &text));
    safe_attrs.insert(std::move(text));
  }
  return status;
}

// Reads a duration by `read`, which checks it.
absl::Status TakeTime(absl::string_view field, const google::protobuf::Duration& value,
                      decltype(&ReadDuration) read, absl::Duration* out) {
  const absl::StatusOr<absl::Duration> duration = read(field, value);
  if (!duration.ok()) return duration.status();
  *out = *duration;
  return absl::OkStatus();
}

absl::Status TakeListener(const v1::ServerSpec& spec, ServerOptions* options) {
  if (absl::Status status = TakeText("spec.hostname", spec.hostname(), &options->hostname);
      !status.ok()) {
    return status;
  }
  options->port = spec.port();
  options->socket_path = spec.socket_path();
  options->ipv6 = spec.ipv6();
  options->ipv6_only = spec.ipv6_only();
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

// Reads the fields that only some kinds have. The server checks whether its kind has them.
absl::Status TakeKindOptions(const v1::ServerSpec& spec, ServerOptions* options) {
  options->nbthreads = spec.nbthreads();
  options->request_batch_size = spec.request_batch_size();
  options->loops = spec.loops();
  options->fiber_stack_kib = spec.fiber_stack_kib();
  options->max_fibers = spec.max_fibers();
  options->max_memory_bytes = spec.max_memory_bytes();
  options->niceness = spec.niceness();
  if (absl::Status status = TakeText("spec.user", spec.user(), &options->user); !status.ok()) {
    return status;
  }
  return TakeTime("spec.max_cpu_time", spec.max_cpu_time(), &ReadDuration, &options->max_cpu_time);
}

absl::Status TakeProtocolConfig(const v1::ProtocolConfig& config, ProtocolConfig* out) {
  if (config.has_allow_safe_attrs()) out->allow_safe_attrs = config.allow_safe_attrs();
  if (config.has_allow_exposed_attrs()) out->allow_exposed_attrs = config.allow_exposed_attrs();
  if (config.has_allow_public_attrs()) out->allow_public_attrs = config.allow_public_attrs();
  if (config.has_allow_all_attrs()) out->allow_all_attrs = config.allow_all_attrs();
  if (config.has_allow_getattr()) out->allow_getattr = config.allow_getattr();
  if (config.has_allow_setattr()) out->allow_setattr = config.allow_setattr();
  if (config.has_allow_delattr()) out->allow_delattr = config.allow_delattr();
  if (config.has_include_local_traceback()) {
    out->include_local_traceback = config.include_local_traceback();
  }
  if (config.has_include_local_version()) {
    out->include_local_version = config.include_local_version();
  }

  absl::Status status;
  if (config.has_safe_attrs()) status.Update(TakeSafeAttrs(config.safe_attrs(), out));
  if (config.has_exposed_prefix()) {
    status.Update(TakeText("spec.protocol_config.exposed_prefix", config.exposed_prefix(),
                           &out->exposed_prefix));
  }
  status.Update(TakeText("spec.protocol_config.connid", config.connid(), &out->connid));
  if (config.has_sync_request_timeout()) {
    status.Update(TakeTime("spec.protocol_config.sync_request_timeout",
                           config.sync_request_timeout(), &ReadTimeout,
                           &out->sync_request_timeout));
  }
  out->dialect = config.dialect();
  out->bind_threads = config.bind_threads();

  constexpr absl::string_view kNoClasses = "a host in C++ has no Python classes to make";
  constexpr absl::string_view kToPeer = "what a method raises goes to the peer";
  status.Update(RefuseIf(config.allow_pickle(), "spec.protocol_config.allow_pickle",
                         "unpickling runs code of the peer's choice"));
  status.Update(RefuseIf(config.instantiate_custom_exceptions(),
                         "spec.protocol_config.instantiate_custom_exceptions", kNoClasses));
  status.Update(RefuseIf(config.import_custom_exceptions(),
                         "spec.protocol_config.import_custom_exceptions", kNoClasses));
  status.Update(RefuseIf(config.instantiate_oldstyle_exceptions(),
                         "spec.protocol_config.instantiate_oldstyle_exceptions", kNoClasses));
  status.Update(RefuseIf(config.propagate_systemexit_locally(),
                         "spec.protocol_config.propagate_SystemExit_locally", kToPeer));
  status.Update(RefuseIf(config.propagate_keyboardinterrupt_locally(),
                         "spec.protocol_config.propagate_KeyboardInterrupt_locally", kToPeer));
  status.Update(RefuseIf(config.has_log_exceptions(), "spec.protocol_config.log_exceptions",
                         "RPyC itself does not use it"));
  status.Update(RefuseIf(config.close_catchall(), "spec.protocol_config.close_catchall",
                         "closing raises nothing here"));

  if (config.dialect() != 0 && config.dialect() != 5 && config.dialect() != 6) {
    status.Update(InvalidField("spec.protocol_config.dialect",
                               absl::StrCat("spec.protocol_config.dialect is ", config.dialect(),
                                            ", not 0 (detect), 5 or 6")));
  }
  return status;
}

absl::Status TakeLimits(const v1::Limits& limits, ServerOptions* options) {
  constexpr int64_t kMaxInt32 = std::numeric_limits<int32_t>::max();
  constexpr int64_t kMaxUint32 = std::numeric_limits<uint32_t>::max();
  constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();
  Limits* out = &options->limits;
  absl::Status status;
  status.Update(TakeNumber("spec.limits.max_frame_bytes", limits.max_frame_bytes(), kMaxUint32,
                           &out->max_frame_bytes));
  status.Update(TakeNumber("spec.limits.max_inflated_bytes", limits.max_inflated_bytes(),
                           kMaxUint32, &out->max_inflated_bytes));
  status.Update(
      TakeNumber("spec.limits.max_nesting", limits.max_nesting(), kMaxNesting, &out->max_nesting));
  status.Update(TakeNumber("spec.limits.max_int_digits", limits.max_int_digits(), kMaxInt32,
                           &out->max_int_digits));
  status.Update(TakeNumber("spec.limits.max_local_objects", limits.max_local_objects(), kMaxInt64,
                           &out->max_local_objects));
  status.Update(TakeNumber("spec.limits.max_read_ahead_bytes", limits.max_read_ahead_bytes(),
                           kMaxInt64, &out->max_read_ahead_bytes));
  status.Update(TakeNumber("spec.limits.max_callback_depth", limits.max_callback_depth(),
                           kMaxCallbackDepth, &out->max_callback_depth));
  status.Update(TakeTime("spec.limits.idle_timeout", limits.idle_timeout(), &ReadDuration,
                         &out->idle_timeout));
  status.Update(TakeNumber("spec.limits.max_total_bytes", limits.max_total_bytes(), kMaxInt64,
                           &out->max_total_bytes));
  absl::Duration frame_timeout;
  status.Update(
      TakeTime("spec.limits.frame_timeout", limits.frame_timeout(), &ReadDuration, &frame_timeout));
  if (frame_timeout != absl::ZeroDuration()) out->frame_timeout = frame_timeout;
  options->max_sessions = limits.max_sessions();
  // A string as long as a frame must still decode.
  out->max_decoded_bytes =
      std::max<size_t>({out->max_decoded_bytes, out->max_frame_bytes, out->max_inflated_bytes});

  absl::Duration handshake_timeout;
  status.Update(TakeTime("spec.limits.handshake_timeout", limits.handshake_timeout(), &ReadDuration,
                         &handshake_timeout));
  if (handshake_timeout != absl::ZeroDuration()) options->handshake_timeout = handshake_timeout;
  return status;
}

// This pairs the values of the two enums.
constexpr struct {
  v1::TlsConfig::CertReqs in_spec;
  CertReqs in_options;
} kCertReqs[] = {
    {v1::TlsConfig::CERT_REQS_UNSPECIFIED, CertReqs::kUnspecified},
    {v1::TlsConfig::NONE, CertReqs::kNone},
    {v1::TlsConfig::OPTIONAL, CertReqs::kOptional},
    {v1::TlsConfig::REQUIRED, CertReqs::kRequired},
};

// Reads the names of the files; the server checks what they hold.
absl::Status TakeTls(const v1::TlsConfig& tls, TlsOptions* out) {
  absl::Status status;
  const auto take_name = [&](absl::string_view field, const std::string& name, std::string* to) {
    if (name.size() > kMaxFileNameBytes || absl::StrContains(name, '\0')) {
      status.Update(InvalidField(field, absl::StrCat(field, " is too long, or holds a NUL")));
    }
    *to = name;
  };
  take_name("spec.tls.keyfile", tls.keyfile(), &out->keyfile);
  take_name("spec.tls.certfile", tls.certfile(), &out->certfile);
  take_name("spec.tls.ca_certs", tls.ca_certs(), &out->ca_certs);
  take_name("spec.tls.ciphers", tls.ciphers(), &out->ciphers);
  for (const auto& row : kCertReqs) {
    if (row.in_spec != tls.cert_reqs()) continue;
    out->cert_reqs = row.in_options;
    return status;
  }
  status.Update(InvalidField(
      "spec.tls.cert_reqs",
      absl::StrCat("spec.tls.cert_reqs is ", tls.cert_reqs(), ", not NONE, OPTIONAL or REQUIRED")));
  return status;
}

void SetTls(const TlsOptions& tls, v1::TlsConfig* out) {
  out->set_keyfile(tls.keyfile);
  out->set_certfile(tls.certfile);
  out->set_ca_certs(tls.ca_certs);
  out->set_ciphers(tls.ciphers);
  for (const auto& row : kCertReqs) {
    if (row.in_options == tls.cert_reqs) out->set_cert_reqs(row.in_spec);
  }
}

// Reads the registrar; the server checks its ranges.
absl::Status TakeRegistrar(const v1::RegistrarConfig& registrar, RegistrarOptions* out) {
  absl::Status status = TakeText("spec.registrar.hostname", registrar.hostname(), &out->hostname);
  status.Update(TakeText("spec.registrar.advertised_hostname", registrar.advertised_hostname(),
                         &out->advertised_hostname));
  out->port = registrar.port();
  status.Update(
      TakeTime("spec.registrar.timeout", registrar.timeout(), &ReadDuration, &out->timeout));
  switch (registrar.protocol()) {
    case v1::RegistrarConfig::PROTOCOL_UNSPECIFIED:
    case v1::RegistrarConfig::UDP:
      out->protocol = RegistrarOptions::Protocol::kUdp;
      return status;
    case v1::RegistrarConfig::TCP:
      out->protocol = RegistrarOptions::Protocol::kTcp;
      return status;
    default:
      status.Update(InvalidField(
          "spec.registrar.protocol",
          absl::StrCat("spec.registrar.protocol is ", registrar.protocol(), ", not UDP or TCP")));
      return status;
  }
}

void SetRegistrar(const RegistrarOptions& registrar, v1::RegistrarConfig* out) {
  out->set_hostname(registrar.hostname);
  out->set_advertised_hostname(registrar.advertised_hostname);
  out->set_port(registrar.port);
  out->set_protocol(registrar.protocol == RegistrarOptions::Protocol::kTcp
                        ? v1::RegistrarConfig::TCP
                        : v1::RegistrarConfig::UDP);
  *out->mutable_timeout() = ToProtoDuration(registrar.timeout);
}

void SetProtocolConfig(const ProtocolConfig& config, v1::ProtocolConfig* out) {
  out->set_allow_safe_attrs(config.allow_safe_attrs);
  out->set_allow_exposed_attrs(config.allow_exposed_attrs);
  out->set_allow_public_attrs(config.allow_public_attrs);
  out->set_allow_all_attrs(config.allow_all_attrs);
  if (config.safe_attrs.has_value()) {
    auto* names = out->mutable_safe_attrs()->mutable_names();
    names->Add(config.safe_attrs->begin(), config.safe_attrs->end());
    std::sort(names->begin(), names->end());  // the etag must not vary
  }
  out->set_exposed_prefix(config.exposed_prefix);
  out->set_allow_getattr(config.allow_getattr);
  out->set_allow_setattr(config.allow_setattr);
  out->set_allow_delattr(config.allow_delattr);
  out->set_allow_pickle(false);
  out->set_include_local_traceback(config.include_local_traceback);
  out->set_include_local_version(config.include_local_version);
  *out->mutable_sync_request_timeout() = ToProtoDuration(config.sync_request_timeout);
  out->set_dialect(config.dialect);
  out->set_bind_threads(config.bind_threads);
  if (!config.connid.empty()) out->set_connid(config.connid);
}

void SetLimits(const ServerOptions& options, v1::Limits* out) {
  const Limits& limits = options.limits;
  out->set_max_frame_bytes(limits.max_frame_bytes);
  out->set_max_inflated_bytes(limits.max_inflated_bytes);
  out->set_max_nesting(limits.max_nesting);
  out->set_max_int_digits(limits.max_int_digits);
  out->set_max_local_objects(static_cast<int64_t>(limits.max_local_objects));
  out->set_max_sessions(options.max_sessions);
  out->set_max_read_ahead_bytes(static_cast<int64_t>(limits.max_read_ahead_bytes));
  out->set_max_callback_depth(limits.max_callback_depth);
  *out->mutable_handshake_timeout() = ToProtoDuration(options.handshake_timeout);
  *out->mutable_idle_timeout() = ToProtoDuration(limits.idle_timeout);
  out->set_max_total_bytes(static_cast<int64_t>(limits.max_total_bytes));
  *out->mutable_frame_timeout() = ToProtoDuration(limits.frame_timeout);
}

}  // namespace

absl::StatusOr<ServerOptions> OptionsFromSpec(const v1::ServerSpec& spec) {
  ServerOptions options;
  options.kind = spec.kind();
  options.service = spec.service();
  absl::Status status = TakeListener(spec, &options);
  status.Update(TakeKindOptions(spec, &options));
  status.Update(TakeProtocolConfig(spec.protocol_config(), &options.protocol_config));
  status.Update(TakeLimits(spec.limits(), &options));
  if (spec.has_tls()) status.Update(TakeTls(spec.tls(), &options.tls.emplace()));
  if (spec.has_registrar()) {
    status.Update(TakeRegistrar(spec.registrar(), &options.registrar.emplace()));
  }
  if (spec.has_auto_register()) options.auto_register = spec.auto_register();
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
  spec.set_ipv6_only(options.ipv6_only);
  spec.set_allow_insecure(options.allow_insecure);
  spec.set_backlog(options.backlog);
  spec.set_nbthreads(options.nbthreads);
  spec.set_request_batch_size(options.request_batch_size);
  spec.set_max_memory_bytes(options.max_memory_bytes);
  if (options.max_cpu_time != absl::ZeroDuration()) {
    *spec.mutable_max_cpu_time() = ToProtoDuration(options.max_cpu_time);
  }
  spec.set_niceness(options.niceness);
  spec.set_user(options.user);
  spec.set_loops(options.loops);
  spec.set_fiber_stack_kib(options.fiber_stack_kib);
  spec.set_max_fibers(options.max_fibers);
  if (options.socket_path.empty()) spec.set_reuse_addr(options.reuse_addr);
  spec.set_auto_register(options.auto_register.value_or(options.registrar.has_value()));
  if (options.registrar.has_value()) SetRegistrar(*options.registrar, spec.mutable_registrar());
  if (options.tls.has_value()) SetTls(*options.tls, spec.mutable_tls());

  SetProtocolConfig(options.protocol_config, spec.mutable_protocol_config());
  SetLimits(options, spec.mutable_limits());
  return spec;
}

}  // namespace rpyc
