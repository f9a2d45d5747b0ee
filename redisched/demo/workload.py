"""Plans what the demo enqueues and when: first a backlog, then a steady stream with mixed priorities and delays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random

from redisched.client.request import TaskRequest
from redisched.demo.aggregation import add_up_results
from redisched.demo.background import checksum, inputs, standard_library
from redisched.demo.facts import Kind
from redisched.demo.history import Enqueued
from redisched.demo.logs import count_actions, log_of_this_machine, slices
from redisched.demo.mail import send_mail
from redisched.demo.payments import charge
from redisched.demo.periodic import reading_id, take_reading
from redisched.errors import InvalidOption
from redisched.model import Priority

FEWEST_TASKS = 20
TASKS_PER_S = 125
SHORTEST_S = 2.5

_PERCENT = {Kind.PAYMENTS: 20, Kind.MAIL: 25, Kind.LOGS: 15, Kind.AGGREGATION: 5, Kind.PERIODIC: 5}
"""Percent of the tasks that are of each kind. The rest is background work."""
_READINGS_PER_SERIES = 10
_JOBS_PER_TREE = 75
_LONGEST_DELAY_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A task to enqueue. `moment` is when: 0 is the beginning of the stream, 1 is its end."""

    moment: float
    kind: Kind
    request: TaskRequest
    delayed: bool

    @property
    def enqueued(self) -> Enqueued:
        return Enqueued(id=self.request.id, kind=self.kind, queue=self.request.queue, delayed=self.delayed)


def plan(tasks: int, random: Random) -> list[Job]:
    """The jobs for the given number of tasks, in the order in which they are enqueued.

    Of each series of readings only the first is a job; handlers enqueue the others. Raises InvalidOption for too few
    tasks.
    """
    if tasks < FEWEST_TASKS:
        raise InvalidOption("tasks", tasks, f"a whole number, at least {FEWEST_TASKS}")
    counts = {kind: tasks * percent // 100 for kind, percent in _PERCENT.items()}
    counts[Kind.BACKGROUND] = tasks - sum(counts.values())
    jobs = [job for kind, count in counts.items() for job in _MAKERS[kind](count, random)]
    return sorted(jobs, key=lambda job: job.moment)


def stream_s(tasks: int) -> float:
    """How long the stream of the given number of tasks lasts, in seconds."""
    return max(SHORTEST_S, tasks / TASKS_PER_S)


def _background(count: int, random: Random) -> Iterator[Job]:
    """Checksums of single files, a third of them as a backlog, and of whole folder trees, which take long."""
    root = standard_library()
    files = inputs(root)
    trees = max(2, count // _JOBS_PER_TREE)
    for number in range(trees):
        moment = 0.35 + 0.5 * number / (trees - 1)
        request = checksum.options(priority=Priority.NORMAL).request(str(root))
        yield Job(moment=moment, kind=Kind.BACKGROUND, request=request, delayed=False)
    for number in range(count - trees):
        priority = random.choice((Priority.NORMAL, Priority.LOW, Priority.BULK))
        request = checksum.options(priority=priority).request(str(files[number % len(files)]))
        moment = 0.0 if number % 3 == 0 else random.random()
        yield Job(moment=moment, kind=Kind.BACKGROUND, request=request, delayed=False)


def _payments(count: int, random: Random) -> Iterator[Job]:
    for number in range(count):
        priority = random.choice((Priority.CRITICAL, Priority.HIGH))
        request = charge.options(priority=priority).request(f"order-{number}", random.randint(100, 50_000))
        yield Job(moment=random.random(), kind=Kind.PAYMENTS, request=request, delayed=False)


def _mail(count: int, random: Random) -> Iterator[Job]:
    """Receipts at once, reminders later, and newsletters with a low priority."""
    for number in range(count):
        recipient = f"customer-{number}@mail.example"
        if number % 3 == 1:
            yield _later(Kind.MAIL, random, partial(_reminder, recipient))
            continue
        subject, priority = ("Your receipt", Priority.NORMAL) if number % 3 else ("News of the shop", Priority.LOW)
        request = send_mail.options(priority=priority).request(recipient, subject, "Thank you for your order.\n" * 20)
        yield Job(moment=random.random(), kind=Kind.MAIL, request=request, delayed=False)


def _reminder(recipient: str, delay_s: float) -> TaskRequest:
    reminder = send_mail.options(delay=delay_s, priority=Priority.HIGH)
    return reminder.request(recipient, "A reminder", "Your appointment is near.")


def _logs(count: int, random: Random) -> Iterator[Job]:
    """The slices of one log, which become due during the stream."""
    log = log_of_this_machine()
    for first_byte, end_byte in slices(log, count):
        request = count_actions.request(str(log), first_byte, end_byte)
        yield Job(moment=random.random(), kind=Kind.LOGS, request=request, delayed=False)


def _aggregation(count: int, random: Random) -> Iterator[Job]:
    for _ in range(count):
        yield _later(Kind.AGGREGATION, random, lambda delay_s: add_up_results.options(delay=delay_s).request())


def _periodic(count: int, random: Random) -> Iterator[Job]:
    """The first reading of each series; the handlers enqueue the others."""
    for series, first in enumerate(range(0, count, _READINGS_PER_SERIES)):
        last = min(_READINGS_PER_SERIES, count - first)
        name = f"reading-{series}"
        request = take_reading.options(id=reading_id(name, 1)).request(name, 1, last)
        yield Job(moment=0.3 * random.random(), kind=Kind.PERIODIC, request=request, delayed=False)


def _later(kind: Kind, random: Random, make: Callable[[float], TaskRequest]) -> Job:
    delay_s = random.uniform(0.1, _LONGEST_DELAY_S)
    return Job(moment=random.random(), kind=kind, request=make(delay_s), delayed=True)


_MAKERS: dict[Kind, Callable[[int, Random], Iterator[Job]]] = {
    Kind.BACKGROUND: _background,
    Kind.PAYMENTS: _payments,
    Kind.MAIL: _mail,
    Kind.LOGS: _logs,
    Kind.AGGREGATION: _aggregation,
    Kind.PERIODIC: _periodic,
}
