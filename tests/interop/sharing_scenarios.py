"""An object that one connection has returned is an argument on another one (scenario.py). The service is BANK of the examples."""

import os
import threading

from scenario import names, ours

REFUSAL = ("transfer() argument 'source': expected Account, got cpp.Account: another connection, or another process, gave it; pass it by the "
           "connection that gave it, or have the service share its objects (rpyc::Service::SharesObjects; not where connections have "
           "processes of their own)")


def _name(number):
    return f"sharing {os.getpid()} {os.urandom(4).hex()} {number}"


def _two(t):
    """Two connections, and an account opened by each."""
    t.passes_proxies()
    a, b = t.connect("bank"), t.connect("bank")
    return a, b, a.root.open_account(_name(1), 10), b.root.open_account(_name(2), 20)


def accounts_of_two_connections(t):
    a, b, x, y = _two(t)
    if t.traits.get("separate_process"):
        t.assertEqual(REFUSAL, t.raises(TypeError, b.root.transfer, x, y, 3))
        t.assertEqual((10, 20), (x.balance, y.balance))
        return
    b.root.transfer(x, y, 3)
    a.root.transfer(source=y, target=x, cents=1)
    a.root.transfer(x, x.deposit and y, 1)
    t.assertEqual((7, 23), (x.balance, y.balance))
    # What came back by the other connection is the same account.
    other = b.root.account(x.owner)
    other.deposit(1)
    t.assertEqual(8, x.balance)
    c = t.connect("bank")
    c.root.transfer(x, other, 1) if t.baseline else t.assertIn(
        "are the same account", t.raises(ValueError, c.root.transfer, x, other, 1))


def a_connection_for_each_thread(t):
    t.shares_memory()
    t.passes_proxies()
    first = t.connect("bank")
    pot = first.root.open_account(_name("pot"), 0)
    mine = [first.root.open_account(_name(i), 50) for i in range(4)]
    failures = []

    def work(conn, account):
        try:
            for _ in range(50):
                conn.root.transfer(account, pot, 1)
        except BaseException as e:
            failures.append(repr(e))

    threads = [threading.Thread(target=work, args=(t.connect("bank"), account)) for account in mine]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.assertEqual([], failures)
    t.assertEqual(200, pot.balance)
    t.assertEqual([0] * 4, [account.balance for account in mine])


@ours  # a Python server asks the proxy, which fails
def of_a_connection_that_has_ended(t):
    a, b, x, y = _two(t)
    a.close()
    t.assertEqual(REFUSAL, t.raises(TypeError, b.root.transfer, x, y, 3))
    t.assertEqual(20, y.balance)


def the_other_connection_gives_it_back(t):
    """The host holds no more references than it needs: an argument is released when the call is over."""
    t.shares_memory()
    a, b, x, y = _two(t)
    for _ in range(3):
        b.root.transfer(x, y, 1)
    b.ping()
    t.assertEqual({}, {key: value for key, value in b._local_objects._dict.items() if "Account" in key[0]})


ALL = names(globals())
