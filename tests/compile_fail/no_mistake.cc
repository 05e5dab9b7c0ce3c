// error: none
#include "rpyc/service.h"

struct Account {
  int balance = 0;
  friend void RpycExpose(rpyc::ClassDef<Account>& c) {
    c.Init<>("An empty one.");
    c.Property("balance", &Account::balance);
  }
};

// These are references to what an object owns, and intended copies.
struct Branch {
  Account till;
  std::vector<Account> accounts;
  std::vector<std::shared_ptr<Account>> shared;
  Account& Till() { return till; }
  std::vector<Account> Copies() const { return accounts; }
  const std::vector<std::shared_ptr<Account>>& Shared() const { return shared; }
  friend void RpycExpose(rpyc::ClassDef<Branch>& c) {
    c.Property("till", &Branch::till);
    c.Expose("get_till", &Branch::Till);
    c.Expose("copies", &Branch::Copies);
    c.Property("values", &Branch::accounts, rpyc::ReturnPolicy::kValue);
    c.Expose("shared", &Branch::Shared);
    c.Iterable(&Branch::shared);
    c.Expose("call", [](std::function<void(Account)> f) { f(Account()); });
    c.Expose(
        "speed", [](std::optional<double>) {}, rpyc::Arg("speed") = std::nullopt);
    c.Expose("Branch", rpyc::Class<Branch>());
  }
};

rpyc::Service Made() {
  return rpyc::Service::Of<Account>("S").Expose(
      "f", [](const Account& account, int n) { return account.balance + n; }, rpyc::Arg("account"),
      rpyc::Arg("n") = 1, "Docs.");
}
