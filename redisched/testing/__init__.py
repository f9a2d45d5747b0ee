"""What redisched is tested with: servers to break, a proxy that loses exactly the reply one names, and histories.

`Server` starts a real server for a test; `Proxy` stands in front of one and does to its messages what a `Fault` says.
"""

from redisched.testing.fault import Action, Fault, Message, Pace
from redisched.testing.link import Exchange
from redisched.testing.proxy import Proxy
from redisched.testing.server import Server, cluster_node, replica_of, sentinel

__all__ = [
    "Action",
    "Exchange",
    "Fault",
    "Message",
    "Pace",
    "Proxy",
    "Server",
    "cluster_node",
    "replica_of",
    "sentinel",
]
