"""What is special about a task, as text for the scripts. A plain task has no traits, and pays nothing for others'."""

from dataclasses import dataclass

from redisched.codec import DIGEST_BYTES, encode_unfinished
from redisched.handler_options import HandlerOptions
from redisched.model import Keep, TaskState, retention_of


@dataclass(frozen=True, slots=True)
class Traits:
    """The traits of tasks with the same options. `expires` and `deadline` are +delay or @time in ms, empty for never.
    `told_retention_ms` is what the scripts are told of how long the outcome of one that expired is kept. `keep` says
    how much of it is kept.
    """

    expires: str = ""
    deadline: str = ""
    told_retention_ms: int = 0
    keep: Keep = Keep.RESULT

    @property
    def fingerprint_suffix(self) -> bytes:
        """What of them the digest of a task covers: what the caller asked for, and nothing that the code derives."""
        return f"|expires{self.expires}".encode() if self.expires else b""

    def encode(self, name: str, record: bytes) -> bytes:
        """The traits of one task, with how it ends if it expires. `scripts/lib/traits.lua` has the form."""
        limit = f"deadline={self.deadline} ".encode() if self.deadline else b""
        if not self.expires:
            return limit
        ending = record[:DIGEST_BYTES] + encode_unfinished(TaskState.EXPIRED, name, self.keep)
        return limit + f"expires={self.expires} {self.told_retention_ms} ".encode() + ending


NO_TRAITS = Traits()


def traits_of(options: HandlerOptions, *, has_chosen_id: bool) -> Traits:
    """The traits of tasks with these options. The outcome of a task with a chosen id stays for its whole retention."""
    if not (options.expires or options.deadline):
        return NO_TRAITS
    retention = retention_of(
        options.retention_ms, options.keep, is_own=options.retention_is_own, has_chosen_id=has_chosen_id
    )
    return Traits(options.expires, options.deadline, retention.told_ms, options.keep)
