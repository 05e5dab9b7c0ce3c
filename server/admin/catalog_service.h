#ifndef RPYC_SERVER_ADMIN_CATALOG_SERVICE_H_
#define RPYC_SERVER_ADMIN_CATALOG_SERVICE_H_

#include <memory>

#include "server/service_catalog.h"

namespace grpc {
class Service;
}

namespace rpyc {

// Makes rpyc.admin.v1.CatalogService over `catalog`, which must outlive it.
std::unique_ptr<grpc::Service> MakeCatalogService(const ServiceCatalog* catalog);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_CATALOG_SERVICE_H_
