"""Encodes and decodes tasks, outcomes and failures.

The record of a task is an 8-byte digest and a body. Scripts compare digests and never read a body.
"""

import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any

from redisched.errors import NotEncodable, PayloadTooLarge, Undecodable
from redisched.model import NO_KEYWORDS, Failure, Keep, KeptTask, Outcome, TaskBody, TaskState
from redisched.option_checks import check_headers
from redisched.packing import ALLOWED, ALLOWED_DEPTH, SCALARS, TooDeep, check, pack, pack_own, unpack, unpack_each
from redisched.redaction import REDACTED, SECRETS

DIGEST_BYTES = 8
ERROR_CHARACTERS = 1_000
TRACEBACK_CHARACTERS = 8_000

_STATE_NAMES = {state: state.value for state in TaskState}
_KEEP_NOTHING, _KEEP_TASK = Keep.NOTHING, Keep.TASK  # Python 3.11 calls a function to find a member.
_NO_END = pack(0) + pack(None)
_OUTCOME, _OUTCOME_WITH_TASK = b"\x97", b"\x98"
"""The first byte of an outcome. The second has the script that stores it add the task; see scripts/lib/keep.lua."""


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("not a whole number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


_LIMITS: dict[str, Callable[[Any], Any]] = {
    "max_attempts": _whole,
    "timeout_ms": _whole,
    "retention_ms": _whole,
    "keep": Keep,
    "headers": partial(check_headers, "headers"),
    "codec": _text,
}
_NO_LIMIT = 2**31


def encode_task(body: TaskBody, limit: int) -> bytes:
    """Encode the body of a task. Raises as `encode_call`."""
    return encode_call(body.name, body.args, body.kwargs, body.limits, limit)


def encode_call(
    name: str, args: Sequence[Any], kwargs: Mapping[str, Any], limits: Mapping[str, Any], limit: int
) -> bytes:
    """Encode the body of a task: a call, and the `limits` of the body. Raises NotEncodable, naming the argument, and
    PayloadTooLarge beyond `limit` bytes.
    """
    parts: list[Any] = [name, list(args)]
    if limits:
        parts += [kwargs, limits]
    elif kwargs:
        parts.append(kwargs)
    try:
        encoded = pack(parts)
        if kwargs or not SCALARS.issuperset(map(type, args)):
            check(parts, encoded)
    except Exception as error:
        _name_the_culprit(name, args, kwargs)
        raise _refusal(f"arguments of {name}", (args, kwargs), error) from error
    if len(encoded) > limit:
        raise PayloadTooLarge(f"arguments of {name}", len(encoded), limit)
    return encoded


def fingerprint_suffix_of(priority: int, when: str) -> bytes:
    """What the digest of an enqueue covers besides the body: the priority and the time that the task shall start."""
    return b"|%d|%b" % (priority, when.encode())


def digest_of(body: bytes, fingerprint_suffix: bytes) -> bytes:
    """The digest of an enqueue, 8 bytes over the body and the suffix: another enqueue with the same id has another
    digest.
    """
    return blake2b(body + fingerprint_suffix, digest_size=DIGEST_BYTES).digest()


_NOTHING_MORE = TaskBody("")[2:]
"""What a body holds that has neither keywords nor limits. The constructor of TaskBody would cost twice as much."""


def decode_task(record: bytes, limit: int) -> TaskBody:
    """Decode the body from a record. Raises Undecodable if there is none."""
    if not DIGEST_BYTES < len(record) <= limit + DIGEST_BYTES:
        raise Undecodable(f"a record of {len(record)} bytes")
    try:
        parts = unpack(record[DIGEST_BYTES:])
        # Most tasks have neither keywords nor limits.
        if len(parts) == 2 and type(parts[0]) is str and type(parts[1]) is list:
            return tuple.__new__(TaskBody, (*parts, *_NOTHING_MORE))
        return _body_of(parts)
    except Exception as error:
        raise Undecodable(_text_of(error, ERROR_CHARACTERS)) from error


def encode_outcome(outcome: Outcome, limit: int, keep: Keep = Keep.RESULT) -> bytes:
    """Encode what shall be kept of an outcome. Raises NotEncodable or PayloadTooLarge for its result."""
    return encode_end(limit, keep, *outcome)


def encode_end(
    limit: int,
    keep: Keep,
    state: TaskState,
    name: str,
    attempt: int,
    worker: str,
    started_ms: int,
    ended_ms: int,
    result: Any,
) -> bytes:
    """As `encode_outcome`, given the fields of the outcome. Workers save the time of making an Outcome."""
    if keep is _KEEP_NOTHING:
        name, attempt, worker, started_ms, result = "", 0, "", 0, None
    try:
        encoded = pack([_STATE_NAMES[state], name, attempt, worker, started_ms, ended_ms, result])
        if type(result) not in SCALARS:
            check([result], encoded)
    except Exception as error:
        raise _refusal(f"result of {name}", result, error) from error
    if len(encoded) > limit:
        raise PayloadTooLarge(f"result of {name}", len(encoded), limit)
    return _OUTCOME_WITH_TASK + encoded[1:] if keep is _KEEP_TASK else encoded


def encode_unfinished(
    state: TaskState, name: str, keep: Keep = Keep.RESULT, attempt: int = 0, worker: str = "", started_ms: int = 0
) -> bytes:
    """The outcome of a task that a script ends, such as one that expired, up to the time of its end: the script adds
    that, and that there is no result.
    """
    return encode_end(_NO_LIMIT, keep, state, name, attempt, worker, started_ms, 0, None)[: -len(_NO_END)]


def decode_outcome(encoded: bytes) -> Outcome:
    """Decode an outcome, which may be followed by its task. Raises Undecodable."""
    try:
        has_task = encoded.startswith(_OUTCOME_WITH_TASK)
        parts = next(unpack_each(_OUTCOME + encoded[1:])) if has_task else unpack(encoded)
        state, name, attempt, worker, started_ms, ended_ms, result = parts
        return Outcome(
            TaskState(state), _text(name), _whole(attempt), _text(worker), _whole(started_ms), _whole(ended_ms), result
        )
    except Exception as error:
        raise Undecodable(_text_of(error, ERROR_CHARACTERS)) from error


def decode_kept_task(encoded: bytes) -> KeptTask | None:
    """Decode the task that follows an outcome; None if none does. Raises Undecodable."""
    if not encoded.startswith(_OUTCOME_WITH_TASK):
        return None
    try:
        parts = list(unpack_each(_OUTCOME + encoded[1:]))[1:]
        if not parts:
            return None
        score, *rest = parts
        body = _body_of(rest.pop(0)) if rest and isinstance(rest[0], list) else None
        return KeptTask(_whole(score), body, tuple(_failure_of(fields) for fields in reversed(rest)))
    except Exception as error:
        raise Undecodable(_text_of(error, ERROR_CHARACTERS)) from error


def encode_state(name: str, state: Any, limit: int) -> bytes:
    """Encode the state that the handler `name` saves. Raises NotEncodable and PayloadTooLarge."""
    try:
        encoded = pack(state)
        check([state], encoded)
    except Exception as error:
        raise _refusal(f"checkpoint of {name}", state, error) from error
    if len(encoded) > limit:
        raise PayloadTooLarge(f"checkpoint of {name}", len(encoded), limit)
    return encoded


def decode_state(encoded: bytes) -> Any:
    """Decode a state. Raises Undecodable."""
    try:
        return unpack(encoded)
    except Exception as error:
        raise Undecodable(_text_of(error, ERROR_CHARACTERS)) from error


def encode_failure(failure: Failure) -> bytes:
    """Encode a failure. Of a long error the beginning is kept, of a long traceback the end."""
    return pack_own(
        {
            "name": _clean(failure.name)[:ERROR_CHARACTERS],
            "error": _clean(failure.error)[:ERROR_CHARACTERS],
            "traceback": _clean(failure.traceback)[-TRACEBACK_CHARACTERS:],
            "attempt": failure.attempt,
            "worker": failure.worker,
            "failed_ms": failure.failed_ms,
            "reason": failure.reason,
            "due_ms": failure.due_ms,
            "started_ms": failure.started_ms,
        }
    )


def decode_failures(encoded: bytes) -> tuple[Failure, ...]:
    """Decode the failures of a task, which are stored newest first, and return them oldest first. If the oldest is cut
    off, it is left out. Raises Undecodable.
    """
    try:
        failures = [_failure_of(fields) for fields in unpack_each(encoded)]
        if not failures:
            raise ValueError("no failure")
        return tuple(reversed(failures))
    except Exception as error:
        raise Undecodable(_text_of(error, ERROR_CHARACTERS)) from error


def decode_failure(encoded: bytes) -> Failure:
    """Decode the newest failure. Raises Undecodable."""
    return decode_failures(encoded)[-1]


def encode_message(parts: Sequence[Any]) -> bytes:
    """Encode a message from one process of redisched to another on the same machine."""
    return pack_own(parts)


def decode_message(encoded: bytes) -> list[Any]:
    """Decode a message, as a list."""
    return list(unpack(encoded))


def traceback_of(error: BaseException) -> str:
    """The traceback of an exception as text. Never raises, even if the exception's `__str__` does."""
    try:
        return "".join(traceback.format_exception(error))
    except BaseException as inner:
        return f"<its traceback cannot be had: {type(inner).__name__}>"


def describe(error: BaseException) -> str:
    """The type and the text of an exception. Never raises, even if the exception's `__str__` does."""
    name, text = type(error).__name__, _text_of(error, ERROR_CHARACTERS)
    return f"{name}: {text}" if text else name


def _text_of(error: BaseException, characters: int) -> str:
    try:
        return str(error)[:characters]
    except BaseException as inner:
        return f"<its text cannot be had: {type(inner).__name__}>"


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _name_the_culprit(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    named = {f"args[{index}]": value for index, value in enumerate(args)}
    for argument, value in (named | {f"kwargs[{key!r}]": value for key, value in kwargs.items()}).items():
        try:
            check([value], pack(value))
        except Exception as error:
            raise _refusal(f"{argument} of {name}", REDACTED if SECRETS.hides(argument) else value, error) from error


def _refusal(argument: str, value: object, error: Exception) -> NotEncodable:
    allowed = ALLOWED_DEPTH if isinstance(error, TooDeep) else f"{_text_of(error, 200)}; {ALLOWED}"
    return NotEncodable(argument, value, allowed)


def _body_of(parts: Any) -> TaskBody:
    name, args = parts[0], parts[1]
    kwargs = parts[2] if len(parts) > 2 else NO_KEYWORDS
    if not (isinstance(name, str) and isinstance(args, list) and isinstance(kwargs, dict)):
        raise TypeError("not [name, arguments, keywords, limits]")
    if len(parts) < 4:
        return TaskBody(name, args, kwargs)
    # Limits that only newer versions know are left out: the task runs without them.
    limits = {key: _LIMITS[key](value) for key, value in parts[3].items() if key in _LIMITS}
    return TaskBody(name, args, kwargs, **limits)


def _failure_of(fields: Any) -> Failure:
    # Fields that only newer versions know are left out.
    failure = Failure(**{key: value for key, value in fields.items() if key in Failure.__dataclass_fields__})
    for text in (failure.name, failure.error, failure.traceback, failure.worker, failure.reason):
        _text(text)
    for number in (failure.attempt, failure.failed_ms, failure.due_ms, failure.started_ms):
        _whole(number)
    return failure
