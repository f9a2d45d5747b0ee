"""Each script about schedules once, called so that it uses all of its keys."""

from collections.abc import Callable

from redisched.store.operation import Operation
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import (
    Declarer,
    NewSchedule,
    OverlapRule,
    Resumption,
    ScheduleRemoval,
    SlotFiring,
)
from tests.lua.situation import together, waiting
from tests.server_time import NOW_MS

SOON_MS = NOW_MS + 5_000
SHOP = Declarer("shop", "2")
BEFORE_OF_SCHEDULES = together(
    {"schedules": {"nightly": "what"}, "fired": {"nightly": f"v1 active a@1 {SOON_MS} s@1"}},
    {"firing": {"nightly": SOON_MS}, "declared": {"shop": "1 digest digest 1 1"}},
    waiting("s@1", run_at_ms=SOON_MS),
)
_SLOT = SlotFiring(
    "nightly", "v1", SOON_MS, SOON_MS + 1, OverlapRule.ALLOW, "s@2", 5, SOON_MS, b"digest-sbody", b"deadline=@9 "
)
EDGES_OF_SCHEDULES: dict[str, Callable[[ScheduleStore], Operation[object]]] = {
    "fire": lambda store: store.fire([_SLOT]),
    "set_schedule": lambda store: store.set([NewSchedule("nightly", "v1", "v2", b"what", SOON_MS)], declarer=SHOP),
    "remove_schedule": lambda store: store.remove([ScheduleRemoval("nightly")], SHOP),
    "pause_schedule": lambda store: store.pause(["nightly"]),
    "resume_schedule": lambda store: store.resume([Resumption("nightly", "v1", SOON_MS)]),
    "announce": lambda store: store.announce("shop", "digest", 1_000),
}
READS_OF_SCHEDULES: list[Callable[[ScheduleStore], Operation[object]]] = [
    lambda store: store.due(1, 0, 9),
    lambda store: store.read(["nightly"]),
]
