"""`identity_client.py MIDDLE FIXTURE FIXTURE...`: holds an object of each FIXTURE and passes all of them to the CALLBACK at
MIDDLE in one call. Prints which names it gets back, and how many id_packs the objects have."""

import os
import sys

import rpyc
from rpyc.lib import get_id_pack

if "____id_pack__" not in get_id_pack.__code__.co_consts:  # 4.1.0 first asks the owner for `__class__`, which is refused
    print("cannot pass a proxy to any but its owner")
    sys.exit()


def connect(address):
    host, _, port = address.rpartition(":")
    return rpyc.connect(host, int(port))


middle, *fixtures = map(connect, sys.argv[1:])
names = [f"object {i} of {os.getpid()}" for i in range(len(fixtures))]
objects = [fixture.root.logged(name) for fixture, name in zip(fixtures, names)]
got = middle.root.map(lambda held: held.name, objects)
print("right" if list(got) == names else f"wrong: {got}")
print(len({object.__getattribute__(held, "____id_pack__") for held in objects}), "names")
