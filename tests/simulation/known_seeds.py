"""Seeds with which each planted bug shows, so that tests of a commit find it quickly.

A seed gives a world only for the present code: after a change it may give another. Then the bug is looked for in the
worlds that follow, and the nightly hunt logs a seed to write down here:
`pytest -n 0 -m nightly -k hunted --log-cli-level=info`.
"""

KNOWN_SEEDS = {
    "ack does not check the token": 128,
    "ack does not know what it acked": 16,
    "the fence counts from zero": 24,
    "the fence is the time alone": 3,
    "claim does not know its nonce": 16,
    "claim takes bands that are worse": 0,
    "enqueue does not compare": 0,
    "enqueue of one task does not know those that ended": 0,
    "reap forgets the task's own place": 2,
    "reap knows no grace": 42,
    "reap believes in leases from before the clock was set back": 905,
    "recover blames the innocent": 5,
    "release counts an attempt": 0,
    "renew does not check the token": 11,
    "retry counts an attempt twice": 297,
    "retry does not remove the lease": 0,
    "retry takes two calls": 0,
    "a task starts whose lease is not certain": 1479896219,
    "a task starts by the latest time it may be": 6,
    "clocks are thought to run equally fast": 69,
    "the lease renewer renews nothing": 0,
    "the lease renewer tells nobody": 6,
    "the lease renewer ends before the handlers": 6,
    "a try of a claim is numbered anew": 16,
    "a claim in the last moment is left behind": 70,
    "a settlement is tried once": 0,
    "a connection is used again after a call was given up": 0,
    "an outage of a lease is none": 588,
}
