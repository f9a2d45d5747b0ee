"""Checks whether every queue with ready or leased tasks has a worker, and whether tasks were repaired."""

from collections.abc import Sequence

from redisched.counted import counted
from redisched.doctor.finding import Finding, ok, warning
from redisched.printable import shell_word
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.serving import holds_post


def check_queues(script_runner: ScriptRunner, queues: Sequence[str]) -> Operation[list[Finding]]:
    """Report queues that have ready or leased tasks but no reaper. If a queue has workers, one is its reaper."""
    findings = []
    for queue in queues:
        counts = yield from Inspector(script_runner, queue).counts()
        reaper = yield ("GET", script_runner.keys_of(queue).reaper)
        if (counts.ready or counts.leased) and not holds_post(reaper, counts.now_ms):
            sentence = (
                f"Queue {queue} has {counts.ready} ready and {counts.leased} leased tasks and no worker; "
                f"start one: redisched worker MODULE:APP --queues {shell_word(queue)}"
            )
            findings.append(warning("workers", sentence))
    return findings or [
        ok("workers", f"Every queue with ready or leased tasks has a worker; checked: {counted(len(queues), 'queue')}.")
    ]


def check_repairs(script_runner: ScriptRunner, queues: Sequence[str]) -> Operation[list[Finding]]:
    """Report the repairs that the scrubber made."""
    findings = []
    for queue in queues:
        repairs = yield from Inspector(script_runner, queue).repairs()
        if repairs:
            counted = ", ".join(f"{count} {kind}" for kind, count in repairs.items())
            sentence = f"Keys of queue {queue} were damaged ({counted}); the logs of its workers name the tasks."
            findings.append(warning("repairs", sentence))
    return findings or [ok("repairs", "No task ever had to be repaired.")]
