"""What the metrics of one worker process are made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from redisched.metrics.script_times import Times
from redisched.orders import WorkerState
from redisched.store.tallies import ActivityKey, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFigures:
    """A worker process at one moment. `handlers` are those that it knows, each with the queue that its tasks have by
    default. `activity` is what it has done since it began, `scripts` how long Redis took to
    answer by the name of the script. Of its tasks `due` wait for a slot and `ahead` for their time; `leased` are all.
    `stalls` tells for which reasons it makes no progress.
    """

    queues: tuple[str, ...]
    handlers: tuple[ActivityKey, ...]
    activity: Rows
    scripts: Mapping[str, Times]
    state: WorkerState
    slots: int
    busy: int
    due: int
    ahead: int
    leased: int
    stalls: Mapping[str, bool]
