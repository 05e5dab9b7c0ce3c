#include "examples/bank.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/errors.h"

namespace examples {
namespace {

// Clients of many connections, and so many threads, may hold the same account.
class Account {
 public:
  Account(std::string owner, int64_t cents) : owner_(std::move(owner)), cents_(cents) {}

  int64_t Deposit(int64_t cents) {
    CheckAmount(cents);
    std::lock_guard lock(mutex_);
    return Add(cents);
  }

  int64_t Withdraw(int64_t cents) {
    CheckAmount(cents);
    std::lock_guard lock(mutex_);
    return Take(cents);
  }

  static void Transfer(Account& source, Account& target, int64_t cents) {
    CheckAmount(cents);
    if (&source == &target) throw rpyc::ValueError("source and target are the same account");
    std::scoped_lock lock(source.mutex_, target.mutex_);
    target.Add(cents);
    try {
      source.Take(cents);
    } catch (...) {
      target.cents_ -= cents;
      throw;
    }
  }

  const std::string& owner() const { return owner_; }

  int64_t balance() const {
    std::lock_guard lock(mutex_);
    return cents_;
  }

  std::string ToString() const {
    return absl::StrCat("account of ", owner_, ": ", balance(), " cents");
  }

  friend void RpycExpose(rpyc::ClassDef<Account>& c) {
    c.Doc("A bank account, held by reference. Amounts are in cents.");
    c.Expose("deposit", &Account::Deposit, rpyc::Arg("cents"), "Returns the new balance.");
    c.Expose("withdraw", &Account::Withdraw, rpyc::Arg("cents"),
             "Returns the new balance; ValueError if there is too little.");
    c.Property("owner", &Account::owner, "Who opened it.");
    c.Property("balance", &Account::balance, "What is in it.");
    c.Expose("__str__", &Account::ToString);
  }

 private:
  static void CheckAmount(int64_t cents) {
    if (cents <= 0) throw rpyc::ValueError(absl::StrCat("not an amount: ", cents));
  }

  int64_t Add(int64_t cents) {
    int64_t sum;
    if (__builtin_add_overflow(cents_, cents, &sum)) {
      throw rpyc::OverflowError("nobody is that rich");
    }
    return cents_ = sum;
  }

  int64_t Take(int64_t cents) {
    if (cents > cents_) {
      throw rpyc::ValueError(
          absl::StrCat("insufficient funds: ", cents_, " in the account, asked for ", cents));
    }
    return cents_ -= cents;
  }

  const std::string owner_;
  mutable std::mutex mutex_;
  int64_t cents_;
};

class BankRoot {
 public:
  std::shared_ptr<Account> Open(const std::string& owner, int64_t cents) {
    if (cents < 0) throw rpyc::ValueError(absl::StrCat("not an amount: ", cents));
    std::lock_guard lock(mutex_);
    auto [place, is_new] = accounts_.try_emplace(owner);
    if (!is_new) throw rpyc::ValueError(absl::StrCat(owner, " has an account"));
    place->second = std::make_shared<Account>(owner, cents);
    return place->second;
  }

  std::shared_ptr<Account> Find(const std::string& owner) const {
    std::lock_guard lock(mutex_);
    const auto found = accounts_.find(owner);
    if (found == accounts_.end()) throw rpyc::KeyError(owner);
    return found->second;
  }

  friend void RpycExpose(rpyc::ClassDef<BankRoot>& c) {
    c.Doc("A bank, one for all its clients. Amounts are in cents.");
    c.Expose("open_account", &BankRoot::Open, rpyc::Arg("owner"), rpyc::Arg("cents") = 0,
             "Returns the new account of owner, who must not have one yet.");
    c.Expose("account", &BankRoot::Find, rpyc::Arg("owner"),
             "Returns the account of owner; KeyError if there is none.");
    c.Expose(
        "transfer",
        [](const std::shared_ptr<Account>& source, const std::shared_ptr<Account>& target,
           int64_t cents) { Account::Transfer(*source, *target, cents); },
        rpyc::Arg("source"), rpyc::Arg("target"), rpyc::Arg("cents"),
        "Moves cents from one account to another, or does nothing.");
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Account>> accounts_;
};

}  // namespace

rpyc::Service Bank() {
  // An account that one connection has given is accepted from every other connection.
  return rpyc::Service::Shared("BANK", std::make_shared<BankRoot>()).SharesObjects();
}

}  // namespace examples
