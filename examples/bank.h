#ifndef RPYC_EXAMPLES_BANK_H_
#define RPYC_EXAMPLES_BANK_H_

#include "rpyc/service.h"

namespace examples {

// Makes BANK: open_account(owner, cents=0) and account(owner) give accounts by reference. Clients
// call an account's deposit and withdraw and read its owner and balance; transfer(source, target,
// cents) takes two. All connections share one bank.
rpyc::Service Bank();

}  // namespace examples

#endif  // RPYC_EXAMPLES_BANK_H_
