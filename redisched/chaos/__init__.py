"""Tools for fault-injection tests: servers to kill, a proxy that injects faults, and a checker of recorded histories.

redisched is tested with them, and users can test their own handlers with them. `Server` starts a real server for a
test; `WatchedServers` and `ClusterServers` start several; `work_off` runs the handlers of an application. `Proxy`
stands in front of a server and applies a `Fault` to its messages. A `Recorder` records what handlers and producers do,
and a `ReplyObserver` records what the server replied; `check_history` checks these records against redisched's
guarantees.
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
