"""What redisched is tested with, for those who test their handlers: servers to break, faults, and histories.

`Server` starts a real server for a test, `WatchedServers` and `ClusterServers` several, and `work_off` runs the
handlers of an application on it. `Proxy` stands in front of a server and does to its messages what a `Fault` says. A
`Recorder` writes down what handlers and producers do and a `ReplyObserver` what the server said; `check_history` holds
that against what redisched promises.
"""

from redisched.chaos.checker import check, check_history
from redisched.chaos.cluster import ClusterServers
from redisched.chaos.fault import Action, Fault, Message, Pace
from redisched.chaos.history.final_places import record_final_places
from redisched.chaos.history.reading import read_history
from redisched.chaos.history.recorder import Recorder
from redisched.chaos.history.reply_observer import ReplyObserver
from redisched.chaos.invariants.invariant import Tolerances, Violation
from redisched.chaos.link import Exchange
from redisched.chaos.proxy import Proxy
from redisched.chaos.server import Server, cluster_node, replica_of, sentinel
from redisched.chaos.watched import WatchedServers
from redisched.chaos.working import work_off, work_off_async

__all__ = [
    "Action",
    "ClusterServers",
    "Exchange",
    "Fault",
    "Message",
    "Pace",
    "Proxy",
    "Recorder",
    "ReplyObserver",
    "Server",
    "Tolerances",
    "Violation",
    "WatchedServers",
    "check",
    "check_history",
    "cluster_node",
    "read_history",
    "replica_of",
    "sentinel",
    "record_final_places",
    "work_off",
    "work_off_async",
]
