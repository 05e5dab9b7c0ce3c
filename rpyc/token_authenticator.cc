#include "rpyc/token_authenticator.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"

namespace rpyc {
namespace {

// Whether `received` begins with `token`, in a time that only their lengths decide.
bool BeginsWith(absl::string_view received, absl::string_view token) {
  if (received.size() < token.size()) return false;
  // The compiler must not see that one difference is enough.
  volatile unsigned char different = 0;
  for (size_t i = 0; i < token.size(); ++i) {
    different = different | static_cast<unsigned char>(received[i] ^ token[i]);
  }
  return different == 0;
}

class TokenAuthentication : public Authentication {
 public:
  explicit TokenAuthentication(const std::vector<TokenAuthenticator::Token>& tokens)
      : tokens_(tokens) {}

  absl::StatusOr<Step> Receive(absl::string_view received, std::string*) override {
    const TokenAuthenticator::Token* found = nullptr;
    size_t longest = 0;
    for (const TokenAuthenticator::Token& each : tokens_) {
      longest = std::max(longest, each.token.size());
      const bool given = BeginsWith(received, each.token) && !each.token.empty();
      if (given && (found == nullptr || each.token.size() < found->token.size())) found = &each;
    }
    if (found != nullptr) {
      return Step{.done = true, .used = found->token.size(), .credentials = found->credentials};
    }
    if (received.size() >= longest) {
      return absl::UnauthenticatedError("it has not sent a token that is known");
    }
    return Step();
  }

 private:
  const std::vector<TokenAuthenticator::Token>& tokens_;  // the authenticator outlives this
};

}  // namespace

std::unique_ptr<Authentication> TokenAuthenticator::Begin(const PeerInfo&) const {
  return std::make_unique<TokenAuthentication>(tokens_);
}

}  // namespace rpyc
