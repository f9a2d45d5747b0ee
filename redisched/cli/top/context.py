"""What all screens of one view share."""

from dataclasses import dataclass

from redisched.cli.top.keyspace import Keyspace
from redisched.clock import Clock
from redisched.redaction import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class TopContext:
    """Where it reads, under which name that is shown, how often, and whether it may change anything."""

    keyspace: Keyspace
    place: str
    every_s: float
    clock: Clock
    redactor: Redactor
    may_change: bool = True
