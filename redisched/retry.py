"""Says when a failed task is tried again: the policy of a handler, and what a handler may raise instead.

@app.task(retry=Retry(attempts=12, backoff=exponential(5, cap=3600), never=(ValueError,)))
@app.task(retry=Retry.match({TimeoutError: fixed(10), HTTPError: never}))
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any, Final, Literal, Self, TypeAlias

from redisched.backoff import Backoff, LinearBackoff, ListedBackoff, Pauses
from redisched.errors import HandlerTimedOut, InvalidOption
from redisched.option_checks import check_attempts, check_milliseconds, check_span

Duration: TypeAlias = float | timedelta
"""Seconds, or a timedelta."""
DEFAULT_ATTEMPTS = 14
"""With the default pauses the last attempt comes two to five hours after the first."""
DEFAULT_CAP_S = 3_600.0
_DEFAULT_JITTER = 0.5


class _Never(Enum):
    NEVER = "never"


never: Final = _Never.NEVER
"""In `Retry.match`: a task that failed with this error is not tried again."""

ByCall: TypeAlias = Callable[[int, BaseException], Duration | None]
"""Answers the pause after the attempt of this number failed with this error; None if there is to be no other."""
GivenBackoff: TypeAlias = Pauses | Sequence[Duration] | ByCall
Rule: TypeAlias = GivenBackoff | Literal[_Never.NEVER]


def exponential(base: Duration, cap: Duration = DEFAULT_CAP_S, *, jitter: float = _DEFAULT_JITTER) -> Backoff:
    """Return pauses that double from `base` up to `cap`; a random part, at most the share `jitter`, is subtracted."""
    return Backoff(base_s=_seconds("base", base), cap_s=_seconds("cap", cap), jitter=_share(jitter))


def linear(step: Duration, cap: Duration = DEFAULT_CAP_S, *, jitter: float = 0.0) -> LinearBackoff:
    """Return pauses that grow by `step` with each failure, up to `cap`, with jitter as in `exponential`."""
    return LinearBackoff(step_s=_seconds("step", step), cap_s=_seconds("cap", cap), jitter=_share(jitter))


def fixed(pause: Duration, *, jitter: float = 0.0) -> LinearBackoff:
    """Return pauses that are all the same, with jitter as in `exponential`."""
    pause_s = _seconds("pause", pause)
    return LinearBackoff(step_s=pause_s, cap_s=pause_s, jitter=_share(jitter))


DEFAULT_BACKOFF = Backoff(base_s=5.0, cap_s=DEFAULT_CAP_S, jitter=_DEFAULT_JITTER)
"""With the default number of attempts these pauses last at least two hours in all, which is time to restart a database
or to roll back a deployment.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and when a failed task of a handler is tried again.

    `attempts` counts all attempts, the first included. `backoff` is what `exponential`, `linear` or `fixed` return, or
    a list of pauses, of which the last one is repeated, or a function of the attempt's number and its error that
    returns a pause, or None for no other attempt. Pauses are in seconds or timedeltas.

    Only errors of the types `on` are tried again, and none of the types `never`. No attempt begins later than `within`
    after the start of the first one that failed; it is in seconds, a timedelta, or a text such as "6h". Raises
    InvalidOption for what is not allowed.
    """

    attempts: int = DEFAULT_ATTEMPTS
    backoff: GivenBackoff = DEFAULT_BACKOFF
    on: type[BaseException] | tuple[type[BaseException], ...] = BaseException
    never: type[BaseException] | tuple[type[BaseException], ...] = ()
    within: Duration | str | None = None
    rules: tuple[tuple[type[BaseException], Rule], ...] = field(default=(), repr=False)
    """The pauses of single types of errors, as `match` sets them."""

    def __post_init__(self) -> None:
        checked: dict[str, object] = {
            "attempts": check_attempts("attempts", self.attempts),
            "backoff": _checked_backoff("backoff", self.backoff),
            "on": _error_types("on", self.on),
            "never": _error_types("never", self.never),
            "within": None if self.within is None else timedelta(milliseconds=check_span("within", self.within)),
            "rules": _checked_rules(self.rules),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @classmethod
    def match(cls, rules: Mapping[type[BaseException] | tuple[type[BaseException], ...], Rule], **others: Any) -> Self:
        """Return a policy with pauses of its own for some types of errors, or `never`. A key is a type, or a tuple of
        them. If several types match an error, the rule of the nearest base class holds. Errors of all other types
        follow the `others`, the fields of Retry.
        """
        if not isinstance(rules, Mapping):
            raise InvalidOption("match", rules, "a dict from types of errors to pauses, or never")
        given = tuple((kind, rule) for kinds, rule in rules.items() for kind in _error_types("match", kinds))
        return cls(rules=given, **others)

    @property
    def within_ms(self) -> int | None:
        """How long after the start of the first failed attempt others may begin, in milliseconds; None for no limit."""
        return None if self.within is None else check_span("within", self.within)

    def pause_s(self, error: BaseException, attempt: int, random: Callable[[], float]) -> float | None:
        """Return the pause in seconds after attempt number `attempt` failed with this error; None for no other attempt.

        A handler that ran out of time matches TimeoutError, too. Raises what a function given as backoff raises, and
        InvalidOption if that returns no pause.
        """
        kinds = type(error).__mro__
        if isinstance(error, HandlerTimedOut):
            kinds += TimeoutError.__mro__
        if not (_has_any(kinds, self.on) and not _has_any(kinds, self.never)):
            return None
        rules = dict(self.rules)
        rule: Any = next((rules[kind] for kind in kinds if kind in rules), self.backoff)
        if rule is never:
            return None
        if not callable(rule):
            delay_s: float = rule.delay_s(attempt, random)
            return delay_s
        pause = rule(attempt, error)
        return None if pause is None else _seconds("backoff", pause)


class HandlerRequest(BaseException):
    """Raised by a handler to say what shall become of its task. Not an Exception, so that no `except Exception` of the
    handler catches it.
    """


class RetryLater(HandlerRequest):
    """Raise this in a handler: the attempt has failed, and the next one shall come after this pause."""

    def __init__(self, pause: Duration) -> None:
        self.pause_s = _seconds("pause", pause)
        super().__init__(f"try again in {self.pause_s:g} s")


class Snooze(HandlerRequest):
    """Raise this in a handler: it is too early for the task. It runs again after this pause, and no attempt is
    counted.
    """

    def __init__(self, pause: Duration) -> None:
        self.pause_s = _seconds("pause", pause)
        super().__init__(f"too early by {self.pause_s:g} s")


class Reject(HandlerRequest):
    """Raise this in a handler: no attempt can succeed. The task is dead at once, for this reason."""

    def __init__(self, reason: str) -> None:
        if not isinstance(reason, str) or not reason:
            raise InvalidOption("reason", reason, "a text that says why the task cannot succeed")
        super().__init__(reason)


def _seconds(name: str, given: object) -> float:
    return check_milliseconds(name, given) / 1000


def _share(jitter: object) -> float:
    if isinstance(jitter, bool) or not isinstance(jitter, int | float) or not 0 <= jitter <= 1:
        raise InvalidOption("jitter", jitter, "a share from 0 to 1")
    return float(jitter)


def _checked_rules(rules: object) -> tuple[tuple[type[BaseException], object], ...]:
    if not isinstance(rules, tuple) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in rules):
        raise InvalidOption("rules", rules, "left out; Retry.match sets them")
    return tuple(
        (_error_types("match", kind)[0], rule if rule is never else _checked_backoff("match", rule))
        for kind, rule in rules
    )


def _checked_backoff(name: str, given: object) -> object:
    """Check a backoff. A list of pauses becomes a ListedBackoff."""
    if isinstance(given, list | tuple) and given:
        return ListedBackoff(tuple(_seconds(name, pause) for pause in given))
    if not (isinstance(given, Backoff | LinearBackoff | ListedBackoff) or callable(given)):
        allowed = "exponential(...), linear(...), fixed(...), a list of seconds, or a function of attempt and error"
        raise InvalidOption(name, given, allowed)
    return given


def _error_types(name: str, given: object) -> tuple[type[BaseException], ...]:
    kinds = given if isinstance(given, tuple) else (given,)
    if name == "match" and not kinds:
        raise InvalidOption(name, given, "a type of error, or a tuple of them")
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise InvalidOption(name, given, "a type of error, or a tuple of them")
    return kinds


def _has_any(kinds: tuple[type, ...], wanted: object) -> bool:
    return isinstance(wanted, tuple) and any(kind in wanted for kind in kinds)


DEFAULT_RETRY = Retry()
"""The policy of a handler that names none."""
ONE_ATTEMPT = Retry(attempts=1)
"""The policy of a handler that may start only once."""
