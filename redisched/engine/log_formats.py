"""Formats of log lines, for people and for programs. No name and no error text can forge a line or move a cursor."""

import logging
from datetime import UTC, datetime

from redisched.engine.log_records import ATTEMPT, FIELDS, ID, TASK
from redisched.jsonable import to_json
from redisched.printable import printable, printable_lines

MOST_CHARACTERS = 65_536
"""A traceback is cut to this length, because an error may quote megabytes."""
_OWN_PREFIX = "redisched."
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", *FIELDS}
"""The attributes that every record has. All others were given as `extra=`."""


class TextFormatter(logging.Formatter):
    """One line with time, level, logger, process and, in brackets, the task; further lines of a record are indented."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{self.formatTime(record)} {record.levelname} {printable(record.name)} {record.process}"
        lines = [f"{head}{_task_of(record)}: {_message(record)}", *_traces(self, record)]
        return printable_lines("\n".join(lines)).replace("\n", "\n    ")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, process, message, and task, id, attempt, exception where there are
    any, and whatever was handed over as `extra=` under its own name.
    """

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        fields: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": _message(record),
        }
        if getattr(record, ID, ""):
            fields |= {"task": getattr(record, TASK), "id": getattr(record, ID), "attempt": getattr(record, ATTEMPT)}
        traces = _traces(self, record)
        if traces:
            fields["exception"] = "\n".join(traces)
        for name, value in record.__dict__.items():
            if name not in _STANDARD:
                fields.setdefault(name, _showable(value))
        return to_json(fields, ensure_ascii=True)


def _message(record: logging.LogRecord) -> str:
    """The message. If its arguments do not fit the format, that is said instead of raising."""
    try:
        return record.getMessage()
    except Exception as error:
        return f"{_text(record.msg)} (its arguments cannot be formatted: {type(error).__name__})"


def _task_of(record: logging.LogRecord) -> str:
    # Redisched's own messages name the task in their text, because an application's format may show only the text.
    if record.name.startswith(_OWN_PREFIX) or not getattr(record, ID, ""):
        return ""
    return f" [{getattr(record, TASK)} {getattr(record, ID)} attempt {getattr(record, ATTEMPT)}]"


def _traces(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    traces = []
    if record.exc_text:
        traces.append(record.exc_text.rstrip())
    elif record.exc_info and record.exc_info[0] is not None:
        traces.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        traces.append(record.stack_info)
    return [trace if len(trace) <= MOST_CHARACTERS else f"{trace[:MOST_CHARACTERS]} ..." for trace in traces]


def _showable(value: object) -> object:
    """The value if JSON can hold it, else its text."""
    try:
        to_json(value)
    except Exception:
        return _text(value)
    return value


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:
        return f"<a {type(value).__name__} that cannot be shown>"
