"""Servers for tests: they can be started from any thread, killed, paused, restarted on their data, and combined.

Each server is a child of this process and ends with it, even when this process is killed.
"""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from redisched.embedded.free_port import find_free_port
from redisched.embedded.private import PrivateServer

# A server is killed when the thread that started it ends. So one thread, which never ends, starts all of them.
_births = ThreadPoolExecutor(max_workers=1, thread_name_prefix="redisched-servers")


class Server(PrivateServer):
    """A private server that can be started from any thread, and paused.

    To build a topology of several servers, pass the result of `replica_of`, `sentinel` or `cluster_node` as
    `arguments`, and `Transport.LOOPBACK` as `transport`.
    """

    @property
    def address(self) -> tuple[str, int]:
        """Host and port. Raises ValueError for a server on a Unix socket."""
        place = urlsplit(self.url)
        if place.hostname is None or place.port is None:
            raise ValueError(f"{self.url} is no TCP port; start the server with Transport.LOOPBACK")
        return place.hostname, place.port

    def start(self) -> None:
        """Start the server on its data and return when it answers. Raises ServerStartFailed if it does not."""
        _births.submit(super().start).result()

    def stop(self) -> None:
        """Shut the server down cleanly, even if it is paused, and return when its process has ended."""
        self.resume()
        super().stop()

    def pause(self) -> None:
        """Suspend the server's process with SIGSTOP. Its connections stay open."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server continue."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self.pid is not None:
            os.kill(self.pid, number)


def replica_of(primary: Server) -> tuple[str, ...]:
    """The arguments of a replica of `primary`, which must listen on the loopback interface."""
    host, port = primary.address
    return ("--replicaof", host, str(port))


def sentinel() -> tuple[str, ...]:
    """The arguments of a Sentinel. SENTINEL MONITOR tells it which primary to watch; it keeps that over restarts."""
    return ("--sentinel",)


def cluster_node() -> tuple[str, ...]:
    """The arguments of a cluster node. Its bus gets a free port, as the default, 10,000 higher, may be no valid port.

    CLUSTER MEET must name the bus port, too; CONFIG GET cluster-port returns it.
    """
    return ("--cluster-enabled", "yes", "--cluster-port", str(find_free_port()))
