#ifndef RPYC_TESTS_DOCS_SNIPPETS_H_
#define RPYC_TESTS_DOCS_SNIPPETS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/client.h"
#include "rpyc/netref.h"
#include "rpyc/service.h"

// The C++ of the documents: every code block there must occur in snippets.cc or be an example, so
// that it compiles.
namespace snippets {

class Follower;
class Window;

rpyc::Service Greeter();
rpyc::Service Motion();
rpyc::Service Lab();
rpyc::Service Optics();
rpyc::Service Drive();
rpyc::Service Scope();
rpyc::Service Stock();
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
std::shared_ptr<Follower> MakeFollower(rpyc::Netref where);
// Makes a step, and returns the position.
double StepOf(Follower& follower);
void TellAll(std::vector<std::function<void(double)>>* observers, double position);
int AddInPython(const rpyc::Client& client);
int AddTwice(const rpyc::Client& client);
std::string FindPlace(const rpyc::Client& client, const std::string& place);
std::string Watch(const rpyc::Client& client);

}  // namespace snippets

#endif  // RPYC_TESTS_DOCS_SNIPPETS_H_
