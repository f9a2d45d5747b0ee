"""What is wrong with a queue, and what is not."""

from redisched.cli.top.findings import LATE_MS, findings
from redisched.cli.top.readings import Overview, QueueLine
from redisched.client.worker_calls import WorkerView
from redisched.orders import WorkerState
from redisched.store.pausing import QueuePause
from redisched.store.presence import Deployment, Presence
from redisched.store.view import QueueCounts


def counts(ready: int = 0, oldest_ms: int | None = None, dead: int = 0) -> QueueCounts:
    return QueueCounts(
        queue="mail",
        now_ms=1_000_000,
        ready=ready,
        scheduled=0,
        leased=0,
        dead=dead,
        finished=0,
        oldest_ready_ms=oldest_ms,
        priorities=(),
    )


def worker(state: str = WorkerState.WORKING, busy: int = 0, more_queues: int = 0) -> WorkerView:
    presence = Presence(state=state, slots=4, busy=busy)
    deployment = Deployment(queues=() if more_queues else ("mail",), more_queues=more_queues)
    return WorkerView(name="w", until_ms=0, presence=presence, deployment=deployment)


def said(found: QueueCounts, *workers: WorkerView, pause: QueuePause | None = None) -> list[str]:
    serving = tuple(one for one in workers if "mail" in one.deployment.queues)
    line = QueueLine(name="mail", counts=found, pauses=(pause,), workers=serving)
    overview = Overview(now_ms=1_000_000, queues=(line,), queues_in_all=1, workers=workers)
    return [one.sentence for one in findings(overview)]


def test_a_queue_that_is_worked_off_has_nothing_wrong() -> None:
    assert said(counts()) == []
    assert said(counts(ready=5, oldest_ms=LATE_MS - 1), worker(busy=4)) == []
    assert said(counts(ready=5, oldest_ms=10), worker(more_queues=9)) == []


def test_nobody_serves_it() -> None:
    assert said(counts(ready=5, oldest_ms=4_200)) == ["No worker serves mail: 5 ready, the oldest for 4.2 s."]


def test_all_its_workers_are_quiet() -> None:
    assert said(counts(ready=5, oldest_ms=10), worker(WorkerState.QUIET), worker(WorkerState.STOPPING)) == [
        "All workers of mail take nothing: they are quiet or stopping; 5 ready."
    ]


def test_it_falls_behind_or_is_stuck() -> None:
    late = counts(ready=5, oldest_ms=LATE_MS)
    assert said(late, worker(busy=4)) == [
        "mail falls behind: 5 ready, the oldest for 1 min; all 4 slots of its workers are busy."
    ]
    assert said(late, worker(busy=3))[0].startswith("mail has tasks that nobody takes: 5 ready")


def test_it_is_paused_while_tasks_wait() -> None:
    for_good = QueuePause(since_ms=0, until_ms=None, by="me")
    for_a_while = QueuePause(since_ms=0, until_ms=2_000_000, by="me")
    assert said(counts(), pause=for_good) == []
    assert said(counts(ready=5, oldest_ms=10), pause=for_good) == ["Queue mail is paused: 5 ready."]
    assert said(counts(ready=5, oldest_ms=10), pause=for_a_while) == []
    assert len(said(counts(ready=5, oldest_ms=LATE_MS), pause=for_a_while)) == 1


def test_dead_tasks_come_last() -> None:
    assert said(counts(ready=1, oldest_ms=10, dead=1)) == [
        "No worker serves mail: 1 ready.",
        "1 task is dead: each runs again only if somebody retries it.",
    ]
