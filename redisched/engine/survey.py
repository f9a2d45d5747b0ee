"""Looks at all shards of a worker at once, so that those in which there is nothing to do cost nothing.

Without it a worker would ask in each of five hundred idle queues whether a lease has ended, and claim from each in case
a wake-up was lost. It is of no use where a command may name the keys of one shard only, as on a cluster, unless there
are so many that even the single looks have to be spared.
"""

from collections.abc import Callable, Hashable
from typing import Protocol

from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.store.operation import AsyncClient, Dialect, run_async
from redisched.store.store import Store
from redisched.store.survey import Prospect, in_calls, survey

INTERVAL_S = 5.0
LONG_INTERVAL_S = 10.0
"""The same if there are many shards: a worker that has nothing to do sends one command per second at most."""
MANY = 128
FEW = 16
"""So many shards are looked after one by one where no command can name more."""


class Surveyed(Protocol):
    """Is told what there is to do in each shard."""

    @property
    def is_in_doubt(self) -> bool:
        """Whether it serves shards that their queue may not have."""

    def hear(self, store: Store, prospect: Prospect | None) -> None:
        """Take in what there is to do in a shard; None if nobody looks any more, so that it has to look itself."""


class Survey:
    """Asks again and again, and tells. `group_of` says of a key with which others it may stand in one command."""

    def __init__(
        self,
        context: WorkerContext,
        client: AsyncClient,
        dialect: Dialect,
        group_of: Callable[[str], Hashable],
        surveyed: Surveyed,
    ) -> None:
        self._context = context
        self._client = client
        self._dialect = dialect
        self._group_of = group_of
        self._surveyed = surveyed
        self.is_of_use = False
        """Whether it looks; if not, each shard has to be asked for itself."""

    async def step(self) -> float:
        """Look at every shard once; answers how long to wait, in seconds."""
        calls = list(in_calls(self._context.stores.values(), self._group_of))
        was_of_use = self.is_of_use
        self.is_of_use = self._surveyed.is_in_doubt or len(calls) < len(self._context.stores) or len(calls) > FEW
        if not self.is_of_use:
            if was_of_use:
                self._leave_it_to_others()
            return INTERVAL_S
        failure: BrokerError | None = None
        for stores in calls:
            try:
                prospects = await run_async(survey(self._dialect, self._context.worker, stores), self._client)
            except BrokerError as error:
                failure = error
                continue
            self._context.contact()
            for store, prospect in zip(stores, prospects, strict=True):
                self._surveyed.hear(store, prospect)
        if failure is not None:
            raise failure
        return self.interval_s

    @property
    def interval_s(self) -> float:
        """Between looks. A lease that was granted after one is seen by the next, long before it ends."""
        longest_s = INTERVAL_S if len(self._context.stores) <= MANY else LONG_INTERVAL_S
        return min(longest_s, self._context.worker_settings.lease_s / 3)

    def _leave_it_to_others(self) -> None:
        for store in list(self._context.stores.values()):
            self._surveyed.hear(store, None)
