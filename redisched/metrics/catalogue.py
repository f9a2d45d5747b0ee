"""Every metric by its name, with its help text and its labels. `docs/operations/metrics.md` has the same in a table."""

from dataclasses import dataclass
from enum import StrEnum


class MetricType(StrEnum):
    """What kind of metric it is."""

    COUNTER = "counter"
    """Rises, and begins again at 0 with each process, or never falls if Redis keeps it."""
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class MetricSource(StrEnum):
    """Who serves it."""

    WORKER = "worker"
    """`redisched worker --metrics-port`, about one worker process."""
    EXPORTER = "exporter"
    """`redisched exporter`, about the whole keyspace."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. A counter's name ends with `_total`."""

    name: str
    type: MetricType
    source: MetricSource
    help: str
    labels: tuple[str, ...] = ()


def _of_worker(name: str, kind: MetricType, meaning: str, *labels: str) -> Metric:
    return Metric(name, kind, MetricSource.WORKER, meaning, labels)


def _of_keyspace(name: str, kind: MetricType, meaning: str, *labels: str) -> Metric:
    return Metric(name, kind, MetricSource.EXPORTER, meaning, labels)


_COUNTER, _GAUGE, _HISTOGRAM = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM

TASKS_ENDED = _of_worker(
    "redisched_tasks_ended_total",
    _COUNTER,
    "Tasks that ended: succeeded, dead, cancelled, lost (at most once) or expired.",
    *("queue", "handler", "end"),
)
TASKS_PUT_BACK = _of_worker(
    "redisched_tasks_put_back_total",
    _COUNTER,
    "Tasks that wait again: their attempt failed or crashed, they were snoozed, or released by the worker.",
    *("queue", "handler", "end"),
)
FINISHES_REFUSED = _of_worker(
    "redisched_finishes_refused_total",
    _COUNTER,
    "Ends of attempts that Redis refused, because the lease had been lost to another worker.",
    *("queue", "handler"),
)
LEASES_EXPIRED = _of_worker(
    "redisched_leases_expired_total",
    _COUNTER,
    "Tasks that this process took back from workers that were gone.",
    "queue",
)
TASK_WAIT = _of_worker(
    "redisched_task_wait_seconds",
    _HISTOGRAM,
    "How long tasks had been due when their attempt started.",
    *("queue", "handler"),
)
TASK_RUN = _of_worker(
    "redisched_task_run_seconds", _HISTOGRAM, "How long attempts ran, however they ended.", *("queue", "handler")
)
SCRIPT = _of_worker(
    "redisched_script_seconds",
    _HISTOGRAM,
    "Round trips of script calls that Redis answered, as the worker waited for them.",
    "script",
)
WORKER_STATE = _of_worker(
    "redisched_worker_state", _GAUGE, "1 for the state of the process, 0 for the others.", "state"
)
WORKER_SLOTS = _of_worker("redisched_worker_slots", _GAUGE, "How many tasks the process runs at the same time at most.")
WORKER_BUSY = _of_worker("redisched_worker_busy_slots", _GAUGE, "How many tasks the process runs now.")
WORKER_WINDOW = _of_worker(
    "redisched_worker_window_tasks",
    _GAUGE,
    "Tasks in the window: leased ones that are due and wait for a slot, and ones ahead of their time.",
    "place",
)
WORKER_LEASED = _of_worker(
    "redisched_worker_leased_tasks", _GAUGE, "Tasks that the process has leased: in the window, running or ended."
)
WORKER_STALLED = _of_worker(
    "redisched_worker_stalled",
    _GAUGE,
    "1 while the process makes no progress, by the reason; 0 for the other reasons.",
    "reason",
)

UP = _of_keyspace(
    "redisched_up", _GAUGE, "1 if Redis answered the exporter; 0 if it did not, then nothing else is told."
)
QUEUES = _of_keyspace("redisched_queues", _GAUGE, "How many queues were ever used.")
QUEUES_READ = _of_keyspace(
    "redisched_queues_read", _GAUGE, "How many of them are told here; the others are beyond a limit, or damaged."
)
QUEUE_TASKS = _of_keyspace(
    "redisched_queue_tasks",
    _GAUGE,
    "Tasks by state: ready, scheduled (also retries), leased (also running), dead, and finished ones that are kept.",
    *("queue", "state"),
)
QUEUE_OLDEST = _of_keyspace(
    "redisched_queue_oldest_ready_seconds",
    _GAUGE,
    "How long the oldest ready task has been due; 0 if none is.",
    "queue",
)
QUEUE_PAUSED = _of_keyspace("redisched_queue_paused", _GAUGE, "1 if the queue is paused, else 0.", "queue")
QUEUE_SHARDS = _of_keyspace("redisched_queue_shards", _GAUGE, "How many shards the queue has.", "queue")
QUEUE_REPAIRS = _of_keyspace(
    "redisched_queue_repairs_total", _COUNTER, "Repairs of damaged tasks, by what was wrong.", *("queue", "kind")
)
WORKERS = _of_keyspace("redisched_workers", _GAUGE, "Worker processes that are present, by what they do.", "state")
QUEUE_WORKERS = _of_keyspace(
    "redisched_queue_workers",
    _GAUGE,
    "Worker processes that serve the queue, by what they do. A process counts in each of its queues.",
    *("queue", "state"),
)
QUEUE_SLOTS = _of_keyspace(
    "redisched_queue_slots", _GAUGE, "Slots of the worker processes that serve the queue and claim tasks.", "queue"
)
SCRAPE = _of_keyspace("redisched_scrape_seconds", _GAUGE, "How long it took to read all this.")

METRICS = (
    *(TASKS_ENDED, TASKS_PUT_BACK, FINISHES_REFUSED, LEASES_EXPIRED, TASK_WAIT, TASK_RUN, SCRIPT),
    *(WORKER_STATE, WORKER_SLOTS, WORKER_BUSY, WORKER_WINDOW, WORKER_LEASED, WORKER_STALLED),
    *(UP, QUEUES, QUEUES_READ, QUEUE_TASKS, QUEUE_OLDEST, QUEUE_PAUSED, QUEUE_SHARDS, QUEUE_REPAIRS),
    *(WORKERS, QUEUE_WORKERS, QUEUE_SLOTS, SCRAPE),
)
