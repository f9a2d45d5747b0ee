"""What redisched is tested with, for those who test their handlers: servers to break, faults, and histories.

`Server` starts a real server for a test, `WatchedServers` and `ClusterServers` several, and `work_off` runs the
handlers of an application on it. `Proxy` stands in front of a server and does to its messages what a `Fault` says. A
`Recorder` writes down what handlers and producers do and a `Witness` what the server said; `check_history` holds that
against what redisched promises.
"""

from redisched.testing.checker import check, check_history
from redisched.testing.cluster import ClusterServers
from redisched.testing.fault import Action, Fault, Message, Pace
from redisched.testing.history.reading import read_history
from redisched.testing.history.recorder import Recorder
from redisched.testing.history.stock import take_stock
from redisched.testing.history.witness import Witness
from redisched.testing.invariants.invariant import Tolerances, Violation
from redisched.testing.link import Exchange
from redisched.testing.proxy import Proxy
from redisched.testing.server import Server, cluster_node, replica_of, sentinel
from redisched.testing.watched import WatchedServers
from redisched.testing.working import work_off, work_off_async

__all__ = [
    "Action",
    "ClusterServers",
    "Exchange",
    "Fault",
    "Message",
    "Pace",
    "Proxy",
    "Recorder",
    "Server",
    "Tolerances",
    "Violation",
    "WatchedServers",
    "Witness",
    "check",
    "check_history",
    "cluster_node",
    "read_history",
    "replica_of",
    "sentinel",
    "take_stock",
    "work_off",
    "work_off_async",
]
