#include "server/nursery_spec.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/brine.h"
#include "rpyc/limits.h"
#include "rpyc/value.h"

namespace rpyc {
namespace {

Limits SpecLimits() {
  Limits limits;
  limits.max_decoded_bytes = 2 * kMaxNurserySpecBytes;
  return limits;
}

// Collects fields and encodes them as one tuple.
class Writer {
 public:
  void operator()(bool field) { items_.emplace_back(field); }
  void operator()(const std::string& field) { items_.emplace_back(Bytes{field}); }
  void operator()(absl::Duration field) {
    // An infinite duration becomes INT64_MAX.
    items_.emplace_back(absl::ToInt64Nanoseconds(field));
  }
  template <typename T, std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>, int> = 0>
  void operator()(T field) {
    items_.emplace_back(static_cast<int64_t>(field));
  }
  // Writes whether an optional part is there. True: its fields must follow.
  template <typename T>
  bool Has(const std::optional<T>& part) {
    (*this)(part.has_value());
    return part.has_value();
  }
  void Names(const absl::flat_hash_set<std::string>& names) {
    std::vector<Value> items;
    for (const std::string& name : names) items.emplace_back(Bytes{name});
    items_.push_back(Value::Tuple(std::move(items)));
  }

  std::string TakeBytes() {
    // Brine encodes strings, numbers and tuples of them always.
    return brine::EncodeToString(Value::Tuple(std::move(items_)), SpecLimits()).value();
  }

 private:
  std::vector<Value> items_;
};

// Reads fields in the order in which Writer took them.
class FieldReader {
 public:
  explicit FieldReader(absl::string_view bytes) {
    static const Limits limits = SpecLimits();
    absl::StatusOr<Value> tuple = brine::Decode(bytes, limits);
    good_ = tuple.ok() && tuple->IsTuple();
    if (good_) items_ = std::move(*tuple).TakeItems();
  }

  void operator()(bool& field) {
    if (const bool* value = Next().AsBool(); Check(value)) field = *value;
  }
  void operator()(std::string& field) {
    if (const Bytes* value = Next().AsBytes(); Check(value)) field = value->data;
  }
  void operator()(absl::Duration& field) {
    int64_t nanos = 0;
    (*this)(nanos);
    field = nanos == INT64_MAX ? absl::InfiniteDuration() : absl::Nanoseconds(nanos);
  }
  template <typename T, std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>, int> = 0>
  void operator()(T& field) {
    if (const int64_t* value = Next().AsInt(); Check(value)) field = static_cast<T>(*value);
  }
  template <typename T>
  bool Has(std::optional<T>& part) {
    bool has = false;
    (*this)(has);
    if (has) part.emplace();
    return has;
  }
  void Names(absl::flat_hash_set<std::string>& names) {
    const Value value = Next();
    good_ = good_ && value.IsTuple();
    for (const Value& name : value.items()) {
      if (const Bytes* text = name.AsBytes(); Check(text)) names.insert(text->data);
    }
  }

  // Checks that all fields were good and that none is left.
  absl::Status Done() const {
    if (good_ && next_ == items_.size()) return absl::OkStatus();
    return absl::InvalidArgumentError("not a spec of this program's");
  }

 private:
  const Value& Next() {
    static const Value none;
    return next_ < items_.size() ? items_[next_++] : (good_ = false, none);
  }
  bool Check(const void* value) {
    good_ = good_ && value != nullptr;
    return value != nullptr;
  }

  std::vector<Value> items_;
  size_t next_ = 0;
  bool good_;
};

// Each function names a struct's fields once, for Writer and FieldReader.

template <typename Visitor, typename Options>
void VisitListener(Visitor& visit, Options& options) {
  visit(options.kind);
  visit(options.service);
  visit(options.hostname);
  visit(options.port);
  visit(options.socket_path);
  visit(options.ipv6);
  visit(options.ipv6_only);
  visit(options.allow_insecure);
  visit(options.backlog);
  visit(options.reuse_addr);
}

template <typename Visitor, typename Tls>
void VisitTls(Visitor& visit, Tls& tls) {
  visit(tls.keyfile);
  visit(tls.certfile);
  visit(tls.ca_certs);
  visit(tls.cert_reqs);
  visit(tls.ciphers);
}

template <typename Visitor, typename Config>
void VisitProtocolConfig(Visitor& visit, Config& config) {
  visit(config.allow_safe_attrs);
  visit(config.allow_exposed_attrs);
  visit(config.allow_public_attrs);
  visit(config.allow_all_attrs);
  if (visit.Has(config.safe_attrs)) visit.Names(*config.safe_attrs);
  visit(config.exposed_prefix);
  visit(config.allow_getattr);
  visit(config.allow_setattr);
  visit(config.allow_delattr);
  visit(config.include_local_traceback);
  visit(config.include_local_version);
  visit(config.sync_request_timeout);
  visit(config.connid);
  visit(config.dialect);
  visit(config.bind_threads);
}

template <typename Visitor, typename L>
void VisitLimits(Visitor& visit, L& limits) {
  visit(limits.max_frame_bytes);
  visit(limits.max_inflated_bytes);
  visit(limits.max_decoded_bytes);
  visit(limits.max_nesting);
  visit(limits.max_int_digits);
  visit(limits.max_local_objects);
  visit(limits.max_read_ahead_bytes);
  visit(limits.max_callback_depth);
  visit(limits.idle_timeout);
  visit(limits.max_total_bytes);
  visit(limits.frame_timeout);
}

template <typename Visitor, typename P>
void VisitPem(Visitor& visit, P& pem) {
  for (auto* each : {&pem.key, &pem.certificate, &pem.ca_certs}) {
    visit(each->name);
    visit(each->text);
  }
}

template <typename Visitor, typename Spec>
void VisitSpec(Visitor& visit, Spec& spec) {
  auto& options = spec.options;
  VisitListener(visit, options);
  if (visit.Has(options.tls)) VisitTls(visit, *options.tls);
  visit(options.handshake_timeout);
  visit(options.nbthreads);
  visit(options.request_batch_size);
  visit(options.max_memory_bytes);
  visit(options.max_cpu_time);
  visit(options.niceness);
  visit(options.user);
  visit(options.max_sessions);
  VisitProtocolConfig(visit, options.protocol_config);
  VisitLimits(visit, options.limits);
  VisitPem(visit, spec.pem);
}

}  // namespace

std::string EncodeNurserySpec(const NurserySpec& spec) {
  Writer writer;
  VisitSpec(writer, spec);
  return writer.TakeBytes();
}

absl::StatusOr<NurserySpec> DecodeNurserySpec(absl::string_view bytes) {
  FieldReader reader(bytes);
  NurserySpec spec;
  VisitSpec(reader, spec);
  if (absl::Status done = reader.Done(); !done.ok()) return done;
  return spec;
}

std::string EncodePem(const TlsPem& pem) {
  Writer writer;
  VisitPem(writer, pem);
  return writer.TakeBytes();
}

absl::StatusOr<TlsPem> DecodePem(absl::string_view bytes) {
  FieldReader reader(bytes);
  TlsPem pem;
  VisitPem(reader, pem);
  if (absl::Status done = reader.Done(); !done.ok()) return done;
  return pem;
}

}  // namespace rpyc
