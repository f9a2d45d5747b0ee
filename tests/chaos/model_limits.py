"""What limits when a task in the model may start: its expiry, its deadline, and that it may start only once."""

from dataclasses import dataclass
from math import inf

from hypothesis import strategies as st

traits = st.sampled_from(
    [
        *[b""] * 4,
        b"expires=+1 -500 ",
        b"expires=@0 0 ",
        b"expires=+1000 500 ",
        b"expires=+600000 500 ",
        b"deadline=+600000 expires=+600000 500 ",
        b"deadline=@0 ",
        *[b"deadline=+1000 "] * 2,
    ]
)
"""The traits of new tasks, without the outcome of one that expires."""
untils_ms = st.sampled_from([None, None, 0, 500, 60_000])
"""So long after an attempt others may begin."""

failures = st.sampled_from([b"boom", b"\x81\xa5error\xa4boom"])
"""Why an attempt failed: foreign bytes, and a map in MessagePack."""


@dataclass(slots=True)
class Limits:
    """The limits of one task. `expired` is the retention and the outcome of a task that expires. `once` is the token
    under which the task started, and the retention and the outcome of a task that is lost.
    """

    expires_ms: int | None = None
    expired: tuple[int, bytes] = (0, b"")
    deadline_ms: int | None = None
    has_started: bool = False
    once: tuple[int, int, bytes] | None = None

    @classmethod
    def read(cls, given: bytes, now_ms: int) -> "Limits":
        """The limits of a new task."""
        limits = cls()
        head, expires, tail = given.partition(b"expires=")
        if expires:
            when, retention_ms, outcome = tail.split(b" ", 2)
            limits.expires_ms, limits.expired = moment_of(when.decode(), now_ms), (int(retention_ms), outcome)
        if head:
            limits.deadline_ms = moment_of(head.removeprefix(b"deadline=").strip().decode(), now_ms)
        return limits

    def stored(self) -> bytes:
        """The traits as Redis must hold them."""
        text = b""
        if self.deadline_ms is not None:
            text += b"deadline=%d%b " % (self.deadline_ms, b"!" * self.has_started)
        if self.expires_ms is not None:
            text += b"expires=%d %d %b" % (self.expires_ms, *self.expired)
        if self.once is not None:
            text += b"once=%d %d %b" % self.once
        return text

    @property
    def least_format(self) -> int:
        """The format that older scripts would not understand."""
        return 3 if self.deadline_ms is not None or self.once else 2 if self.expires_ms is not None else 0

    @property
    def next_start_ms(self) -> int | None:
        """The moment from which on the next attempt may not begin."""
        if self.expires_ms is not None:
            return self.expires_ms
        return self.deadline_ms if self.has_started else None

    def note_started(self, until_ms: int | None = None) -> float:
        """The task has started; answers until when others may begin."""
        deadline_ms = min(inf if self.deadline_ms is None else self.deadline_ms, until_ms or inf)
        self.expires_ms = None
        if deadline_ms < inf:
            self.deadline_ms, self.has_started = int(deadline_ms), True
        return deadline_ms


def moment_of(when: str, now_ms: int) -> int:
    """The time of @time, or of +delay from now."""
    return int(when[1:]) + (now_ms if when[0] == "+" else 0)
