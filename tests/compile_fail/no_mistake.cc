// error: none
#include "rpyc/service.h"

struct Account {
  int balance = 0;
  friend void RpycExpose(rpyc::ClassDef<Account>& c) {
    c.Init<>("An empty one.");
    c.Property("balance", &Account::balance);
  }
};

rpyc::Service Made() {
  return rpyc::Service::Of<Account>("S").Expose(
      "f", [](const Account& account, int n) { return account.balance + n; }, rpyc::Arg("account"),
      rpyc::Arg("n") = 1, "Docs.");
}
