"""What is wrong, the worst first, in the words of the dashboard: each with the one command that helps."""

from collections.abc import Sequence
from dataclasses import dataclass

from redisched.cli.top.looks import BAD, WARNING, Appearance
from redisched.cli.top.readings import Overview, QueueLine, is_working
from redisched.cli.top.texts import coarse, steady
from redisched.client.worker_calls import WorkerView
from redisched.counted import counted
from redisched.printable import shell_argument, shell_word

LATE_MS = 60_000
"""Tasks that have been due for longer wait too long."""
_SAID_FROM_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One thing that is wrong. The lowest `rank` is the worst."""

    rank: int
    look: Appearance
    sentence: str
    command: str = ""


def findings(overview: Overview) -> list[Wrong]:
    """All that is wrong."""
    found = [one for line in overview.queues for one in _of_queue(line, overview)]
    dead = overview.sums.dead if overview.sums is not None else 0
    if dead:
        sentence = f"{counted(dead, 'task is', 'tasks are')} dead: each runs again only if somebody retries it."
        found.append(Wrong(rank=5, look=BAD, sentence=sentence, command="redisched dead groups"))
    return sorted(found, key=lambda one: one.rank)


def _of_queue(line: QueueLine, overview: Overview) -> list[Wrong]:
    name = steady(line.name)
    if line.counts is None:
        return [Wrong(rank=0, look=BAD, sentence=f"{name} cannot be read: {line.trouble}")]
    if not line.counts.ready:
        return []
    waiting = f"{line.counts.ready:,} ready"
    if line.oldest_ms >= _SAID_FROM_MS:
        waiting += f", the oldest for {coarse(line.oldest_ms)}"
    if line.is_paused:
        return _of_paused(line, name, waiting)
    return _of_workers(line, name, waiting, overview.workers) if overview.are_workers_known else []


def _of_workers(line: QueueLine, name: str, waiting: str, workers: Sequence[WorkerView]) -> list[Wrong]:
    more = f"redisched worker MODULE:APP --queues {shell_word(line.name)}"
    # A worker with very many queues names only some of them.
    serving = [*line.workers, *(one for one in workers if one not in line.workers and one.deployment.more_queues)]
    working = [worker for worker in serving if is_working(worker)]
    if not serving:
        return [Wrong(rank=0, look=BAD, sentence=f"No worker serves {name}: {waiting}.", command=more)]
    if not working:
        states = " or ".join(sorted({worker.presence.state for worker in serving}))
        sentence = f"All workers of {name} take nothing: they are {steady(states)}; {waiting}."
        return [Wrong(rank=1, look=BAD, sentence=sentence, command="redisched workers resume NAME")]
    if line.oldest_ms < LATE_MS:
        return []
    slots = sum(worker.presence.slots for worker in working)
    if sum(worker.presence.busy for worker in working) >= slots:
        sentence = f"{name} falls behind: {waiting}; all {counted(slots, 'slot')} of its workers are busy."
        return [Wrong(rank=3, look=WARNING, sentence=sentence, command=more)]
    sentence = f"{name} has tasks that nobody takes: {waiting}, with free slots. Open one to see why."
    return [Wrong(rank=3, look=WARNING, sentence=sentence)]


def _of_paused(line: QueueLine, name: str, waiting: str) -> list[Wrong]:
    pause = next(filter(None, line.pauses))
    if pause.until_ms is not None and line.oldest_ms < LATE_MS:
        return []
    sentence = f"Queue {name} is paused: {waiting}."
    return [
        Wrong(rank=2, look=WARNING, sentence=sentence, command=f"redisched queue resume {shell_argument(line.name)}")
    ]
