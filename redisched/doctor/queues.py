"""Whether every queue with something to do has a worker, and whether tasks had to be repaired."""

from collections.abc import Sequence

from redisched.doctor.finding import Finding, ok, warning
from redisched.store.inspect import Inspector
from redisched.store.operation import Dialect, Operation
from redisched.store.view import QueueCounts


def check_queues(dialect: Dialect, queues: Sequence[str]) -> Operation[list[Finding]]:
    """Whether somebody reaps each queue that has ready or leased tasks: every worker does, or leaves it to another."""
    findings = []
    for queue in queues:
        counts = yield from Inspector(dialect, queue).counts()
        reaper = yield ("GET", dialect.keys_of(queue).reaper)
        if (counts.ready or counts.leased) and not _is_served(reaper, counts):
            sentence = (
                f"Queue {queue} has {counts.ready} ready and {counts.leased} leased tasks and no worker; "
                f"start one: redisched worker MODULE:APP --queues {queue}"
            )
            findings.append(warning("workers", sentence))
    return findings or [ok("workers", f"{len(queues)} queues; each that has something to do has a worker.")]


def _is_served(reaper: bytes | None, counts: QueueCounts) -> bool:
    """Whether a worker has the post. A hold that is longer than a lease is from before the clock was set back."""
    parts = (reaper or b"").split(b" ")
    if len(parts) != 4 or not (parts[1].isdigit() and parts[3].isdigit()):
        return False
    return 0 <= int(parts[1]) - counts.now_ms <= int(parts[3])


def check_repairs(dialect: Dialect, queues: Sequence[str]) -> Operation[list[Finding]]:
    """What the scrubber had to repair."""
    findings = []
    for queue in queues:
        repairs = yield from Inspector(dialect, queue).repairs()
        if repairs:
            counted = ", ".join(f"{count} {kind}" for kind, count in repairs.items())
            sentence = f"Keys of queue {queue} were damaged ({counted}); the logs of its workers name the tasks."
            findings.append(warning("repairs", sentence))
    return findings or [ok("repairs", "No task ever had to be repaired.")]
