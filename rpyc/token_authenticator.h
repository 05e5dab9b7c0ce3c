#ifndef RPYC_TOKEN_AUTHENTICATOR_H_
#define RPYC_TOKEN_AUTHENTICATOR_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "rpyc/authenticator.h"
#include "rpyc/value.h"

namespace rpyc {

// Wants one of some secrets as the first bytes of a connection. Use it with TLS, or over a unix
// socket: anything that can listen to the bytes can repeat them.
//
//   service.AuthenticatedBy(std::make_shared<rpyc::TokenAuthenticator>(
//       std::vector<rpyc::TokenAuthenticator::Token>{{secret, "operator"}}));
//
// How long a comparison takes tells nothing of how much was right. A peer is refused as soon as it
// has sent as much as the longest token without having sent any.
// Wire:    the token's bytes as they are: no length, no end, no answer.
// Threads: any.
class TokenAuthenticator : public Authenticator {
 public:
  struct Token {
    // An empty token lets no peer in; of two that begin alike the shorter one is found.
    std::string token;
    Value credentials;
  };
  // Wants one token, and gives credentials of True for it.
  explicit TokenAuthenticator(absl::string_view token)
      : TokenAuthenticator(std::vector<Token>{{std::string(token), Value(true)}}) {}
  explicit TokenAuthenticator(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  std::unique_ptr<Authentication> Begin(const PeerInfo& peer) const override;

 private:
  const std::vector<Token> tokens_;
};

}  // namespace rpyc

#endif  // RPYC_TOKEN_AUTHENTICATOR_H_
