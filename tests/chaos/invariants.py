"""What must be true of a queue at any time, after any faults."""

import re

from redisched.keys import keys_of
from redisched.store.broker import Broker
from tests.chaos.invariants_unique import check_unique
from tests.lua.situation import HASHES, ZSETS, Situation

QUEUE = "default"
_LIMIT = re.compile(r"(^| )(expires=\d|deadline=\d+!)")
SHORT = ("traits", "unique", "successors")
"""The keys whose values say which other keys have something of a task."""


def places_in(broker: Broker, shard: int = 0, queue: str = QUEUE) -> Situation:
    """The ids in each key of a shard of a queue, without their values except where these are short."""
    perform, keys = broker.client().perform, keys_of(queue, shard)
    places: Situation = {name: _texts(perform(("HKEYS", getattr(keys, name)))) for name in HASHES}
    places |= {name: _short_values(perform(("HGETALL", getattr(keys, name)))) for name in SHORT}
    places |= {name: _texts(perform(("ZRANGE", getattr(keys, name), 0, -1))) for name in ZSETS}
    places["wake"] = perform(("LRANGE", keys.wake, 0, -1))
    repairs = perform(("HGETALL", keys.repairs))
    return places | ({"repairs": repairs} if repairs else {})


def check_places(situation: Situation) -> None:
    """Check that each task is in exactly one place, and has exactly the records that belong to this place."""

    def ids(name: str) -> set[str]:
        return set(situation.get(name, ()))

    assert ids("leases") == ids("held")
    assert ids("outcomes") == ids("finished")
    places = [ids("waiting"), ids("held"), ids("dead"), ids("outcomes")]
    assert sum(map(len, places)) == len(set.union(*places)), "a task is in two places"
    assert ids("tasks") == ids("waiting") | ids("held") | ids("dead"), "a record without a task, or without its record"
    assert ids("tries") <= ids("tasks")
    assert ids("failures") <= ids("tasks")
    assert ids("dead") <= ids("failures")
    assert ids("cancelling") <= ids("held")
    assert ids("traits") <= ids("tasks")
    assert ids("checkpoints") <= ids("tasks"), "a checkpoint without its task"
    assert ids("reports") <= ids("tasks") | ids("outcomes"), "a report without its task"
    assert limited_in(situation) - ids("dead") <= ids("expiring") <= ids("traits")
    assert ids("watched") <= ids("waiting") | ids("held"), "a watcher of a task that has ended"
    check_unique(situation)
    assert len(situation.get("wake", ())) <= 1
    assert "repairs" not in situation, "a scrubber had to repair something"


def limited_in(situation: Situation) -> set[str]:
    """The tasks that may not start any more from some moment on: those with an expiry, or a deadline that counts."""
    return {id for id, traits in situation.get("traits", {}).items() if _LIMIT.search(traits)}


def check_tries(situation: Situation, claims: dict[str, int]) -> None:
    """Check the attempts, crashes and redeliveries of a task: each of them ended one claim."""
    for id, tries in situation.get("tries", {}).items():
        attempts, crashes, redeliveries, _ = map(int, tries.split())
        assert attempts + crashes + redeliveries <= claims.get(id, 0)


def _texts(stored: list[bytes]) -> list[str]:
    return [text.decode(errors="backslashreplace") for text in stored]


def _short_values(flat: list[bytes]) -> dict[str, str]:
    texts = _texts(flat)
    return dict(zip(texts[::2], texts[1::2], strict=True))
