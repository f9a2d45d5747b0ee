"""Reading how far the handler of a task has come, and its log."""

from typing import NamedTuple

from redisched.progress import Log, Progress, decode_lines, decode_progress
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.shard import ShardScripts
from redisched.store.view import TaskView, views_of


class Reported(NamedTuple):
    """A task without its body, and what its handlers have told, all at one moment."""

    view: TaskView
    progress: Progress | None
    log: Log


def read_report(
    script_runner: ScriptRunner, queue: str, shard: int, task_id: str, after: int = 0
) -> Operation[Reported]:
    """Read a task of this shard with its progress, and the lines of its log that come after the line `after`.

    Nothing is told of a task that has ended and of which only the state is kept.
    """
    scripts = ShardScripts(script_runner, queue, shard)
    reply = yield from scripts.call("read/report", {"after": after}, [(task_id,)])
    *facts, progress, dropped, first, lines = reply
    (view,) = views_of([task_id], queue, shard, facts)
    if view.outcome is not None and not view.outcome.name:
        return Reported(view, None, Log())
    log = Log(lines=tuple(decode_lines(lines, int(first))), dropped=int(dropped))
    return Reported(view, decode_progress(progress), log)
