"""`identity_client.py MIDDLE BANK BANK...`: holds an account of each BANK and hands all of them to the CALLBACK at
MIDDLE at once. Says on stdout which owners it gets back, and how many names the objects have."""

import os
import sys

import rpyc


def connect(address):
    host, _, port = address.rpartition(":")
    return rpyc.connect(host, int(port))


middle, *banks = map(connect, sys.argv[1:])
owners = [f"owner {i} of {os.getpid()}" for i in range(len(banks))]
accounts = [bank.root.open_account(owner) for bank, owner in zip(banks, owners)]
got = middle.root.map(lambda account: account.owner, accounts)
print("right" if list(got) == owners else f"wrong: {got}")
print(len({object.__getattribute__(account, "____id_pack__") for account in accounts}), "names")
