#ifndef RPYC_SERVER_SERVICE_CATALOG_H_
#define RPYC_SERVER_SERVICE_CATALOG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/service.h"

namespace rpyc {

// The services that a host offers, in the order given.
// Threads: any; it is immutable.
class ServiceCatalog {
 public:
  // Errors:  kInvalidArgument - two services share a name or alias; the message names it.
  static absl::StatusOr<ServiceCatalog> Make(std::vector<Service> services);

  // Finds a service by any of its names, case-insensitively; nullptr if there is none.
  const Service* Find(absl::string_view name) const;
  const std::vector<Service>& services() const { return services_; }
  // The end of a message about a `name` that Find does not know; see rpyc/did_you_mean.h.
  std::string DidYouMean(absl::string_view name) const;
  // "CALCULATOR, ECHO", for messages.
  std::string Names() const;

 private:
  explicit ServiceCatalog(std::vector<Service> services) : services_(std::move(services)) {}
  std::vector<Service> services_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVICE_CATALOG_H_
