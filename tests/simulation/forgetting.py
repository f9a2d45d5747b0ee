"""Which ended tasks the referee knows to be forgotten."""

from collections.abc import Iterable

from tests.simulation.shadow import ENDED, Place, Shadow


def forget(tasks: Iterable[Shadow], now_ms: int, dead_ms: int, kept: int, sooner_ms: int) -> list[Shadow]:
    """Forget what has been kept for long enough, and answer what is forgotten sooner, as there are more than `kept`."""
    ended = [task for task in tasks if task.place in ENDED]
    spare = [task for task in ended if task.is_spare and task.place is not Place.DEAD]
    for task in ended:
        if not task.has_ended_unseen and task.until_ms <= (now_ms - dead_ms if task.place is Place.DEAD else now_ms):
            task.place = Place.FORGOTTEN
    over = sorted(spare, key=lambda task: (task.until_ms, task.id))[: max(len(spare) - kept, 0)]
    sooner = [task for task in over if task.place is not Place.FORGOTTEN and task.until_ms <= now_ms + sooner_ms]
    for task in sooner:
        task.place = Place.FORGOTTEN
    return sooner
