"""How much work each phase does: enough for a steady figure, little enough to wait for."""

from dataclasses import dataclass

DEFAULT_TASKS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The number of tasks of each phase. `tasks` is that of a drain; `delayed_over_s` spreads the delayed ones."""

    tasks: int = DEFAULT_TASKS
    enqueued_one_by_one: int = 5_000
    picked_up: int = 400
    delayed: int = 1_000
    delayed_over_s: float = 5.0
    prioritised: int = 2_000
    claims: int = 500
    small_backlog: int = 1_000
    large_backlog: int = 1_000_000


def scale_of(tasks: int) -> Scale:
    """The scale for a number of tasks; what needs no more of them for a steadier figure stays as it is."""
    return Scale(
        tasks=tasks,
        enqueued_one_by_one=min(tasks, max(5_000, tasks // 10)),
        picked_up=min(tasks, 400),
        delayed=min(tasks, 1_000),
        prioritised=min(tasks, 2_000),
    )
