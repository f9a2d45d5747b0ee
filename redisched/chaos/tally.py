"""Counts the messages that pass a proxy, and decides which fault applies to a message."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from redisched.chaos.command_names import OPENING
from redisched.chaos.fault import Fault, Message


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0

    def hits(self, message: Message, name: str, random: Callable[[], float]) -> bool:
        fault = self.fault
        is_meant = name not in OPENING if fault.script is None else name == fault.script
        if fault.message is not message or not is_meant:
            return False
        self.seen += 1
        return fault.occurrence in (None, self.seen) and (fault.share >= 1 or random() < fault.share)


class Tally:
    """Counts messages and matches them with faults, for all connections of a proxy. `random` draws from [0, 1)."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []
        self._counts: dict[Message, Counter[str]] = {message: Counter() for message in Message}
        self._struck: list[Fault] = []

    def arm(self, faults: tuple[Fault, ...]) -> None:
        """Replace all faults, and count their occurrences from 1 again."""
        with self._lock:
            self._armed = [_Armed(fault) for fault in faults]
            self._struck = []

    def count(self, message: Message, name: str) -> Fault | None:
        """Count a message, and return the fault that applies to it: the first that matches, or None."""
        with self._lock:
            self._counts[message][name] += 1
            hits = [armed.fault for armed in self._armed if armed.hits(message, name, self._random)]
            self._struck += hits[:1]
            return hits[0] if hits else None

    def counted(self, message: Message) -> Counter[str]:
        """How many messages of a kind came, by the name of their command."""
        with self._lock:
            return Counter(self._counts[message])

    def struck(self) -> list[Fault]:
        """The faults that have happened since they were set, in order."""
        with self._lock:
            return list(self._struck)
