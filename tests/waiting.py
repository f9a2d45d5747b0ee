"""Wait for a condition instead of sleeping: a test takes no longer than needed, and names a condition that fails."""

import time
from collections.abc import Callable
from typing import TypeVar

POLL_S = 0.005
LONG_S = 30.0
"""What takes longer is thought to come never. A busy machine may need ten seconds for what takes one otherwise."""

T = TypeVar("T")


def wait_until(condition: Callable[[], T], description: str, timeout_s: float = LONG_S) -> T:
    """Return the first truthy answer of `condition`.

    Raises AssertionError, with the description and the last answer, after `timeout_s`.
    """
    deadline_s = time.monotonic() + timeout_s
    while not (answer := condition()):
        if time.monotonic() >= deadline_s:
            raise AssertionError(f"waited {timeout_s:g} s in vain until {description}; the last answer was {answer!r}")
        time.sleep(POLL_S)
    return answer


def let_pass(seconds: float, description: str) -> None:
    """Let time pass, as the duration of a fault."""
    until_s = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= until_s, description, seconds + 1)
