"""Label values that are bounded: whatever names tasks have, a process has a limited number of series."""

from collections import Counter
from collections.abc import Iterable

from redisched.activity import Activity
from redisched.store.tallies import ActivityKey, Rows

MOST_HANDLERS = 200
"""So many handlers of a queue have a label of their own."""
OTHER = "other"
"""The label of all handlers beyond."""
LONGEST_LABEL = 200


def label_text(name: str) -> str:
    """The label for a name: what is no UTF-8 is escaped, and a long name is cut."""
    return name.encode("utf-8", "backslashreplace").decode()[:LONGEST_LABEL]


def by_label(rows: Rows) -> dict[ActivityKey, Activity]:
    """The same numbers with labels for names. Those whose labels are the same are added."""
    labelled: dict[ActivityKey, Activity] = {}
    for key, activity in rows.items():
        label = ActivityKey(label_text(key.queue), label_text(key.handler))
        labelled.setdefault(label, Activity()).add(activity)
    return labelled


def with_zeros(rows: Rows, handlers: Iterable[ActivityKey]) -> dict[ActivityKey, Activity]:
    """The same numbers, and zeros for handlers that have done nothing yet, as far as their queue may have more labels.

    What begins at 1 is no rise for Prometheus: without a zero before it, the first failure of a handler is not seen.
    """
    counted = dict(rows)
    apart = Counter(key.queue for key in rows if key.handler not in ("", OTHER))
    for key in handlers:
        if key not in counted and apart[key.queue] < MOST_HANDLERS:
            counted[key] = Activity()
            apart[key.queue] += 1
    return counted
