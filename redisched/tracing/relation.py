"""How the span of an attempt is connected with that of the enqueue."""

from enum import StrEnum


class SpanRelation(StrEnum):
    """How the span of an attempt is connected with the span of the call that enqueued the task."""

    LINK = "link"
    """It begins a trace of its own, and has a link to that span. So a task that waits for a week makes no trace of a
    week, and a batch no trace of a thousand tasks. The conventions for messaging recommend it.
    """
    PARENT = "parent"
    """It is a child of that span, in the same trace. So one trace shows a request with all that its tasks do."""
