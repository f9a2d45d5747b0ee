"""Records of the API and of the command line, as they can be compared."""

from typing import Any

TIMES = {"now_ms", "oldest_ready_ms", "sentence"}
"""What changes from one moment to the next; sentences say how long ago something was."""


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    """The same record without what changes from one moment to the next."""
    return {
        name: without_times(value) if isinstance(value, dict) else value
        for name, value in record.items()
        if name not in TIMES
    }
