"""Requests to enqueue a task. Options and arguments are checked and encoded here, so that sending a request cannot fail
because of what it holds.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from redisched.client.arguments import Signature
from redisched.client.traits import NO_TRAITS, Traits, traits_of
from redisched.client.unique import Unique, UniqueKey, unique_of
from redisched.codec import digest_of, encode_call, fingerprint_suffix_of
from redisched.config import Durability
from redisched.conversion.conversion import encode_arguments
from redisched.handler_options import HandlerOptions
from redisched.identity import next_id
from redisched.model import Keep, OnDuplicate, TaskBody
from redisched.options import IMMEDIATELY, TaskOptions, with_defaults
from redisched.placement import placed_chosen_id, placed_given_id
from redisched.routing.freshness import Freshness
from redisched.store.values import NewTask


def freshness_of(chosen_id: str | None, *, is_unique: bool) -> Freshness:
    """The freshness of a task that is sent by the call which makes it; `chosen_id` is None for an id of our own. More
    than one shard has to be asked whether a task with the same unique key is there.
    """
    return Freshness.NEW if chosen_id is None and not is_unique else Freshness.MAYBE_SENT


class FreshnessToken(list[int]):
    """Tells for one request, once, that it was never sent. A copy of the request in another process does not tell it.

    The first call of `consume` answers UNSENT, if it comes from the process that made the request; all others answer
    MAYBE_SENT. It is a list of that process, as every request has one and an object with a list costs twice as much.
    """

    __slots__ = ()

    def consume(self) -> Freshness:
        """The freshness of the request for the call that sends it now."""
        try:
            return Freshness.UNSENT if self.pop() == os.getpid() else Freshness.MAYBE_SENT
        except IndexError:
            return Freshness.MAYBE_SENT

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FreshnessToken)

    def __hash__(self) -> int:  # type: ignore[override] # other lists have none
        return hash(FreshnessToken)

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:
        return type(self), ()


class TaskRequest(NamedTuple):
    """A task to enqueue. It has its id already, so sending it again, such as after BrokerUnavailable, adds no second
    task.
    """

    queue: str
    """The queue to which the task goes."""
    task: NewTask
    durable: Durability
    freshness_token: FreshnessToken
    rejects: UniqueKey | None = None
    """The unique key of the task, if it is an error that another task holds it."""

    def __repr__(self) -> str:
        # Without the arguments, which the task holds: tools that report errors show local variables.
        return f"TaskRequest(id={self.id!r}, queue={self.queue!r}, priority={self.task.priority})"

    @property
    def id(self) -> str:
        """The id that the task has, or will have."""
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
    unique: Unique | None = None
    freshness: Freshness = Freshness.NEW
    """The freshness of a task that is sent by the call which makes it."""
    limits: dict[str, Any] = field(init=False, repr=False, compare=False)
    """What the body of each task holds of them."""

    def __post_init__(self) -> None:
        # Encoded for every task, so it is put together once.
        own = TaskBody(self.name, (), {}, self.max_attempts, self.timeout_ms, self.retention_ms, self.keep)
        object.__setattr__(self, "limits", own.limits)

    def request(self, args: Sequence[Any], kwargs: Mapping[str, Any], arguments: Signature) -> TaskRequest:
        """A request for a task with these arguments. Raises NotEncodable and PayloadTooLarge.

        Two calls with the same chosen id and the same arguments are the same task, even if one gives an argument by
        position and the other by name.
        """
        conversion = arguments.conversion
        sent_args, sent_kwargs, codec = (
            (args, kwargs, None) if conversion is None else encode_arguments(conversion, args, kwargs)
        )
        limits = self.limits if codec is None else self.limits | {"codec": codec}
        body = covered = encode_call(self.name, sent_args, sent_kwargs, limits, self.payload_limit)
        if self.keep is not None or (sent_kwargs and self.id is not None):
            covered = self._covered_by_digest(sent_args, sent_kwargs, limits, arguments)
        record = digest_of(covered, self.fingerprint_suffix) + body
        traits = b"" if self.traits is NO_TRAITS else self.traits.encode(self.name, record)
        if self.unique is not None:
            # What is given in the form in which it travels has the same key as what it stands for.
            meant = (args, kwargs) if conversion is None else conversion.read_arguments(args, kwargs)
            key = self.unique.key_of(self.name, meant, (sent_args, sent_kwargs), arguments)
            return self._unique_request(self.unique, key, record, traits)
        # Every task needs both, and the constructor of a NamedTuple costs twice as much.
        task = tuple.__new__(NewTask, (self.id or next_id(), self.priority, self.when, record, traits))
        token = FreshnessToken(() if self.id else (os.getpid(),))
        return tuple.__new__(TaskRequest, (self.queue, task, self.durable, token, None))

    def _unique_request(self, unique: Unique, key: UniqueKey, record: bytes, traits: bytes) -> TaskRequest:
        if self.id is None:
            task_id = placed_given_id(next_id(), key.placement)
        else:
            task_id = placed_chosen_id(self.id, key.placement)
        task = NewTask(task_id, self.priority, self.when, record, unique.encode(key, self.name) + traits)
        rejects = key if unique.on_duplicate is OnDuplicate.REJECT else None
        return TaskRequest(self.queue, task, self.durable, FreshnessToken(), rejects)

    def _covered_by_digest(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], limits: Mapping[str, Any], arguments: Signature
    ) -> bytes:
        if kwargs and self.id is not None:
            args, by_name = arguments.bind(args, kwargs)
            kwargs = dict(sorted(by_name.items()))
        # A handler's `keep` may change with a deploy; then a repeated call is still the same task.
        without_keep = {name: value for name, value in limits.items() if name != "keep"}
        return encode_call(self.name, args, kwargs, without_keep, self.payload_limit)


def resolve_options(name: str, defaults: HandlerOptions, options: TaskOptions, payload_limit: int) -> ResolvedOptions:
    """The options of a call: those it gives itself, and for all others the defaults of the handler."""
    resolved = with_defaults(options, defaults)
    # A plain int: the client library would send a Priority by its name.
    priority = int(resolved.priority)
    when = options.when or IMMEDIATELY
    traits = traits_of(resolved, has_chosen_id=options.id is not None)
    unique = unique_of(options, resolved, has_chosen_id=options.id is not None)
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
        unique=unique,
        freshness=freshness_of(options.id, is_unique=unique is not None),
        max_attempts=options.max_attempts,
        timeout_ms=options.timeout_ms,
        retention_ms=options.retention_ms,
        # Whoever cancels the task may not know its handler, so the task itself says what is kept of it.
        keep=None if options.keep is None and resolved.keep is Keep.RESULT else resolved.keep,
    )


def _asked(options: TaskOptions) -> bytes:
    """What else the digest of a task covers of the options that the call itself gives."""
    asked = f"|keep{options.keep}" if options.keep else ""
    asked += f"|deadline{options.deadline}" if options.deadline else ""
    if options.unique_for or options.on_duplicate:
        asked += f"|unique{options.unique_for}{options.on_duplicate}{options.debounce_max_ms}"
    return asked.encode()
