"""What `redisched watch` shows of a task: lines that follow one another, or a record for each change."""

from typing import Protocol

import click

from redisched.cli.report_text import dropped_text, line_text, progress_text
from redisched.client.results import has_ended
from redisched.jsonable import to_json
from redisched.model import TaskState
from redisched.printable import printable
from redisched.progress import Log
from redisched.records.reported import log_records, progress_record
from redisched.records.task import attempts_of
from redisched.store.reported import Reported
from redisched.store.view import TaskView
from redisched.times import duration, relative


class Watcher(Protocol):
    """Shows a task that is watched."""

    def show(self, change: Reported) -> None:
        """Show what has changed."""

    def say(self, sentence: str) -> None:
        """Show a sentence that is not about the task."""


class ChangeRecords:
    """Prints a record for each change."""

    def show(self, change: Reported) -> None:
        click.echo(to_json(change_record(change), ensure_ascii=True))

    def say(self, sentence: str) -> None:
        click.echo(sentence, err=True)


class ChangeLines:
    """Prints a line for each change."""

    def __init__(self) -> None:
        self._state = ""
        self._progress = ""
        self._lines = LineCounter()

    def show(self, change: Reported) -> None:
        for line in self._lines.texts(change.log):
            click.echo(line)
        progress = "" if change.progress is None else progress_text(change.view, change.progress)
        if progress != self._progress:
            self._progress = progress
            click.echo(f"  {progress}")
        # A state that has its times in it would be printed again and again.
        state = ending_text(change.view) if has_ended(change.view) else _state_and_attempt(change.view)
        if state != self._state:
            self._state = state
            click.echo(state)

    def say(self, sentence: str) -> None:
        click.echo(sentence, err=True)


class LineCounter:
    """Notices that lines of a log were dropped before they were shown."""

    def __init__(self) -> None:
        self._last = 0

    def texts(self, log: Log) -> list[str]:
        """The lines of a log as they are shown."""
        if not log.lines:
            return []
        missed = log.lines[0].number - self._last - 1
        self._last = log.lines[-1].number
        return [dropped_text(missed)] * (missed > 0) + [line_text(line) for line in log.lines]


def change_record(change: Reported) -> dict[str, object]:
    """Return a change as a record."""
    view, outcome = change.view, change.view.outcome
    return {
        "id": view.id,
        "queue": view.queue,
        "state": view.state,
        "attempts": attempts_of(view),
        "cancel_requested": view.cancel_requested,
        "worker": view.worker or None,
        "started_ms": view.started_ms or None,
        "progress": progress_record(view, change.progress),
        "log": log_records(change.log),
        "log_dropped": change.log.dropped,
        "result": None if outcome is None else outcome.result,
        "error": view.failure.error if view.failure else None,
        "now_ms": view.now_ms,
    }


def state_text(view: TaskView) -> str:
    """Return the state of a task that has not ended, with its times."""
    when = ""
    if view.state in (TaskState.SCHEDULED, TaskState.RETRYING) and view.run_at_ms:
        when = f" {relative(view.run_at_ms, view.now_ms)}"
    if view.state is TaskState.RUNNING and view.started_ms:
        when = f" for {duration(max(0, view.now_ms - view.started_ms))}"
    return _state_and_attempt(view, when)


def ending_text(view: TaskView) -> str:
    """Return how a task has ended: with which result or error, and after which time."""
    outcome, failure = view.outcome, view.failure
    words = str(view.state)
    if outcome is not None and outcome.started_ms:
        words += f" after {duration(max(0, outcome.ended_ms - outcome.started_ms))}"
    if attempts_of(view) > 1:
        words += f", attempt {attempts_of(view)}"
    if outcome is not None and outcome.result is not None:
        return f"{words}: {printable(to_json(outcome.result))}"
    if view.state is TaskState.DEAD and failure is not None:
        return f"{words}, {printable(failure.reason)}: {printable(failure.error)}"
    return words


def _state_and_attempt(view: TaskView, when: str = "") -> str:
    words = f"{view.state}{when}"
    if view.cancel_requested:
        words += ", cancellation asked for"
    if view.state is TaskState.RUNNING:
        return f"{words}, attempt {attempts_of(view)}, worker {printable(view.worker)}"
    if view.state is TaskState.READY:
        words += ", waits for a worker"
    if view.attempts and view.failure:
        words += f", attempt {view.attempts} failed: {printable(view.failure.error)}"
    return words
