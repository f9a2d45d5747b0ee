"""A primary with replicas and Sentinels for tests, which can be killed, paused and failed over."""

from pathlib import Path

from redisched.chaos.agreement import PROMPT_REPLICATION, pairs, perform, wait_for_agreement
from redisched.chaos.server import Server, replica_of, sentinel
from redisched.embedded import Persistence, Transport
from redisched.embedded.lifetime import Lifetime


class WatchedServers(Lifetime):
    """A primary, its replicas and the Sentinels that watch it; `url` is a `redis+sentinel://` URL for clients.

    Any of them can be killed and started again. `servers` contains the first primary, then its replicas. The Sentinels
    consider a primary down when more than half of them (two of three) have not heard from it for `down_after_ms`. It
    should be well over a second: after a failover, a Sentinel may take a second before it connects to the new primary,
    and counts that second as silence.
    """

    def __init__(
        self,
        *,
        replicas: int = 1,
        sentinels: int = 3,
        down_after_ms: int = 1_500,
        name: str = "tasks",
        binary: Path | None = None,
        persistence: Persistence = Persistence.NONE,
        arguments: tuple[str, ...] = (),
    ) -> None:
        self._name = name
        self._down_after_ms = down_after_ms
        self._binary = binary
        primary = self._server((*PROMPT_REPLICATION, *arguments), persistence)
        following = (*PROMPT_REPLICATION, *arguments, *replica_of(primary))
        self.servers = [primary, *(self._server(following, persistence) for _ in range(replicas))]
        self.sentinels = [self._server(sentinel(), Persistence.NONE) for _ in range(sentinels)]

    @property
    def url(self) -> str:
        """The URL with which clients find the current primary."""
        hosts = ",".join("{}:{}".format(*sentinel.address) for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{self._name}/0"

    @property
    def primary(self) -> Server:
        """The current primary, as the first Sentinel reports it."""
        _, port = perform(self.sentinels[0], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._name)
        return next(server for server in self.servers if server.address[1] == int(port))

    @property
    def replicas(self) -> list[Server]:
        """The servers that are not the primary."""
        primary = self.primary
        return [server for server in self.servers if server is not primary]

    @property
    def promotions(self) -> int:
        """How often the Sentinels have promoted a replica. They may do so once more than a test asked for."""
        return sum(watching.log.count("+promoted-slave") for watching in self.sentinels)

    def start(self) -> None:
        """Start everything, and return when every Sentinel knows all others and every replica."""
        for server in self.servers:
            server.start()
        wait_for_agreement(lambda: self._is_followed(self.servers[0]), "every replica follows")
        quorum = len(self.sentinels) // 2 + 1
        for watching in self.sentinels:
            watching.start()
            perform(watching, "SENTINEL", "MONITOR", self._name, *self.servers[0].address, quorum)
            settings = ("down-after-milliseconds", self._down_after_ms, "failover-timeout", 2 * self._down_after_ms)
            perform(watching, "SENTINEL", "SET", self._name, *settings)
        wait_for_agreement(self._is_watched, "every Sentinel knows all others")

    def fail_over(self) -> None:
        """Let the Sentinels promote a replica, as before maintenance, and return when it is the primary.

        A Sentinel may abort a failover, such as when the replica reports its promotion late. Then it is asked again.
        """
        before = self.primary.address[1]

        def is_over() -> bool:
            facts = pairs(perform(self.sentinels[0], "SENTINEL", "MASTER", self._name))
            if int(facts["port"]) != before:
                return True
            if "failover_in_progress" not in facts["flags"]:
                perform(self.sentinels[0], "SENTINEL", "FAILOVER", self._name)
            return False

        wait_for_agreement(is_over, "there is another primary")

    def wait_until_whole(self) -> None:
        """Return when every replica follows the primary, and every Sentinel knows all servers and other Sentinels."""
        wait_for_agreement(
            lambda: self._is_followed(self.primary) and self._is_watched(), "every replica follows and is watched"
        )

    def close(self) -> None:
        """Stop all servers and Sentinels and delete their temporary files. May be called again."""
        for server in (*self.sentinels, *reversed(self.servers)):
            server.close()

    def _server(self, arguments: tuple[str, ...], persistence: Persistence) -> Server:
        return Server(binary=self._binary, arguments=arguments, persistence=persistence, transport=Transport.LOOPBACK)

    def _is_followed(self, primary: Server) -> bool:
        role = perform(primary, "ROLE")
        return role[0] == b"master" and len(role[2]) == len(self.servers) - 1

    def _knows_everybody(self, watching: Server) -> bool:
        facts = pairs(perform(watching, "SENTINEL", "MASTER", self._name))
        replicas = [pairs(told)["flags"] for told in perform(watching, "SENTINEL", "REPLICAS", self._name)]
        return (
            facts["flags"] == "master"
            and int(facts["num-other-sentinels"]) == len(self.sentinels) - 1
            and replicas == ["slave"] * (len(self.servers) - 1)
        )

    def _is_watched(self) -> bool:
        return all(map(self._knows_everybody, self.sentinels))
