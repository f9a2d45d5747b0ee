"""Short functions to write histories by hand: tasks of one queue, times in milliseconds since the run began."""

from typing import Any

from redisched.chaos.history.record import (
    Claimed,
    End,
    Ending,
    Enqueue,
    EnqueueStep,
    FinalPlaces,
    Found,
    Record,
    Settled,
    Slot,
    SlotState,
    Start,
    Unanswered,
    Waiting,
)
from redisched.model import TaskState
from redisched.store.values import Status

QUEUE = "mail"
HOUR_MS = 3_600_000
WHOLE = ("finished", "outcomes")


def enqueue(
    task: str, at_ms: float = 0, step: EnqueueStep = EnqueueStep.OK, not_before_ms: float = 0, **limits: Any
) -> Enqueue:
    return Enqueue(at_ms=at_ms, queue=QUEUE, task=task, step=step, not_before_ms=not_before_ms, **limits)


def waiting(task: str, at_ms: float = 0, priority: int = 5, due_ms: float = 0) -> Waiting:
    return Waiting(at_ms=at_ms, queue=QUEUE, task=task, priority=priority, due_ms=due_ms)


def claimed(
    task: str, fence: int, at_ms: float = 0, worker: str = "w1", priority: int = 5, due_ms: float = 0
) -> Claimed:
    return Claimed(at_ms=at_ms, queue=QUEUE, task=task, fence=fence, worker=worker, priority=priority, due_ms=due_ms)


def start(
    task: str,
    fence: int,
    at_ms: float = 0,
    run_at_ms: int = 0,
    attempt: int = 1,
    priority: int = 5,
    *,
    starts_once: bool = False,
) -> Start:
    return Start(
        at_ms=at_ms,
        queue=QUEUE,
        task=task,
        attempt=attempt,
        fence=fence,
        priority=priority,
        run_at_ms=run_at_ms,
        worker="w1",
        starts_once=starts_once,
    )


def end(task: str, fence: int, at_ms: float = 0) -> End:
    return End(at_ms=at_ms, queue=QUEUE, task=task, fence=fence, ending=Ending.RETURNED)


def settled(
    task: str,
    fence: int | None,
    status: Status,
    at_ms: float = 0,
    due_ms: float | None = None,
    had_started: bool = False,
) -> Settled:
    return Settled(
        at_ms=at_ms, queue=QUEUE, task=task, fence=fence, status=status, due_ms=due_ms, had_started=had_started
    )


def unanswered(edge: str, at_ms: float) -> Unanswered:
    return Unanswered(at_ms=at_ms, queue=QUEUE, edge=edge)


def slot(slot_ms: int, state: SlotState, task: str = "", at_ms: float | None = None) -> Slot:
    at_ms = slot_ms if at_ms is None else at_ms
    return Slot(
        at_ms=at_ms, queue=QUEUE, schedule="nightly", slot_ms=slot_ms, state=state, task=task, due_ms=float(slot_ms)
    )


def found(task: str, places: tuple[str, ...] = WHOLE, ended: TaskState | None = TaskState.SUCCEEDED) -> Found:
    return Found(at_ms=HOUR_MS, queue=QUEUE, task=task, places=places, ended=ended)


def final(tasks: int = 0) -> FinalPlaces:
    return FinalPlaces(at_ms=HOUR_MS, queue=QUEUE, tasks=tasks)


def life(task: str, at_ms: float = 0) -> list[Record]:
    """All records of a task that is enqueued, runs and succeeds: those of its producer, the proxy and its handler."""
    return [
        enqueue(task, at_ms, EnqueueStep.INVOKED, at_ms),
        waiting(task, at_ms + 1, due_ms=at_ms + 1),
        enqueue(task, at_ms + 2, not_before_ms=at_ms),
        claimed(task, int(at_ms) + 3, at_ms + 3, due_ms=at_ms + 1),
        start(task, int(at_ms) + 3, at_ms + 4, int(at_ms) + 1),
        end(task, int(at_ms) + 3, at_ms + 5),
        settled(task, int(at_ms) + 3, Status.ACKED, at_ms + 6),
    ]


OUT_OF_TURN: list[Record] = [
    *(enqueue(task) for task in "abcd"),
    *(start(task, 1, 10, run_at_ms=turn) for turn, task in enumerate("bcd", start=1)),
    start("a", 2, 20, run_at_ms=0),
]
"""Of four tasks with the same priority, the one that is due first starts last, though it was never released."""
