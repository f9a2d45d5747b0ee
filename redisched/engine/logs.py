"""The loggers of workers, and where their records go: where the application says, else to standard error.

Only worker processes configure logging, and only after they have imported the application. In any other program, that
program decides where redisched's records go.
"""

import contextlib
import logging

from redisched.config import LogFormat, WorkerSettings
from redisched.engine.log_formats import JsonFormatter, TextFormatter
from redisched.engine.log_records import name_tasks_in_records
from redisched.printable import printable, printable_lines

OURS = "redisched"
USUAL_LEVEL = "INFO"
_FORMATTER = logging.Formatter()


def _make_printable(record: logging.LogRecord) -> bool:
    """Escape the arguments and the traceback of a record. Names, ids and errors may hold anything; here each becomes
    one printable line, whatever format shows the record, and no stream can refuse the traceback.
    """
    if isinstance(record.args, tuple):
        record.args = tuple(one if isinstance(one, int | float) else printable(str(one)) for one in record.args)
    # A formatter shows this text if it is set, and formats the exception itself only if it is not.
    trace = record.exc_text or _trace_of(record)
    record.exc_text = printable_lines(trace.rstrip("\n")) if trace else None
    return True


def _trace_of(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    try:
        return _FORMATTER.formatException(record.exc_info)
    except BaseException as error:
        return f"<its traceback cannot be had: {type(error).__name__}>"


class _UnfailingLogger(logging.Logger):
    """Lets no error of a log handler of the application out: it would end the worker, which logs between any two steps
    of its work.
    """

    def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name of the standard library
        """Pass a record to all handlers. What one of them raises is shown on standard error, as logging itself does."""
        try:
            super().callHandlers(record)
        except Exception:
            # A handler of a task may have closed standard error: then there is nobody left to tell.
            with contextlib.suppress(ValueError):
                logging.Handler().handleError(record)


def _logger_named(name: str) -> logging.Logger:
    usual = logging.getLoggerClass()
    logging.setLoggerClass(_UnfailingLogger)
    try:
        return logging.getLogger(f"{OURS}.{name}")
    finally:
        logging.setLoggerClass(usual)


log = _logger_named("worker")
"""For what worker processes do."""
task_log = _logger_named("task")
"""For what becomes of single tasks."""
for _logger in (log, task_log):
    _logger.addFilter(_make_printable)


def configure_logging(settings: WorkerSettings) -> None:
    """Add the task to log records, and write them to standard error unless the application has configured logging.

    An application that has configured logging keeps its handlers, formats and levels. Then a level in the settings
    holds for redisched's own records only.
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
    # If the application has handlers on loggers of its own, a handler on the root logger would show their records
    # twice.
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
    """Enable redisched's loggers again: logging.config disables all existing loggers that its configuration does not
    name.
    """
    for logger in _loggers():
        if logger.name.partition(".")[0] == OURS:
            logger.disabled = False


def _others_have_handlers() -> bool:
    # Libraries give their loggers a NullHandler, which shows nothing.
    handlers = (handler for logger in _loggers() for handler in logger.handlers)
    return any(not isinstance(handler, logging.NullHandler) for handler in handlers)
