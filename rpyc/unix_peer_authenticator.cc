#include "rpyc/unix_peer_authenticator.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "rpyc/dict.h"

namespace rpyc {
namespace {

// An authentication whose outcome is known when it begins.
class DecidedAuthentication : public Authentication {
 public:
  explicit DecidedAuthentication(absl::StatusOr<Value> credentials)
      : credentials_(std::move(credentials)) {}

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
  const PeerInfo::UnixCredentials& user = *peer.unix_credentials;
  if (std::find(allowed.begin(), allowed.end(), user.uid) == allowed.end()) {
    return absl::UnauthenticatedError(
        absl::StrCat("its user, uid ", user.uid, ", is not one of those that may connect"));
  }
  return Dict({{"pid", user.pid}, {"uid", user.uid}, {"gid", user.gid}}).ToValue();
}

}  // namespace

std::unique_ptr<Authentication> UnixPeerAuthenticator::Begin(const PeerInfo& peer) const {
  return std::make_unique<DecidedAuthentication>(Decide(allowed_uids_, peer));
}

}  // namespace rpyc
