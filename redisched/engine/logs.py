"""The logs of workers, and how a process writes them: as its application says, else on standard error.

Only a worker's own processes configure logging, and only after they have imported the application. In any other
program the records of redisched go wherever that program sends them.
"""

import logging

from redisched.config import LogFormat, WorkerSettings
from redisched.engine.log_formats import JsonFormatter, TextFormatter
from redisched.engine.log_records import name_tasks_in_records
from redisched.printable import printable, printable_lines

OURS = "redisched"
USUAL_LEVEL = "INFO"
_FORMATTER = logging.Formatter()


def _make_printable(record: logging.LogRecord) -> bool:
    """Names, ids and errors come from anywhere: each is one harmless line in whatever format a record is shown, and a
    traceback holds nothing that a stream could refuse.
    """
    if isinstance(record.args, tuple):
        record.args = tuple(one if isinstance(one, int | float) else printable(str(one)) for one in record.args)
    # Every formatter shows this text where there is one, and formats the exception itself only where there is none.
    trace = record.exc_text or _trace_of(record)
    record.exc_text = printable_lines(trace.rstrip("\n")) if trace else None
    return True


def _trace_of(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    try:
        return _FORMATTER.formatException(record.exc_info)
    except Exception as error:
        return f"<its traceback cannot be had: {type(error).__name__}>"


log = logging.getLogger(f"{OURS}.worker")
"""What goes on in worker processes."""
task_log = logging.getLogger(f"{OURS}.task")
"""What becomes of single tasks."""
for _logger in (log, task_log):
    _logger.addFilter(_make_printable)


def configure_logging(settings: WorkerSettings) -> None:
    """Have records bear the task they belong to, and show them on standard error where nobody has said otherwise.

    An application that has configured logging keeps its handlers, formats and levels; a level that the settings name
    holds for redisched's own records then.
    """
    _undo_disabling()
    name_tasks_in_records()
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    if root.handlers or ours.handlers:
        if settings.log_level is not None:
            ours.setLevel(settings.log_level)
        if settings.log_format is not None:
            log.warning("the application configures logging itself; log_format=%s is not used", settings.log_format)
        return
    # Where the application has handlers for loggers of its own, ours at the root would show those records twice.
    place = ours if _others_have_handlers() else root
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if settings.log_format is LogFormat.JSON else TextFormatter())
    place.addHandler(handler)
    if settings.log_level is not None or place.level in (logging.NOTSET, logging.WARNING):
        place.setLevel(settings.log_level or USUAL_LEVEL)


def _loggers() -> list[logging.Logger]:
    known = logging.Logger.manager.loggerDict.values()
    return [logger for logger in list(known) if isinstance(logger, logging.Logger)]


def _undo_disabling() -> None:
    """logging.config disables every logger that it is not told of and that was there before, as ours were."""
    for logger in _loggers():
        if logger.name.partition(".")[0] == OURS:
            logger.disabled = False


def _others_have_handlers() -> bool:
    # Libraries give their loggers a NullHandler, which shows nothing.
    handlers = (handler for logger in _loggers() for handler in logger.handlers)
    return any(not isinstance(handler, logging.NullHandler) for handler in handlers)
