"""Values in the texts of errors, none longer than half a line."""

from datetime import date, datetime, time, timedelta


def shortened(value: object) -> str:
    """How a value is shown in the text of an error, moments and durations as people write them. Never raises, even if
    its `repr` does.
    """
    try:
        text = _as_written(value)
    except Exception as error:
        text = f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    return text if len(text) <= 80 else text[:77] + "..."


def _as_written(value: object) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else repr(value)
