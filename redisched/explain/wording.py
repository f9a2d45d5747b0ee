"""The words of the sentences that say why a task does not run."""

from redisched.counted import counted
from redisched.explain.task_facts import TaskFacts
from redisched.printable import printable, shell_word, shortened
from redisched.store.slot_use import QueueSlots
from redisched.times import exact, relative

_ERROR_CHARACTERS = 200


def moment(facts: TaskFacts, moment_ms: int) -> str:
    """A time in both forms: 2026-01-31 09:00:00.000+00:00 (in 3 h 0 min)."""
    return f"{exact(moment_ms)} ({relative(moment_ms, facts.view.now_ms)})"


def since(facts: TaskFacts, moment_ms: int | None) -> str:
    """When something happened, with a space before it; "" if that is not known."""
    return f" {relative(moment_ms, facts.view.now_ms)}" if moment_ms else ""


def error_of(facts: TaskFacts) -> str:
    """The first line of the error of the last failed attempt; "" if there is none."""
    failure = facts.view.failure
    lines = "" if failure is None else failure.error.strip()
    return shortened(printable(lines.partition("\n")[0]), _ERROR_CHARACTERS)


def after_error(facts: TaskFacts, words: str = ", the last time with ") -> str:
    """The error, after these words; "" if there is none."""
    error = error_of(facts)
    return f"{words}{error}" if error else ""


def worker_of(facts: TaskFacts) -> str:
    """The worker that has the task."""
    return f"worker {printable(facts.view.worker)}" if facts.view.worker else "a worker"


def handler_of(facts: TaskFacts) -> str:
    """The name of the handler."""
    return printable(facts.view.name)


def queue_of(facts: TaskFacts) -> str:
    """The queue, and which of its shards if it has several."""
    shards = facts.circumstances.shards
    return facts.view.queue + (f" (shard {facts.view.shard} of {shards})" if shards > 1 else "")


def better_tasks(facts: TaskFacts) -> str:
    """How many tasks are claimed before this one, and the verb."""
    ahead = facts.circumstances.ahead or 0
    return f"{counted(ahead, 'better task')} of queue {queue_of(facts)} {_is(ahead)}"


def busy_slots(facts: TaskFacts) -> str:
    """That every slot of its queue is busy, and how many there are."""
    slots = facts.slots or QueueSlots()
    workers = counted(slots.workers, "live worker")
    all_slots = "the only slot" if slots.slots == 1 else f"all {slots.slots} slots"
    return f"{all_slots} of the {workers} of queue {facts.view.queue} {_is(slots.slots)} busy"


def free_slots(facts: TaskFacts) -> str:
    """That workers take the ready tasks of its queue, and how many slots are free for them."""
    slots, order = facts.slots or QueueSlots(), f"workers of queue {facts.view.queue} take them, the better ones first"
    free = slots.slots - slots.busy
    return f"{order}: {free} of {counted(slots.slots, 'slot')} {_is(free)} free" if slots.slots else order


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def more_workers(facts: TaskFacts) -> str:
    """How to have more slots."""
    return f"start another worker: redisched worker MODULE:APP --queues {shell_word(facts.view.queue)}"


def capitalized(text: str) -> str:
    """The text with a capital at its beginning, and nothing else changed."""
    return text[:1].upper() + text[1:]
