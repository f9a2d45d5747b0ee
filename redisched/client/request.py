"""Requests to enqueue a task. Options and arguments are checked and encoded here, so that sending a request cannot fail
because of what it holds.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from redisched.client.arguments import Bind
from redisched.client.traits import NO_TRAITS, Traits, traits_of
from redisched.codec import digest_of, encode_task, fingerprint_suffix_of
from redisched.config import Durability
from redisched.handler_options import HandlerOptions
from redisched.identity import next_id
from redisched.model import Keep, TaskBody
from redisched.options import IMMEDIATELY, TaskOptions, with_defaults
from redisched.routing.freshness import Freshness
from redisched.store.values import NewTask


def freshness_of(chosen_id: str | None) -> Freshness:
    """The freshness of a task that is sent by the call which makes it; `chosen_id` is None for an id of our own."""
    return Freshness.NEW if chosen_id is None else Freshness.MAYBE_SENT


class FreshnessToken:
    """Tells for one request, once, that it was never sent. A copy of the request in another process does not tell it.

    The first call of `consume` answers UNSENT, if it comes from the process that made the request; all others answer
    MAYBE_SENT.
    """

    __slots__ = ("_process",)

    def __init__(self, process: int) -> None:
        self._process = [process]

    def consume(self) -> Freshness:
        """The freshness of the request for the call that sends it now."""
        try:
            return Freshness.UNSENT if self._process.pop() == os.getpid() else Freshness.MAYBE_SENT
        except IndexError:
            return Freshness.MAYBE_SENT

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FreshnessToken)

    def __hash__(self) -> int:
        return hash(FreshnessToken)

    def __reduce__(self) -> tuple[type[Self], tuple[int]]:
        return type(self), (_NO_PROCESS,)


_NO_PROCESS = 0


class TaskRequest(NamedTuple):
    """A task to enqueue. It has its id already, so sending it again, such as after BrokerUnavailable, adds no second
    task.
    """

    queue: str
    task: NewTask
    durable: Durability
    freshness_token: FreshnessToken

    @property
    def id(self) -> str:
        return self.task.id


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedOptions:
    """The options of a task, resolved from those of the call and those of the handler. Checked once, used for many
    tasks.

    `max_attempts`, `timeout_ms` and `retention_ms` are those of the call, None where the worker shall use the
    handler's. `keep` is None for what most tasks have, Keep.RESULT.
    """

    name: str
    queue: str
    priority: int
    when: str
    fingerprint_suffix: bytes
    payload_limit: int
    durable: Durability
    id: str | None = None
    max_attempts: int | None = None
    timeout_ms: int | None = None
    retention_ms: int | None = None
    keep: Keep | None = None
    traits: Traits = NO_TRAITS
    freshness: Freshness = Freshness.NEW
    """The freshness of a task that is sent by the call which makes it."""

    def request(self, args: Sequence[Any], kwargs: Mapping[str, Any], bind: Bind) -> TaskRequest:
        """A request for a task with these arguments. Raises NotEncodable and PayloadTooLarge.

        Two calls with the same chosen id and the same arguments are the same task, even if one gives an argument by
        position and the other by name.
        """
        body = self._encode(args, kwargs, self.keep)
        covered = body
        if kwargs and self.id is not None:
            by_position, by_name = bind(args, kwargs)
            covered = self._encode(by_position, dict(sorted(by_name.items())))
        elif self.keep is not None:
            # A handler's `keep` may change with a deploy; then a repeated call is still the same task.
            covered = self._encode(args, kwargs)
        record = digest_of(covered, self.fingerprint_suffix) + body
        traits = self.traits.encode(self.name, record) if self.traits is not NO_TRAITS else b""
        task = NewTask(self.id or next_id(), self.priority, self.when, record, traits)
        return TaskRequest(self.queue, task, self.durable, FreshnessToken(_NO_PROCESS if self.id else os.getpid()))

    def _encode(self, args: Sequence[Any], kwargs: Mapping[str, Any], keep: Keep | None = None) -> bytes:
        body = TaskBody(self.name, args, kwargs, self.max_attempts, self.timeout_ms, self.retention_ms, keep)
        return encode_task(body, self.payload_limit)


def resolve_options(name: str, defaults: HandlerOptions, options: TaskOptions, payload_limit: int) -> ResolvedOptions:
    """The options of a call: those it gives itself, and for all others the defaults of the handler."""
    resolved = with_defaults(options, defaults)
    # A plain int: the client library would send a Priority by its name.
    priority = int(resolved.priority)
    when = options.when or IMMEDIATELY
    traits = traits_of(resolved, has_chosen_id=options.id is not None)
    return ResolvedOptions(
        name=name,
        queue=resolved.queue,
        priority=priority,
        when=when,
        fingerprint_suffix=fingerprint_suffix_of(priority, when) + traits.fingerprint_suffix + _asked(options),
        payload_limit=payload_limit,
        durable=resolved.durable,
        traits=traits,
        id=options.id,
        freshness=freshness_of(options.id),
        max_attempts=options.max_attempts,
        timeout_ms=options.timeout_ms,
        retention_ms=options.retention_ms,
        # Whoever cancels the task may not know its handler, so the task itself says what is kept of it.
        keep=None if options.keep is None and resolved.keep is Keep.RESULT else resolved.keep,
    )


def _asked(options: TaskOptions) -> bytes:
    keep = f"|keep{options.keep}" if options.keep else ""
    deadline = f"|deadline{options.deadline}" if options.deadline else ""
    return (keep + deadline).encode()
