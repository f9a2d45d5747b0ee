"""Servers to break: started from any thread, killed, paused, restarted on their data, and put together to topologies.

Each is a child of this process and ends with it, also when it is killed.
"""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from redisched.embedded.private import PrivateServer, find_free_port

# A server is tied to the life of the thread that gave birth to it, so all of them come from one that stays.
_births = ThreadPoolExecutor(max_workers=1, thread_name_prefix="redisched-servers")


class Server(PrivateServer):
    """A private server that can be started from any thread, and paused.

    A topology is several of them: pass what `replica_of`, `sentinel` or `cluster_node` answers as `arguments`, and
    `Transport.LOOPBACK` as `transport`.
    """

    @property
    def address(self) -> tuple[str, int]:
        """Host and port. Raises ValueError for a server on a Unix socket."""
        place = urlsplit(self.url)
        if place.hostname is None or place.port is None:
            raise ValueError(f"{self.url} is no TCP port; start the server with Transport.LOOPBACK")
        return place.hostname, place.port

    def start(self) -> None:
        """Start the server on its data and return when it answers. Raises ServerStartFailed."""
        _births.submit(super().start).result()

    def stop(self) -> None:
        """Stop the server in good order, be it paused or not, and return when it is gone."""
        self.resume()
        super().stop()

    def pause(self) -> None:
        """Let the server do nothing, with its connections open, as SIGSTOP does."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on where it was."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self.pid is not None:
            os.kill(self.pid, number)


def replica_of(primary: Server) -> tuple[str, ...]:
    """The arguments of a server that copies another one, which listens on the loopback interface."""
    host, port = primary.address
    return ("--replicaof", host, str(port))


def sentinel() -> tuple[str, ...]:
    """The arguments of a Sentinel. Tell it what to watch with SENTINEL MONITOR; it remembers that over restarts."""
    return ("--sentinel",)


def cluster_node() -> tuple[str, ...]:
    """The arguments of a cluster node. Its bus has a port of its own, as the usual one, 10,000 higher, may not exist.

    CLUSTER MEET has to name that port, too: CONFIG GET cluster-port.
    """
    return ("--cluster-enabled", "yes", "--cluster-port", str(find_free_port()))
