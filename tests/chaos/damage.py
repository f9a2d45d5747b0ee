"""Damage to a queue's keys, as eviction, a partial backup or a careless operator causes it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hypothesis import strategies as st

from redisched.keys import keys_of
from redisched.store.broker import Broker
from tests.lua.situation import (
    HASHES,
    ZSETS,
    Situation,
    cancelled,
    cancelling,
    dead,
    ended,
    leased,
    seed,
    together,
    waiting,
)
from tests.server_time import NOW_MS

QUEUE = "mail"
LATER_MS = NOW_MS + 3_600_000
OF_TASKS = ("waiting", "tasks", "leases", "held", "tries", "failures", "dead", "cancelling", "outcomes", "finished")
KEYS = (*OF_TASKS, "claims", "fence", "wake", "reaper")
TEXTS = ("held", "tries", "failures", "cancelling")


def population(kinds: list[str]) -> Situation:
    """A sound queue with a task of each of these kinds."""
    return together(*(_KINDS[kind](f"{kind}-{number}") for number, kind in enumerate(kinds)))


_KINDS: dict[str, Callable[[str], Situation]] = {
    "ready": waiting,
    "later": lambda id: waiting(id, run_at_ms=LATER_MS),
    "retrying": lambda id: waiting(id, run_at_ms=LATER_MS, tries="1 0 0 7", failure="boom"),
    "leased": leased,
    "running": lambda id: leased(id, started_ms=NOW_MS, tries="1 1 0 7", failure="boom"),
    "stopping": lambda id: together(leased(id, started_ms=NOW_MS), cancelling(id)),
    "dead": dead,
    "ended": ended,
    "cancelled": cancelled,
}


class Kind(StrEnum):
    """How a key is damaged."""

    DELETE_KEY = "delete the key"
    DELETE_ENTRY = "delete what it holds of a task"
    COPY = "give a task what another kind of task has in it"
    GARBAGE = "overwrite what it holds of a task"


@dataclass(frozen=True, slots=True)
class Damage:
    """The damage of one key; `task` picks the task, if the damage is about one."""

    kind: Kind
    key: str
    task: int

    def inflict(self, broker: Broker, ids: list[str]) -> None:
        """Damage the key."""
        perform = broker.client().perform
        key = getattr(keys_of(QUEUE), self.key)
        id = ids[self.task % len(ids)]
        if self.kind is Kind.DELETE_KEY:
            perform(("DEL", key))
        elif self.kind is Kind.DELETE_ENTRY:
            perform(("ZREM" if self.key in ZSETS else "HDEL", key, id))
        elif self.kind is Kind.GARBAGE:
            perform(("HSET", key, id, "garbage"))
        else:
            donor = together(leased(id), waiting(id), dead(id), ended(id), cancelling(id))
            seed(broker, QUEUE, {self.key: donor[self.key]})


_tasks = st.integers(0, 9)
populations = st.lists(st.sampled_from(sorted(_KINDS)), min_size=1, max_size=8).map(population)
damages = st.lists(
    st.one_of(
        st.builds(Damage, st.just(Kind.DELETE_KEY), st.sampled_from(KEYS), st.just(0)),
        st.builds(Damage, st.just(Kind.DELETE_ENTRY), st.sampled_from(OF_TASKS), _tasks),
        st.builds(Damage, st.just(Kind.COPY), st.sampled_from(OF_TASKS), _tasks),
        st.builds(Damage, st.just(Kind.GARBAGE), st.sampled_from(TEXTS), _tasks),
    ),
    min_size=1,
    max_size=6,
)


def ids_in(situation: Situation) -> set[str]:
    """Every task of which some key still holds something."""
    return {id for name in (*HASHES, *ZSETS) if name in OF_TASKS for id in situation.get(name, ())}
