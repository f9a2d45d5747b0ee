"""A plan of what is broken when: drawn from a seed, so that a failed run can be repeated."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Disturbance(StrEnum):
    """What can be broken. A disturbance that lasts is healed after a while; the others heal by themselves."""

    KILL_WORKER = "kill worker"
    """SIGKILL; the supervisor starts another process."""
    PAUSE_WORKER = "pause worker"
    """SIGSTOP. Lasts."""
    KILL_SERVER = "kill server"
    """SIGKILL; the server is started again on its data afterwards. Lasts."""
    PAUSE_SERVER = "pause server"
    """SIGSTOP. Lasts."""
    RESTART_SERVER = "restart server"
    """The server is shut down in order and started again."""
    FLUSH_SCRIPTS = "flush scripts"
    """SCRIPT FLUSH."""
    KILL_CLIENTS = "kill clients"
    """CLIENT KILL: every connection is closed by the server."""
    FILL_MEMORY = "fill memory"
    """The server has reached its limit of memory. Lasts."""
    FILL_DISK = "fill disk"
    """The server cannot write its file. Lasts."""
    MOVE_CLOCK = "move clock"
    """The server's clock jumps an hour forward or back. Lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How often something is broken, and for how long."""

    every_s: float
    lasts_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One disturbance, so many seconds after the beginning. `chance` between 0 and 1 chooses among victims."""

    at_s: float
    disturbance: Disturbance
    lasts_s: float
    chance: float


def draw_plan(seed: int, duration_s: float, habits: Mapping[Disturbance, Habit]) -> list[Strike]:
    """The strikes of a run, in order; all are over at its end.

    Intervals are drawn between half and one and a half times that of the habit. A habit does not change the strikes of
    another.
    """
    strikes = []
    for disturbance, habit in habits.items():
        random = Random(f"{seed} {disturbance}")
        at_s = habit.every_s * random.uniform(0.5, 1.5)
        while at_s + habit.lasts_s <= duration_s:
            strikes.append(Strike(at_s=at_s, disturbance=disturbance, lasts_s=habit.lasts_s, chance=random.random()))
            at_s += max(habit.every_s, habit.lasts_s) * random.uniform(0.5, 1.5)
            at_s = max(at_s, strikes[-1].at_s + habit.lasts_s)
    return sorted(strikes, key=lambda strike: strike.at_s)
