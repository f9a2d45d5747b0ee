"""Everything known about a task, as a text: why it does not run comes first. Secrets are hidden by their names."""

from rich.text import Text

from redisched.cli.pause_text import pause_text
from redisched.cli.report_text import dropped_text, line_text, progress_text
from redisched.cli.task_text import attempt_row, failed_attempts, task_facts
from redisched.cli.top.looks import FAINT, look_of, marked
from redisched.cli.top.texts import steady
from redisched.explain.wording import capitalized
from redisched.model import Failure
from redisched.printable import shortened
from redisched.progress import Log
from redisched.records.whole_task import WholeTask
from redisched.records.without_secrets import without_secrets
from redisched.redaction import Redactor

_LONGEST = 2_000
"""Of one fact so many characters are shown; `redisched task show` has the rest."""
_TAIL = 20
"""So many of the last lines of a log, and of a traceback."""


def task_page(task: WholeTask, shards: int, redactor: Redactor) -> Text:
    """The page about a task. `shards` is the number of shards of its queue."""
    view, (_, progress, log) = without_secrets(task.view, redactor), task.reported
    text = marked(look_of(view.state), view.state).append("  ")
    text.append(steady(task.explanation.sentence), style="bold")
    if task.explanation.advice:
        text.append(f"\n{steady(capitalized(task.explanation.advice))}")
    text.append("\n\n")
    far = None if progress is None else progress_text(task.view, progress)
    facts = [*task_facts(view, shards, pause_text([task.pause], view.now_ms)), ("progress", far)]
    told = [(name, str(value)) for name, value in facts if value not in (None, "")]
    width = max(len(name) for name, _ in told)
    for name, value in told:
        text.append(f"{name:<{width}}  ", style=FAINT).append(f"{steady(shortened(value, _LONGEST))}\n")
    _add_log(text, log)
    _add_attempts(text, failed_attempts(view))
    return text


def _add_log(text: Text, log: Log) -> None:
    if not log.lines:
        return
    text.append("\nLog\n", style="bold")
    hidden = max(0, len(log.lines) - _TAIL)
    if hidden:
        text.append(f"(the last {_TAIL} of {hidden + _TAIL} lines)\n", style=FAINT)
    elif log.dropped:
        text.append(f"{dropped_text(log.dropped)}\n", style=FAINT)
    for line in log.lines[-_TAIL:]:
        text.append(f"{steady(line_text(line))}\n")


def _add_attempts(text: Text, failures: list[Failure]) -> None:
    if failures:
        text.append("\nFailed attempts\n", style="bold")
    for failure in failures:
        number, failed_at, late, ran, worker, error = attempt_row(failure)
        parts = [
            f"attempt {number}" if number else "its process died",
            *([str(failed_at)] if failed_at else []),
            *([f"{late} late"] if late else []),
            *([f"ran {ran}"] if ran else []),
            *([f"on {steady(str(worker))}"] if worker else []),
        ]
        text.append(", ".join(parts)).append(f"\n  {steady(shortened(str(error), _LONGEST))}\n", style="red")
    if failures and failures[-1].traceback:
        text.append("\nThe last traceback\n", style="bold")
        lines = failures[-1].traceback.rstrip().split("\n")
        text.append("\n".join(shortened(steady(line), _LONGEST) for line in lines[-_TAIL:]) + "\n")
