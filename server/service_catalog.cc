#include "server/service_catalog.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rpyc/did_you_mean.h"

namespace rpyc {

absl::StatusOr<ServiceCatalog> ServiceCatalog::Make(std::vector<Service> services) {
  std::set<std::string> names;
  for (const Service& service : services) {
    for (const std::string& alias : service.aliases()) {
      if (!names.insert(alias).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("two services are named ", alias, ", the second is ", service.name()));
      }
    }
  }
  return ServiceCatalog(std::move(services));
}

const Service* ServiceCatalog::Find(absl::string_view name) const {
  const std::string upper = absl::AsciiStrToUpper(name);
  for (const Service& service : services_) {
    const std::vector<std::string>& aliases = service.aliases();
    if (std::find(aliases.begin(), aliases.end(), upper) != aliases.end()) return &service;
  }
  return nullptr;
}

std::string ServiceCatalog::DidYouMean(absl::string_view name) const {
  std::vector<std::string> names;
  for (const Service& service : services_) {
    names.insert(names.end(), service.aliases().begin(), service.aliases().end());
  }
  return rpyc::DidYouMean(name, names);
}

std::string ServiceCatalog::Names() const {
  return absl::StrJoin(services_, ", ", [](std::string* out, const Service& service) {
    out->append(service.name());
  });
}

}  // namespace rpyc
