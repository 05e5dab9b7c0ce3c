#include "server/option_checks.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/reason.h"

namespace rpyc {
namespace {

// An option that not every kind has.
struct KindOption {
  absl::string_view name;
  int ServerOptions::*field;
  int default_value;  // used for 0
  int min, max;
};
constexpr KindOption kKindOptions[] = {
    {"nbthreads", &ServerOptions::nbthreads, 10, 1, 10'000},
    {"request_batch_size", &ServerOptions::request_batch_size, 10, 1, 1'000'000},
    {"loops", &ServerOptions::loops, 1, 1, 64},
    {"fiber_stack_kib", &ServerOptions::fiber_stack_kib, 512, 128, 64 << 10},
    {"max_fibers", &ServerOptions::max_fibers, 10'000, 1, 30'000},
};

absl::Status CheckKindOption(const KindOption& option, const ServerKindInfo& kind, int* value) {
  const std::string field = absl::StrCat("spec.", option.name);
  if (!kind.traits.Accepts(option.name)) {
    if (*value == 0) return absl::OkStatus();
    return InvalidField(field, absl::StrCat(field, " is not an option of kind ", kind.name));
  }
  if (*value == 0) *value = option.default_value;
  return CheckRange(field, *value, option.min, option.max);
}

// The least max_memory_bytes. A process uses up less before its first call.
constexpr int64_t kMinMemoryBytes = 1 << 20;
constexpr int kMaxNiceness = 19;

absl::Status CheckUser(const std::string& user) {
  if (absl::StrContains(user, '\0')) return InvalidField("spec.user", "spec.user holds a NUL");
  passwd entry = {};
  passwd* found = nullptr;
  std::array<char, 4096> text;
  const int error = ::getpwnam_r(user.c_str(), &entry, text.data(), text.size(), &found);
  if (error != 0 || found == nullptr) {
    return InvalidField("spec.user", absl::StrCat("spec.user: there is no user ", user));
  }
  if (::geteuid() == 0 || ::geteuid() == found->pw_uid) return absl::OkStatus();
  return InvalidField("spec.user", absl::StrCat("spec.user is ", user, ", and a host of user id ",
                                                ::geteuid(), " may not become another's"));
}

// Checks the options of kinds that serve in processes.
absl::Status CheckProcessOptions(const ServerKindInfo& kind, ServerOptions* given) {
  const ServerOptions& options = *given;
  const struct {
    absl::string_view name;
    bool given;
  } fields[] = {
      {"max_memory_bytes", options.max_memory_bytes != 0},
      {"max_cpu_time", options.max_cpu_time != absl::ZeroDuration()},
      {"niceness", options.niceness != 0},
      {"user", !options.user.empty()},
  };
  for (const auto& field : fields) {
    if (!field.given || kind.traits.Accepts(field.name)) continue;
    const std::string name = absl::StrCat("spec.", field.name);
    return InvalidField(name, absl::StrCat(name, " is not an option of kind ", kind.name));
  }
  if (options.max_memory_bytes != 0 && options.max_memory_bytes < kMinMemoryBytes) {
    return InvalidField("spec.max_memory_bytes",
                        absl::StrCat("spec.max_memory_bytes is ", options.max_memory_bytes,
                                     ", must be 0 or at least ", kMinMemoryBytes));
  }
  if (options.max_cpu_time < absl::ZeroDuration()) {
    return InvalidField("spec.max_cpu_time", "spec.max_cpu_time is negative");
  }
  given->max_cpu_time = absl::Ceil(options.max_cpu_time, absl::Seconds(1));  // the kernel's unit
  absl::Status status = CheckRange("spec.niceness", options.niceness, 0, kMaxNiceness);
  if (status.ok() && !options.user.empty()) status = CheckUser(options.user);
  return status;
}

absl::Status CheckTls(TlsOptions* tls) {
  if (tls->certfile.empty()) {
    return InvalidField("spec.tls.certfile", "spec.tls.certfile is empty: TLS needs a certificate");
  }
  tls->cert_reqs = tls->effective_cert_reqs();
  if (tls->cert_reqs != CertReqs::kNone && tls->ca_certs.empty()) {
    return InvalidField("spec.tls.ca_certs",
                        "spec.tls.ca_certs is empty: clients' certificates are asked for, and "
                        "nothing is there to verify them with");
  }
  return absl::OkStatus();
}

bool IsWildcard(absl::string_view host) { return host == "0.0.0.0" || host == "::"; }

absl::Status CheckRegistrar(const ServerOptions& options, RegistrarOptions* registrar) {
  if (!options.socket_path.empty()) {
    return InvalidField("spec.registrar",
                        "spec.registrar is set, but a unix socket cannot be announced");
  }
  if (registrar->hostname.empty() && registrar->protocol == RegistrarOptions::Protocol::kTcp) {
    return InvalidField("spec.registrar.hostname",
                        "spec.registrar.hostname is empty: TCP has no broadcast");
  }
  if (registrar->timeout < absl::ZeroDuration() || registrar->timeout > absl::Minutes(1)) {
    return InvalidField("spec.registrar.timeout",
                        "spec.registrar.timeout is not within 0 and one minute");
  }
  if (!registrar->advertised_hostname.empty() && options.listen_fd < 0 &&
      !IsWildcard(options.hostname)) {
    return InvalidField("spec.registrar.advertised_hostname",
                        "spec.registrar.advertised_hostname is set, but the server does not listen "
                        "on all addresses");
  }
  const RegistrarOptions defaults;
  if (registrar->port == 0) registrar->port = defaults.port;
  if (registrar->timeout == absl::ZeroDuration()) registrar->timeout = defaults.timeout;
  return CheckRange("spec.registrar.port", registrar->port, 0,
                    std::numeric_limits<uint16_t>::max());
}

}  // namespace

absl::Status CheckOptions(const ServerKindInfo& kind, ServerOptions* options) {
  absl::Status status;
  for (const KindOption& option : kKindOptions) {
    status.Update(CheckKindOption(option, kind, &(options->*option.field)));
  }
  status.Update(CheckProcessOptions(kind, options));
  status.Update(CheckRange("spec.limits.max_sessions", options->max_sessions, 0,
                           std::numeric_limits<int64_t>::max()));
  if (options->max_sessions == 0) options->max_sessions = ServerOptions().max_sessions;
  if (options->handshake_timeout < absl::ZeroDuration()) {
    status.Update(
        InvalidField("spec.limits.handshake_timeout", "spec.limits.handshake_timeout is negative"));
  }
  if (options->handshake_timeout == absl::ZeroDuration()) {
    options->handshake_timeout = ServerOptions().handshake_timeout;
  }
  if (options->limits.frame_timeout < absl::ZeroDuration()) {
    status.Update(
        InvalidField("spec.limits.frame_timeout", "spec.limits.frame_timeout is negative"));
  }
  if (options->limits.frame_timeout == absl::ZeroDuration()) {
    options->limits.frame_timeout = Limits().frame_timeout;
  }
  if (options->tls.has_value()) status.Update(CheckTls(&*options->tls));
  if (options->auto_register.value_or(false) && !options->registrar.has_value()) {
    options->registrar.emplace();
  }
  if (options->registrar.has_value()) {
    status.Update(CheckRegistrar(*options, &*options->registrar));
  }
  options->auto_register = options->auto_register.value_or(options->registrar.has_value());
  return status;
}

}  // namespace rpyc
