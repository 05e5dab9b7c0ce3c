#ifndef RPYC_TESTS_DOCS_SNIPPETS_H_
#define RPYC_TESTS_DOCS_SNIPPETS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/client.h"
#include "rpyc/service.h"

// The C++ of docs/tour.md and README.md: every code block there must occur in snippets.cc or be an
// example, so that it compiles.
namespace snippets {

class Window;

rpyc::Service Greeter();
rpyc::Service Motion();
rpyc::Service Lab();
rpyc::Service Bank();
rpyc::Service Sums();
rpyc::Service Workshop();
rpyc::Service StageService();
rpyc::Service Bench();
rpyc::Service Gui(std::shared_ptr<Window> window, rpyc::Executor main_loop);
rpyc::Service Gui(rpyc::Executor main_loop);
rpyc::Service Vault(absl::string_view secret);
rpyc::Service Named();
absl::StatusOr<rpyc::Client> Find();
int AddInPython(const rpyc::Client& client);

}  // namespace snippets

#endif  // RPYC_TESTS_DOCS_SNIPPETS_H_
