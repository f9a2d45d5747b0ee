"""What a service does when Redis refuses to use one of its queues: it says so once, and goes on with the others."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from redisched.engine.logs import log
from redisched.errors import BrokerError, BrokerUnavailable


@dataclass(slots=True)
class RefusedQueues:
    """The shards that Redis refuses to use, and why, as the log has it."""

    service: str
    _told: dict[tuple[str, int], str] = field(default_factory=dict)

    @contextmanager
    def going_on(self, queue: str, shard: int = 0) -> Iterator[None]:
        """Within the block, a refusal is logged, unless it is the one of last time. A Redis that cannot be reached is
        not its queue's fault: BrokerUnavailable is raised.
        """
        try:
            yield
        except BrokerUnavailable:
            raise
        except BrokerError as error:
            if self._told.get((queue, shard)) != str(error):
                self._told[queue, shard] = str(error)
                log.warning("%s: queue %s: %s", self.service, queue, error)
        else:
            self._told.pop((queue, shard), None)
