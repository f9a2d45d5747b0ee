"""Surveys all shards of a worker with one command, so that idle shards cost nothing else.

Without surveys, a worker of five hundred idle queues would reap in each of them, and claim from each in case a wake-up
was lost. On a cluster a command can name the keys of one shard only. There a survey needs a command for each shard, and
is used only if a worker has many of them.
"""

from collections.abc import Callable, Hashable
from typing import Protocol

from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.store.operation import AsyncClient, ScriptRunner, run_async
from redisched.store.store import Store
from redisched.store.survey import ShardReport, in_calls, survey

INTERVAL_S = 5.0
LONG_INTERVAL_S = 10.0
"""The interval with more than MANY shards."""
MANY = 128
FEW = 16
"""With up to so many shards of which no two can stand in one command, no surveys are made."""


class SurveyListener(Protocol):
    """What gets the reports of surveys."""

    @property
    def serves_unknown_shards(self) -> bool:
        """Whether it serves shards that the queue's shard map, as far as it is known, does not have."""

    def take_report(self, store: Store, report: ShardReport | None) -> None:
        """Take in what there is to do in a shard. None means that surveys have ended, so it has to look itself."""


class Survey:
    """Surveys the shards again and again, and reports to its listener. Keys of which `group_of` answers the same may
    stand in one command.
    """

    def __init__(
        self,
        context: WorkerContext,
        client: AsyncClient,
        script_runner: ScriptRunner,
        group_of: Callable[[str], Hashable],
        listener: SurveyListener,
    ) -> None:
        self._context = context
        self._client = client
        self._script_runner = script_runner
        self._group_of = group_of
        self._listener = listener
        self.is_useful = False
        """Whether surveys are made. If not, the services of each shard look themselves."""

    async def step(self) -> float:
        """Survey every shard once; answers how long to wait, in seconds."""
        calls = list(in_calls(self._context.stores.values(), self._group_of))
        was_of_use = self.is_useful
        self.is_useful = (
            self._listener.serves_unknown_shards or len(calls) < len(self._context.stores) or len(calls) > FEW
        )
        if not self.is_useful:
            if was_of_use:
                self._leave_it_to_others()
            return INTERVAL_S
        failure: BrokerError | None = None
        for stores in calls:
            try:
                reports = await run_async(survey(self._script_runner, self._context.worker, stores), self._client)
            except BrokerError as error:
                failure = error
                continue
            self._context.contact()
            for store, report in zip(stores, reports, strict=True):
                self._listener.take_report(store, report)
        if failure is not None:
            raise failure
        return self.interval_s

    @property
    def interval_s(self) -> float:
        """Seconds between two surveys: short enough that a survey sees every lease long before it ends."""
        longest_s = INTERVAL_S if len(self._context.stores) <= MANY else LONG_INTERVAL_S
        return min(longest_s, self._context.worker_settings.lease_s / 3)

    def _leave_it_to_others(self) -> None:
        for store in list(self._context.stores.values()):
            self._listener.take_report(store, None)
