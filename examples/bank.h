#ifndef RPYC_EXAMPLES_BANK_H_
#define RPYC_EXAMPLES_BANK_H_

#include "rpyc/service.h"

namespace examples {

// BANK: open_account(owner, cents=0) and account(owner) give accounts by reference, on which
// clients call deposit and withdraw and read owner and balance; transfer(source, target, cents)
// takes two. One bank for all connections.
rpyc::Service Bank();

}  // namespace examples

#endif  // RPYC_EXAMPLES_BANK_H_
