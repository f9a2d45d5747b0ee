"""The log lines about single tasks. Each has the name, the id and the attempt of the task."""

import logging
import math
import os
from pathlib import Path
from types import TracebackType

from redisched.codec import decode_failure, describe
from redisched.engine.completion import Completion
from redisched.engine.isolation.endings import NoRoomForProcess, RaisedInside
from redisched.engine.leased_task import LeasedTask
from redisched.engine.log_records import concerning
from redisched.engine.logs import task_log
from redisched.store.values import Ack, Bury, Crash, FailedAttempt, Release, SnoozedTask

_LINE = "task %s %s attempt %d %s"
_ENGINE = f"{Path(__file__).parent}{os.sep}"
MOST_NAMES = 1_000
"""A warning is logged for at most so many task names that no handler has. More of them would not help anybody."""
SAY_AGAIN_S = 600.0


class TaskLog:
    """Writes the log of the tasks of one worker process."""

    def __init__(self, level: int) -> None:
        """`level` is the log level of starts and of successful ends."""
        self.level = level
        self._left: set[str] = set()
        self._said_s: dict[str, float] = {}

    def started(self, task: LeasedTask) -> None:
        """Log that its handler starts."""
        log_about(self.level, task, "starts")

    def returned(self, outcome: Completion) -> None:
        """Log that its handler returned."""
        if type(outcome.settlement) is Ack:
            log_about(self.level, outcome.task, "has succeeded")
        else:
            self.died(outcome)

    def raised(self, outcome: Completion, error: BaseException) -> None:
        """Log that its handler raised or was interrupted, and what happens with the task."""
        task, settlement = outcome
        match settlement:
            case FailedAttempt():
                said = f"has failed: {_text_of(error)}; the next attempt comes in {settlement.delay_ms / 1e3:.1f} s"
                log_about(logging.WARNING, task, said)
            case SnoozedTask():
                log_about(self.level, task, f"is snoozed: it runs again in {settlement.delay_ms / 1e3:.1f} s")
            case Bury():
                self.died(outcome, error)
            case Crash():
                deaths = task.lease.crashes + 1
                fate = "is dead" if deaths >= settlement.crash_limit else "waits to be tried again"
                said = f"{fate}: the process of its handler died ({error}), {deaths} of {settlement.crash_limit} times"
                log_about(logging.ERROR, task, said)
            case Ack():
                log_about(self.level, task, "is cancelled")
            case Release() if isinstance(error, NoRoomForProcess):
                log_about(logging.WARNING, task, f"is given back, as there is no room for its process: {error}")
            case Release():
                log_about(self.level, task, "is given back, as this worker stops")

    def died(self, outcome: Completion, error: BaseException | None = None) -> None:
        """Log that the task is dead."""
        if isinstance(outcome.settlement, Bury):
            failure = decode_failure(outcome.settlement.failure)
            log_about(logging.ERROR, outcome.task, f"is dead, {failure.reason}: {failure.error}", error)

    def left_to_others(self, task: LeasedTask, lacks: str) -> None:
        """Log that other live workers have what this one lacks for a task, once for each name."""
        if lacks not in self._left and len(self._left) < MOST_NAMES:
            self._left.add(lacks)
            log_about(logging.INFO, task, f"is left to other workers: they have the {lacks}, and this one has not")

    def unknown(self, task: LeasedTask, lacks: str, now_s: float) -> None:
        """Log that no live worker is known to have what a task needs, once in a while for each name."""
        said_s = self._said_s.get(lacks, -math.inf)
        if now_s - said_s < SAY_AGAIN_S or (lacks not in self._said_s and len(self._said_s) >= MOST_NAMES):
            return
        self._said_s[lacks] = now_s
        said = (
            f"waits: no worker is known that has the {lacks}. It starts within seconds of the start of one that has it;"
            " if this one should, name its module with --import or Scheduler(imports=[...])"
        )
        log_about(logging.WARNING, task, said)


def log_about(level: int, task: LeasedTask, said: str, error: BaseException | None = None) -> None:
    """Log a line about a task, with the traceback of an error."""
    if not task_log.isEnabledFor(level):
        return
    lease = task.lease
    words = (task.body.name or "?", lease.id, lease.attempts + 1, said)
    exception = None if error is None else (type(error), error, _of_handler(error.__traceback__))
    with concerning(task):
        if isinstance(error, RaisedInside):
            # The error was raised in another process and is known as text only.
            record = task_log.makeRecord(task_log.name, level, __file__, 0, _LINE, words, None)
            record.exc_text = error.traceback
            task_log.handle(record)
        else:
            task_log.log(level, _LINE, *words, exc_info=exception)


def _text_of(error: BaseException) -> str:
    return error.error if isinstance(error, RaisedInside) else describe(error)


def _of_handler(trace: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that begins with the handler; None if the handler is not in it."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_ENGINE):
        trace = trace.tb_next
    return trace
