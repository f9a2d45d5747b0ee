"""An hour in which no worker lives, or all of them stand still: of every schedule exactly the slots are started that
its policies for late slots and for overlaps name.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.simulation.firing_processes import Deploy
from tests.simulation.firing_world import FiringPlan, FiringWorld, fields
from tests.simulation.weather import Weather

pytestmark = pytest.mark.fault

HOUR_S = 3_600
FIVE_MINUTES_S = 300
LATE = [f"08:{minute:02}" for minute in range(10, 60, 5)] + ["09:00", "09:05"]
STARTED = {
    ("skip", "allow"): [],
    ("latest", "allow"): ["09:05"],
    ("all", "allow"): LATE,
    ("all(max=5)", "allow"): LATE[-5:],
    ("skip", "skip"): [],
    ("latest", "skip"): ["09:05"],
    # The first of them has not ended when the others are fired.
    ("all", "skip"): ["08:10"],
    ("all(max=5)", "skip"): ["08:45"],
}
"""What is started of the slots that came within the hour."""
OUTAGES: dict[str, Callable[[FiringWorld, float], None]] = {
    "nobody lives": FiringWorld.kill_all,
    "all stand still": FiringWorld.stop_all,
}


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES)
@pytest.mark.parametrize("seed", [1, 2])
def test_t33_of_an_hour_without_workers_each_policy_starts_exactly_its_slots(
    seed: int, outage: Callable[[FiringWorld, float], None]
) -> None:
    names = {f"schedule{number}": policies for number, policies in enumerate(STARTED)}
    declared = {name: fields(FIVE_MINUTES_S, *policies) for name, policies in names.items()}
    plan = FiringPlan(
        seed=seed,
        slots=0,
        deploy=Deploy("shop", declared),
        claims_every_s=10.0,
        odds=0.0,
        operators=0,
        outages=False,
        weather=Weather(),
    )
    world = FiringWorld(plan)
    try:
        world.go_on(450)  # from 08:00 to 08:07:30
        outage(world, HOUR_S)
        world.go_on(HOUR_S + 510)  # to 09:16
    finally:
        world.dispose()

    assert {
        policies: [minute_of(id) for id in world.referee.starts if id.startswith(f"{name}@".encode())]
        for name, policies in names.items()
    } == {policies: ["08:05", *late, "09:10", "09:15"] for policies, late in STARTED.items()}


def minute_of(id: bytes) -> str:
    """The time of the day of the slot of a task."""
    return datetime.fromisoformat(id.decode().partition("@")[2]).astimezone(UTC).strftime("%H:%M")
