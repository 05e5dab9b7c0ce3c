#include "server/admin/catalog_service.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "rpyc/admin/v1/catalog_service.grpc.pb.h"
#include "rpyc/bind/class_info.h"
#include "server/admin/pages.h"
#include "server/admin/request_checks.h"
#include "server/admin/resource_name.h"
#include "server/admin/status_to_grpc.h"
#include "server/reason.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;

v1::Member ToProto(const Member& member) {
  v1::Member proto;
  proto.set_name(member.name);
  switch (member.kind) {
    case MemberKind::kMethod:
      proto.set_kind(v1::Member::METHOD);
      proto.set_signature(member.signature.ToString());
      break;
    case MemberKind::kProperty:
      proto.set_kind(v1::Member::PROPERTY);
      break;
  }
  proto.set_doc(member.doc);
  return proto;
}

v1::Service ToProto(const Service& service) {
  v1::Service proto;
  proto.set_name(ServiceResourceName(service.name()));
  proto.set_service_name(service.name());
  for (const std::string& alias : service.aliases()) proto.add_aliases(alias);
  proto.set_doc(service.root_class().doc());
  for (const auto& member : service.root_class().members()) {
    *proto.add_members() = ToProto(*member);
  }
  return proto;
}

class CatalogService final : public v1::CatalogService::Service {
 public:
  explicit CatalogService(const ServiceCatalog* catalog) : catalog_(*catalog) {}

  grpc::Status ListServices(grpc::ServerContext*, const v1::ListServicesRequest* request,
                            v1::ListServicesResponse* response) override {
    return StatusToGrpc(List(*request, response));
  }
  grpc::Status GetService(grpc::ServerContext*, const v1::GetServiceRequest* request,
                          v1::Service* response) override {
    return StatusToGrpc(Get(*request, response));
  }

 private:
  absl::Status List(const v1::ListServicesRequest& request,
                    v1::ListServicesResponse* response) const {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    const auto& services = catalog_.services();
    return AnswerPage(
        "services", PositionKeys(services.size()), request,
        [&](size_t i) { *response->add_services() = ToProto(services[i]); }, response);
  }

  absl::Status Get(const v1::GetServiceRequest& request, v1::Service* response) const {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    absl::StatusOr<std::string> name = ParseServiceResourceName(request.name());
    if (!name.ok()) return name.status();
    const rpyc::Service* service = catalog_.Find(*name);
    if (service == nullptr) {
      return ReasonStatus(absl::StatusCode::kNotFound, "SERVICE_NOT_FOUND",
                          absl::StrCat(request.name(), " not found", catalog_.DidYouMean(*name)),
                          {{"field", "name"}});
    }
    *response = ToProto(*service);
    return absl::OkStatus();
  }

  const ServiceCatalog& catalog_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeCatalogService(const ServiceCatalog* catalog) {
  return std::make_unique<CatalogService>(catalog);
}

}  // namespace rpyc
