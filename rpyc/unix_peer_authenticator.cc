#include "rpyc/unix_peer_authenticator.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "rpyc/dict.h"

namespace rpyc {
namespace {

// Decided when it begins.
class Decided : public Authentication {
 public:
  explicit Decided(absl::StatusOr<Value> credentials) : credentials_(std::move(credentials)) {}

  absl::StatusOr<Step> Receive(absl::string_view, std::string*) override {
    if (!credentials_.ok()) return credentials_.status();
    return Step{.done = true, .credentials = *credentials_};
  }

 private:
  const absl::StatusOr<Value> credentials_;
};

absl::StatusOr<Value> Decide(const std::vector<int64_t>& allowed, const PeerInfo& peer) {
  if (!peer.unix_credentials.has_value()) {
    return absl::UnauthenticatedError("it is not connected over a unix socket");
  }
  const PeerInfo::UnixCredentials& who = *peer.unix_credentials;
  if (std::find(allowed.begin(), allowed.end(), who.uid) == allowed.end()) {
    return absl::UnauthenticatedError(
        absl::StrCat("its user, uid ", who.uid, ", is not one of those that may connect"));
  }
  return Dict({{"pid", who.pid}, {"uid", who.uid}, {"gid", who.gid}}).ToValue();
}

}  // namespace

std::unique_ptr<Authentication> UnixPeerAuthenticator::Begin(const PeerInfo& peer) const {
  return std::make_unique<Decided>(Decide(allowed_uids_, peer));
}

}  // namespace rpyc
