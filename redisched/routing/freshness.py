"""Whether the id of a task may be in Redis already, which decides in how many shards it is looked for."""

from enum import StrEnum


class Freshness(StrEnum):
    """Whether a task with the same id may be in Redis already. If it may, more than one shard has to be asked."""

    NEW = "new"
    """No: the id was made for this call, and no other code has it."""
    UNSENT = "unsent"
    """Not yet: the request was never sent, but its owner may send it again."""
    MAYBE_SENT = "maybe sent"
    """Maybe: the caller chose the id, or the request may have been sent before, by any process."""
